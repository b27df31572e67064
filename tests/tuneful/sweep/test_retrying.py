"""Trials that failed can be run again, and a sweep whose trials all fail ends early."""

import re

import pytest

from analysis.errors import RecordsError
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd
from tuneful.sweep.outcome import settle
from tuneful.sweep.populations.generations import Generation, write_generation
from tuneful.sweep.retrying import failed_trials, retry_failed
from tuneful.sweep.schedulers.failures import MOST, FailuresInARow


def end_of(state, by_settings=False):
    return TrialEnd(state, ((1, 0.5),), "why" if state == "failed" else None, by_settings=by_settings)


@pytest.fixture
def ended(folder, plan_of):
    """A sweep with one trial of every end, and a failed run of its confirm stage."""
    for number, state in enumerate(["complete", "failed", "diverged", "pruned", "failed"]):
        folder.ask(plan_of(number))
        folder.end(plan_of(number), end_of(state))
    confirm = plan_of(0, stage=CONFIRM, candidate=0)
    folder.ask(confirm)
    folder.end(confirm, end_of("failed"))
    return folder


def test_what_failed_is_as_if_it_had_been_interrupted_and_the_rest_is_as_it_was(ended):
    before = dict(enumerate(end for _, end in ended.trials(SEARCH)))
    assert [plan.name for plan in failed_trials(ended)] == ["search-0001", "search-0004", "confirm-0000"]
    assert retry_failed(ended) == 3
    after = {plan.number: end for plan, end in ended.trials(SEARCH)}
    assert after == {**before, 1: None, 4: None}
    assert [end for _, end in ended.trials(CONFIRM)] == [None]
    assert failed_trials(ended) == []
    assert retry_failed(ended) == 0


def test_a_failed_run_goes_on_from_its_newest_checkpoint_though_tables_were_written(folder, plan_of, tiny, tmp_path):
    folder.write_definition(tiny().resolved())
    ledger = folder.ledger("search0")
    ledger.begin({"key": "search0", "spec": {}}, 0)
    for epoch in range(1, 9):
        record = {"epoch": epoch, "state": "running", "metrics": {"val/macro_auc": 0.5}, "protocol": "p"}
        save = lambda path, epoch=epoch: (path / "w").write_text(str(epoch))  # noqa: E731
        ledger.publish({**record, "kept_epoch": min(epoch, 2)}, save)
    folder.ask(plan_of(0))
    folder.end(plan_of(0), end_of("failed"))
    settle(folder, tmp_path)
    retry_failed(folder)
    assert ledger.newest_checkpoint()[0] == 8


def test_a_population_that_went_on_without_them_is_not_joined_again(ended):
    write_generation(ended, Generation(2, {0: {1: 0.5, 2: 0.6}}, ()))
    said = "went on without the 3 trials that failed.*Try: it without --retry-failed, or --name tiny-2"
    with pytest.raises(RecordsError, match=said):
        retry_failed(ended)
    assert len(failed_trials(ended)) == 3, "nothing is changed"


@pytest.mark.parametrize(
    ("ends", "over"),
    [
        (["failed"] * (MOST - 1), False),
        (["failed"] * MOST, True),
        (["failed"] * (MOST - 1) + ["pruned", "failed"], False),
        (["failed"] * (MOST - 1) + ["diverged", "failed"], False),
        (["failed"] * 2 + ["its settings"] * 9 + ["failed"] * (MOST - 3), False),
        (["failed"] * 2 + ["its settings"] * 9 + ["failed"] * (MOST - 2), True),
    ],
)
def test_a_sweep_ends_when_so_many_trials_in_a_row_failed_for_no_mistake_in_their_settings(ends, over, plan_of):
    budget = FailuresInARow()
    for number, state in enumerate(ends):
        assert budget() is None
        budget.started(plan_of(number))
        budget.ended(plan_of(number), end_of("failed", True) if state == "its settings" else end_of(state))
        budget.epoch(plan_of(number), {})
    assert budget() == (f"{MOST} trials in a row have failed" if over else None)


def test_a_sweep_with_failed_trials_says_how_they_are_run_again_and_does(
    platform, sweep_file, plan_of, tmp_path, monkeypatch
):
    from tuneful.sweep import driver

    monkeypatch.setattr("tuneful.cli.report.write_report", lambda *_: "page")  # nothing of its runs is there
    runs = []

    def run_stages(_sweep, _catalogue, folder, options, _mirror):
        driver._reopen_failed(folder, options)
        runs.append(ends_of(folder))
        return 0

    monkeypatch.setattr(driver, "_run_stages", run_stages)
    folder, file = SweepFolder(tmp_path / "results" / "sweeps" / "tiny"), str(sweep_file())
    for number, state in enumerate(["complete", "failed"]):
        folder.ask(plan_of(number))
        folder.end(plan_of(number), end_of(state))
    first = platform("sweep", file, "--no-dashboard")
    assert first.returncode == 1
    command = re.search(r"1 failed\. Try: platform logs tiny:search-0001\. To run them again: (.*)", first.stdout)[1]
    again = platform(*command.split()[1:])
    assert "Failed trials that run again: 1" in again.stdout
    assert runs == [["complete", "failed"], ["complete", None]]
    assert folder.command == f"platform sweep {file} --no-dashboard", "to go on is not to retry what fails then"


def ends_of(folder):
    return [end and end.state for _, end in folder.trials(SEARCH)]
