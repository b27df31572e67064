"""What a sweep takes from earlier ones: its own kind of trial only, in front of its own, and the same for ever."""

import io
import shutil

import pytest
from optuna.trial import TrialState
from rich.console import Console

from analysis.errors import RecordsError
from analysis.records.sweep import SEARCH, SweepFolder, TrialEnd
from trainers.errors import SpecError
from tuneful.sweep.ground import FILE as GROUND
from tuneful.sweep.ground import Ground, keep_ground
from tuneful.sweep.plans import Planner
from tuneful.sweep.searchers.possible import check_warm_start
from tuneful.sweep.searchers.warm_start import FILE, learnt

START = "[first]"
SEARCH_LR = "{optimizer.lr: {loguniform: [1.0e-3, 2.0e-2]}, targets.mode: {choice: [soft, hard]}}"


@pytest.fixture
def first(folder):
    """The folder of the earlier sweep."""
    return SweepFolder(folder.path.with_name("first"))


@pytest.fixture
def earlier(tiny, drive, first):
    """Runs an earlier sweep of seven trials, with blocks of its file replaced."""

    def run(**changes):
        sweep = tiny(**changes)
        first.write_definition(sweep.resolved())
        return drive(sweep, first).run(7)

    return run


@pytest.fixture
def learn(tiny, folder):
    """What a sweep with these changes learns, and what it says."""

    def of(digest="digest", **changes):
        said = io.StringIO()
        planner = Planner(tiny(**{"warm_start": START, **changes}), digest, "fp32")
        past = learnt(planner, folder, Console(file=said, width=400))
        return past, said.getvalue().strip()

    return of


def test_steps_that_an_earlier_version_drew_with_further_digits_are_steps(tiny, learn, first):
    search = "{model.dropout: {quniform: [0.1, 0.7, 0.1]}}"
    sweep = tiny(search=search)
    first.write_definition(sweep.resolved())
    plan = Planner(sweep, "digest", "fp32").search_trial(0, {"model.dropout": 0.1 + 2 * 0.1})
    assert plan.settings == {"model.dropout": 0.30000000000000004}
    first.ask(plan)
    first.end(plan, TrialEnd("complete", ((1, 0.4),)))
    past, _ = learn(search=search)
    assert [params for params, _ in past] == [{"model.dropout": 0.3}]


def test_finished_trials_of_the_same_question_are_all_taken(earlier, learn, first):
    plans = earlier(search=SEARCH_LR)
    past, said = learn(search=SEARCH_LR)
    assert said == "Warm start from first: 6 of 7 trials (1 left out: failed)"
    ends = [end for _, end in first.trials(SEARCH)]
    assert [end for _, end in past] == [end for end in ends if end.state != "failed"]
    assert [params for params, _ in past] == [plan.params for plan in plans if plan.number != 3]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"objective": "{metric: val/map}"}, "another objective"),
        ({"objective": "{metric: val/macro_auc, epoch: best}"}, "another objective"),
        ({"objective": "[{metric: val/macro_auc}, {metric: eval_seconds}]"}, "another objective"),
        ({"folds": "[1]"}, "other folds or repeats"),
        ({"repeats": "2"}, "other folds or repeats"),
        ({"digest": "other"}, "other data of that name, another number of workers or another precision"),
        ({"resources": "{workers: 2}"}, "other data of that name, another number of workers or another precision"),
        ({"search": "{loss.name: {choice: [ce]}, optimizer.lr: {uniform: [1e-3, 1e-1]}}"}, "loss.name outside ce"),
    ],
)
def test_trials_of_another_question_are_left_out_and_it_is_said_why(earlier, learn, changes, why):
    earlier(search=SEARCH_LR)
    past, said = learn(**{"search": SEARCH_LR, **changes})
    assert past == []
    assert f"0 of 7 trials ({7 if why == 'another objective' else 6} left out: {why}" in said


def test_times_of_another_machine_are_left_out_and_it_is_said_why(earlier, learn, first, folder):
    timed = {"search": SEARCH_LR, "objective": "[{metric: val/macro_auc}, {metric: eval_seconds}]"}
    earlier(**timed)
    keep_ground(first, Ground("digest", "fp32", "8 CPUs of X"), auto=True)
    keep_ground(folder, Ground("digest", "fp32", "1 CPU of X"), auto=True)
    past, said = learn(**timed)
    assert (past, "left out: times of another machine or other resources" in said) == ([], True)
    (folder.path / FILE).unlink()
    (folder.path / GROUND).unlink()
    keep_ground(folder, Ground("digest", "fp32", "8 CPUs of X"), auto=True)
    assert len(learn(**timed)[0]) == 6


def test_other_epochs_are_another_protocol(earlier, learn):
    earlier(search=SEARCH_LR)
    settings = "{data: {name: tones, sample_rate: 8000, split: {n_folds: 2}}, segments.duration_s: 0.5, "
    settings += (
        "front_end: {n_fft: 256, hop_length: 128, n_mels: 32, f_min: 50.0}, training: {epochs: 4, batch_size: 8}}"
    )
    past, said = learn(search=SEARCH_LR, set=settings)
    assert past == []
    assert "6 left out: training.epochs differs" in said


