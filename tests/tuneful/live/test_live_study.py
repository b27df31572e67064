"""A sweep's trials as an Optuna study in a file: every trial by what it was, and pages that only this machine reads."""

import math

import optuna
import pytest

from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from trainers.errors import SpecError
from tuneful.live.optuna_page import guarded, serve
from tuneful.live.study import StudyFile
from tuneful.space.sweep import load_sweep

BCE = {"loss.name": "bce", "targets.mode": "soft", "optimizer.lr": 0.01}
FOCAL = {**BCE, "loss.name": "focal", "loss.gamma": 1.5}
ENDS = {
    0: ("complete", ((1, 0.4), (2, 0.5)), FOCAL),
    1: ("pruned", ((1, 0.3),), BCE),
    2: ("diverged", ((1, 0.2), (2, math.nan)), BCE),
    3: ("failed", (), BCE),
    4: ("complete", ((2, 0.6),), {**FOCAL, "loss.gamma": 99.0}),
}


@pytest.fixture
def folder(tmp_path, sweep_file):
    folder = SweepFolder(tmp_path / "sweeps" / "loss")
    folder.write_definition({**load_sweep(sweep_file()).resolved(), "name": "loss"})
    return folder


def end(folder, number):
    state, scores, params = ENDS[number]
    run = RunPlan(f"k{number}", {}, 0, 0, 0, "stratified")
    plan = TrialPlan(SEARCH, number, params, params, (run,))
    folder.ask(plan)
    folder.end(plan, TrialEnd(state, scores))


def load(study):
    backend = optuna.storages.journal.JournalFileBackend(str(study.path))
    return optuna.load_study(study_name="loss", storage=optuna.storages.JournalStorage(backend))


def test_every_trial_is_there_as_what_it_was(folder, tmp_path):
    for number in ENDS:
        end(folder, number)
    study = StudyFile(folder, tmp_path)
    assert study.update() == 5
    trials = load(study).trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", "PRUNED", "PRUNED", "FAIL", "FAIL"]
    assert trials[0].params == FOCAL
    assert trials[0].intermediate_values == {1: 0.4, 2: 0.5}
    assert load(study).best_value == 0.5
    assert trials[4].user_attrs["settings"]["loss.gamma"] == 99.0, (
        "outside the space as it is now, and kept all the same"
    )


def test_what_ends_out_of_order_is_there_at_once_and_the_gap_is_running_until_it_ends(folder, tmp_path):
    """As after Ctrl-C with two slots: a trial is interrupted, later ones have ended."""
    end(folder, 0)
    study = StudyFile(folder, tmp_path)
    assert study.update() == 1
    end(folder, 3)
    end(folder, 4)
    assert study.update() == 2
    assert [trial.state.name for trial in load(study).trials] == ["COMPLETE", "RUNNING", "RUNNING", "FAIL", "FAIL"]
    assert study.update() == 0
    end(folder, 2)
    end(folder, 1)
    assert study.update() == 2
    filled, in_order = load(study).trials, StudyFile(folder, tmp_path / "again")
    in_order.update()
    for one, other in zip(filled, load(in_order).trials, strict=True):
        assert (one.number, one.state, one.params, one.values) == (
            other.number,
            other.state,
            other.params,
            other.values,
        )
        assert one.user_attrs == other.user_attrs
        assert repr(one.intermediate_values) == repr(other.intermediate_values), "NaN equals nothing"


def test_it_is_made_anew_each_time(folder, tmp_path):
    end(folder, 0)
    for _ in range(2):
        study = StudyFile(folder, tmp_path)
        study.update()
    assert len(load(study).trials) == 1


def test_without_the_package_its_name_and_how_to_get_it_are_said(folder, tmp_path):
    with pytest.raises(SpecError, match=r"not installed. Try: pip install 'tuneful\[dashboard\]'"):
        serve(StudyFile(folder, tmp_path), 0, lambda _: None)


@pytest.mark.parametrize(
    ("host", "method", "allowed"),
    [
        ("127.0.0.1:8080", "GET", True),
        ("localhost:8080", "HEAD", True),
        ("evil.example:8080", "GET", False),
        ("", "GET", False),
        ("127.0.0.1:8080", "DELETE", False),
        ("127.0.0.1:8080", "POST", False),
    ],
)
def test_the_page_is_read_only_and_for_this_machine(host, method, allowed):
    said = []
    app = guarded(lambda *_: [b"page"])
    body = app({"HTTP_HOST": host, "REQUEST_METHOD": method}, lambda status, _: said.append(status))
    assert (list(body) == [b"page"]) == allowed
    assert (said == []) == allowed
