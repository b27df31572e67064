"""A sweep gone on with after its end: more trials, wider ranges, nothing twice, and no other question."""

import pytest
from optuna.trial import TrialState

from analysis.errors import RecordsError
from analysis.records.sweep import SEARCH
from trainers.errors import SpecError
from tuneful.sweep.folder import adopt
from tuneful.sweep.remaining import missing_trials, wanted_trials
from tuneful.sweep.searchers.extension import extended

NARROW = "{optimizer.lr: {loguniform: [2.0e-3, 5.0e-3]}, targets.mode: {choice: [soft, hard]}}"
WIDE = "{optimizer.lr: {loguniform: [1.0e-4, 5.0e-2]}, targets.mode: {choice: [soft, hard]}}"
GRID = "{loss.name: {choice: [bce, ce]}, optimizer.lr: {quniform: [0.001, 0.003, 0.001]}}"
WIDER_GRID = "{loss.name: {choice: [focal, bce, ce]}, optimizer.lr: {quniform: [0.001, 0.004, 0.001]}}"


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "nsga2"])
def test_a_finished_sweep_goes_on_in_wider_ranges_and_repeats_nothing(tiny, drive, folder, sampler):
    algorithm = f"{{sampler: {sampler}, population: 4, seed: 3}}"
    before = drive(tiny(search=NARROW, search_algorithm=algorithm), folder).run(14)
    search = drive(tiny(search=WIDE, search_algorithm=algorithm), folder)
    after = search.run(10)
    assert [plan.number for plan in after] == list(range(14, 24))
    seen = [tuple(plan.params.items()) for plan in before + after]
    assert len(set(seen)) == 24
    rates = [plan.settings["optimizer.lr"] for plan in after]
    assert any(not 2e-3 <= rate <= 5e-3 for rate in rates), "the wider range is used"
    states = {trial.number: trial.state for trial in search.searcher.study.trials}
    assert states[0] == TrialState.COMPLETE, "what was found in the narrow range is learnt from"


def test_a_finished_grid_goes_on_with_what_is_new_in_a_wider_one(tiny, drive, folder):
    algorithm = "{sampler: grid, seed: 3}"
    before = drive(tiny(search=GRID, search_algorithm=algorithm), folder).run()
    after = drive(tiny(search=WIDER_GRID, search_algorithm=algorithm), folder).run()
    assert (len(before), len(after)) == (6, 6)
    assert len({tuple(plan.settings.items()) for plan in before + after}) == 12


def test_a_trial_outside_the_space_keeps_its_number_and_says_nothing(tiny, drive, folder):
    wide = drive(tiny(search=WIDE), folder).run(12)
    search = drive(tiny(search=NARROW), folder)
    (new,) = search.run(1)
    assert new.number == 12
    for plan in wide:
        inside = 2e-3 <= plan.settings["optimizer.lr"] <= 5e-3
        assert (search.searcher.trials.frozen(plan.number).params == plan.params) == inside
        if not inside:
            assert search.searcher.trials.frozen(plan.number).state == TrialState.FAIL


# ---- how many


def test_extending_counts_from_what_is_on_record(tiny, drive, folder):
    sweep, results = tiny(trials="6"), folder.path.parent.parent
    with pytest.raises(SpecError, match="no trial of tiny is on record"):
        extended(sweep, results, 5)
    drive(sweep, folder).run(4)
    assert extended(sweep, results, 5).definition.trials == 9
    assert missing_trials(extended(sweep, results, 5), folder) == 5
    assert extended(sweep, results, 5).resolved()["trials"] == 9


def test_a_finite_space_is_extended_as_far_as_it_goes(tiny, drive, folder):
    sweep = tiny(search=GRID, search_algorithm="{sampler: grid}")
    drive(sweep, folder).run(4)
    results = folder.path.parent.parent
    assert extended(sweep, results, 2).definition.trials == 6
    with pytest.raises(SpecError, match=r"4 of the 6 configurations of tiny are on record\. Try: --extend 2, or wider"):
        extended(sweep, results, 3)


def test_fewer_trials_than_on_record_leave_nothing_to_do(tiny, drive, folder):
    drive(tiny(trials="6"), folder).run(6)
    assert missing_trials(tiny(trials="2"), folder) == 0
    before = folder.trials(SEARCH)
    adopt(folder, tiny(trials="2").resolved())
    assert folder.trials(SEARCH) == before