def test_where_spaces_overlap_the_trials_within_both_are_taken(earlier, learn):
    """The earlier sweep searched the targets, this one has the recipe's; and a narrower range of learning rates."""
    plans = earlier(search=SEARCH_LR)
    past, said = learn(search="{optimizer.lr: {loguniform: [3.0e-3, 1.0e-2]}}")
    inside = [
        plan.settings["optimizer.lr"]
        for plan in plans
        if plan.number != 3
        and 3e-3 <= plan.settings["optimizer.lr"] <= 1e-2
        and plan.settings["targets.mode"] == "soft"
    ]
    assert [params["optimizer.lr"] for params, _ in past] == inside
    assert inside, "the test needs a trial that fits"
    assert "optimizer.lr outside 0.003 to 0.01, log" in said


def test_what_was_fixed_earlier_is_a_value_of_what_is_searched_now(earlier, learn):
    earlier(search="{optimizer.lr: {loguniform: [1.0e-3, 2.0e-2]}}")
    past, _ = learn(search=SEARCH_LR)
    assert len(past) == 6
    assert all(set(params) == {"optimizer.lr", "targets.mode"} for params, _ in past)


def test_what_was_taken_stays_when_the_other_sweep_goes_on_or_is_removed(earlier, learn, first, folder):
    earlier(search=SEARCH_LR)
    past, _ = learn(search=SEARCH_LR)
    shutil.rmtree(first.path)
    again, said = learn(search=SEARCH_LR)
    assert (again, said) == (past, "")
    assert learn(search=SEARCH_LR, warm_start="[]") == (past, ""), "also where it is not asked for again"
    (folder.path / FILE).write_text("{}")
    with pytest.raises(RecordsError, match="damaged"):
        learn(search=SEARCH_LR)


def test_own_trials_keep_their_numbers_behind_what_was_learnt(earlier, learn, tiny, drive, folder):
    earlier(search=SEARCH_LR)
    past, _ = learn(search=SEARCH_LR)
    sweep = tiny(search=SEARCH_LR)
    one = drive(sweep, folder, past)
    plans = one.run(4)
    assert [plan.number for plan in plans] == [0, 1, 2, 3]
    again = drive(sweep, folder, past)
    assert [plan.number for plan in again.run(3)] == [4, 5, 6]
    for search in (one.searcher, again.searcher):
        assert [trial.params for trial in search.study.trials[: len(past)]] == [params for params, _ in past]
        assert search.trials.frozen(2).params == plans[2].params
    assert past[0][1].state == "complete"
    assert one.searcher.study.trials[0].state == TrialState.COMPLETE


def test_the_search_learns_from_it(tiny, drive, folder, earlier, learn, tmp_path):
    """Ten trials of another sweep are enough for TPE to leave the way of a search that starts from nothing."""
    earlier(search=SEARCH_LR)
    past, _ = learn(search=SEARCH_LR)
    cold = drive(tiny(search=SEARCH_LR), SweepFolder(tmp_path / "cold")).run(6)
    warm = drive(tiny(search=SEARCH_LR), SweepFolder(tmp_path / "warm"), past * 2).run(6)
    assert [plan.params for plan in cold] != [plan.params for plan in warm]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_of_the_same_seed_does_not_go_the_same_way_again(tiny, drive, folder, earlier, learn, sampler):
    algorithm = f"{{sampler: {sampler}, seed: 1}}"
    earlier(search=SEARCH_LR, search_algorithm=algorithm)
    past, _ = learn(search=SEARCH_LR, search_algorithm=algorithm)
    plans = drive(tiny(search=SEARCH_LR, search_algorithm=algorithm), folder, past).run(8)
    known = [params for params, _ in past]
    assert [plan.params for plan in plans if plan.params in known] == []


def test_a_grid_is_gone_through_whatever_was_learnt(tiny, drive, folder, earlier, learn):
    search = "{targets.mode: {choice: [soft, hard]}, loss.name: {choice: [bce, ce]}}"
    earlier(search=search, trials="4")
    past, _ = learn(search=search, trials="4")
    assert len(drive(tiny(search=search, search_algorithm="{sampler: grid}", trials="4"), folder, past).run()) == 4
    assert len(drive(tiny(search=search, trials="4"), type(folder)(folder.path.with_name("b")), past).run()) == 4


# ---- refused before anything is written


@pytest.mark.parametrize(("name", "says"), [("frist", "Did you mean first?"), ("tiny", "itself")])
def test_a_sweep_that_is_not_there_is_refused(tiny, earlier, folder, name, says):
    earlier(search=SEARCH_LR)
    results = folder.path.parent.parent
    with pytest.raises(SpecError, match=says.replace("?", r"\?")):
        check_warm_start(tiny(warm_start=f"[{name}]"), results)
    check_warm_start(tiny(warm_start=START), results)
    folder.path.mkdir()
    (folder.path / FILE).touch()
    check_warm_start(tiny(warm_start="[gone]"), results)