def test_a_space_of_fewer_configurations_than_trials_ends_when_all_are_tried(tiny, drive, folder):
    sweep = tiny(search=GRID, trials="20")
    assert wanted_trials(sweep) == 6
    drive(sweep, folder).run(20)
    assert missing_trials(sweep, folder) == 0


def test_a_search_that_has_stalled_has_nothing_left(tiny, drive, folder):
    sweep = tiny(stall="{trials: 2, gain: 10.0}", trials="20", search=NARROW)
    drive(sweep, folder).run(3)
    assert missing_trials(sweep, folder) == 0
    assert missing_trials(tiny(trials="20", search=NARROW), folder) == 17


# ---- the same question


@pytest.mark.parametrize("extending", [False, True])
def test_wider_ranges_are_taken_when_they_are_asked_for(tiny, folder, extending):
    adopt(folder, tiny(search=NARROW).resolved())
    if extending:
        adopt(folder, tiny(search=WIDE).resolved(), extending=True)
        adopt(folder, tiny(search=WIDE).resolved())
        return
    with pytest.raises(RecordsError, match=r"narrower ranges\. Try: --extend"):
        adopt(folder, tiny(search=WIDE).resolved())
    assert folder.definition() == tiny(search=NARROW).resolved()


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("{optimizer.lr: {loguniform: [2.0e-3, 4.0e-3]}, targets.mode: {choice: [soft, hard]}}", r"optimizer\.lr was"),
        ("{optimizer.lr: {uniform: [1.0e-3, 6.0e-3]}, targets.mode: {choice: [soft, hard]}}", r"optimizer\.lr was"),
        ("{optimizer.lr: {loguniform: [2.0e-3, 5.0e-3]}, targets.mode: {choice: [soft]}}", "targets.mode was"),
        ("{optimizer.lr: {loguniform: [2.0e-3, 5.0e-3]}}", "targets.mode was searched, and is not any more"),
        (WIDE.replace("}}", "}, loss.name: {choice: [bce, ce]}}"), "loss.name was not searched before"),
    ],
)
def test_other_changes_of_the_search_are_refused_also_when_extending(tiny, folder, search, says):
    adopt(folder, tiny(search=NARROW).resolved())
    with pytest.raises(RecordsError, match=says):
        adopt(folder, tiny(search=search).resolved(), extending=True)


def test_conditions_may_hold_for_more_but_not_for_less(tiny, folder):
    def search(values):
        return f"{{loss.name: {{choice: [bce, focal, focal_bce]}}, loss.gamma: {{uniform: [1, 2], when: {values}}}}}"

    few, more = search("{loss.name: focal}"), search("{loss.name: [focal, focal_bce]}")
    adopt(folder, tiny(search=few).resolved())
    adopt(folder, tiny(search=more).resolved(), extending=True)
    with pytest.raises(RecordsError, match=r"loss\.gamma was"):
        adopt(folder, tiny(search=few).resolved(), extending=True)


def test_another_question_is_refused_and_budgets_are_none(tiny, folder):
    adopt(folder, tiny().resolved())
    with pytest.raises(RecordsError, match=r"\(objective differ\)"):
        adopt(folder, tiny(objective="{metric: val/map}").resolved(), extending=True)
    adopt(folder, tiny(reuse="false", max_hours="1", stall="{trials: 2}", trials="3").resolved())


def test_a_sweep_of_an_older_version_is_the_same_with_defaults(tiny, folder):
    """`sweep.yaml` before samplers had a population, and before there were points, reuse and budgets."""
    new = tiny().resolved()
    added = ("derive", "published", "early_stop", "max_gpu_hours", "stall", "reuse", "warm_start", "tracking")
    old = {name: value for name, value in new.items() if name not in added}
    old["search_algorithm"] = {name: new["search_algorithm"][name] for name in ("name", "sampler", "seed")}
    folder.write_definition(old)
    adopt(folder, new)
    assert folder.definition() == new
    folder.write_definition(old)
    with pytest.raises(RecordsError, match="published differ"):
        adopt(folder, tiny(published="[{optimizer.lr: 0.01}]").resolved())


def test_a_warm_start_is_said_once(tiny, folder):
    """The command that goes on needs no --warm-start: what was found then is kept."""
    adopt(folder, tiny(warm_start="[first]").resolved())
    adopt(folder, tiny().resolved())
    assert folder.definition()["warm_start"] == ["first"]
    with pytest.raises(RecordsError, match="warm_start differ"):
        adopt(folder, tiny(warm_start="[second]").resolved())
