"""A sweep gone on with after its end: more trials, wider ranges, nothing twice, and no other question."""

import shutil

import pytest
from optuna.trial import TrialState

from analysis.errors import RecordsError
from analysis.records.sweep import SEARCH
from trainers.errors import SpecError
from tuneful.space.sample import to_settings
from tuneful.sweep.folder import adopt
from tuneful.sweep.remaining import missing_trials, wanted_trials
from tuneful.sweep.searchers.extension import extended
from tuneful.sweep.searchers.first_points import FILE, keep_added, points_by_number

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
def test_wider_ranges_are_taken_when_they_are_asked_for(tiny, folder, plan_of, extending):
    adopt(folder, tiny(search=NARROW).resolved())
    folder.ask(plan_of(0))
    if extending:
        adopt(folder, tiny(search=WIDE).resolved(), extending=True)
        adopt(folder, tiny(search=WIDE).resolved())
        return
    with pytest.raises(RecordsError, match=r"narrower ranges\. Try: --extend"):
        adopt(folder, tiny(search=WIDE).resolved())
    assert folder.definition() == tiny(search=NARROW).resolved()


def test_before_its_first_trial_a_sweep_takes_wider_ranges_and_points_as_they_are(tiny, folder):
    """--extend counts from trials on record, so that there would be no way to go on."""
    adopt(folder, tiny(search=NARROW).resolved())
    adopt(folder, tiny(search=WIDE, published="[{optimizer.lr: 0.01}]").resolved())
    assert points_by_number(folder, [{"optimizer.lr": 0.01}]) == {0: {"optimizer.lr": 0.01}}


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


GAMMA = "{choice: [1.0, 3.0], when: {loss.name: focal}}"
"""The settings of a choice"""


def losses(choices, **further):
    """A search of losses, with further parameters by name."""
    lines = "".join(f", loss.{name}: {entries}" for name, entries in further.items())
    return f"{{loss.name: {{choice: [{choices}]}}, targets.mode: {{choice: [soft, hard]}}{lines}}}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (losses("bce, ce"), losses("bce, ce, focal", gamma=GAMMA)),
        (
            losses("bce, focal", gamma=GAMMA),
            losses("focal_bce, bce, focal", gamma=f"[{{choice: [9.0, 1.0], when: {{loss.name: focal_bce}}}}, {GAMMA}]"),
        ),
        (
            losses("bce"),
            losses(
                "bce, focal, focal_bce",
                gamma=GAMMA.replace("focal}", "[focal, focal_bce]}"),
                bce_weight="{uniform: [0, 1], when: {loss.gamma: 3.0, loss.name: focal_bce}}",
            ),
        ),
    ],
)
def test_a_new_choice_brings_its_settings_and_what_was_found_is_still_known(tiny, drive, folder, old, new):
    adopt(folder, tiny(search=old).resolved())
    before = drive(tiny(search=old), folder).run(2)
    wider = tiny(search=new)
    adopt(folder, wider.resolved(), extending=True)
    search = drive(wider, folder)
    known = [search.searcher.trials.frozen(plan.number) for plan in before]
    assert [trial.state for trial in known] == [TrialState.COMPLETE] * 2
    assert [to_settings(trial.params) for trial in known] == [plan.settings for plan in before]
    everything = before + search.run(10)
    assert len({str(sorted(plan.settings.items())) for plan in everything}) == len(everything)


@pytest.mark.parametrize("when", ["", ", when: {loss.name: [focal_bce, focal]}", ", when: {targets.mode: soft}"])
def test_settings_that_trials_on_record_would_have_are_no_extension(tiny, folder, when):
    adopt(folder, tiny(search=losses("bce, focal", gamma=GAMMA)).resolved())
    more = losses("bce, focal, focal_bce", gamma=GAMMA)[:-1] + f", model.dropout: {{uniform: [0, 0.5]{when}}}}}"
    with pytest.raises(
        RecordsError, match=r"model\.dropout was not searched before, and trials on record would have it"
    ):
        adopt(folder, tiny(search=more).resolved(), extending=True)


def test_an_entry_for_what_was_searched_without_it_is_no_extension(tiny, folder):
    adopt(folder, tiny(search=losses("bce, focal, focal_bce", gamma=GAMMA)).resolved())
    gamma = f"[{GAMMA}, {{choice: [2.0], when: {{loss.name: focal_bce}}}}]"
    with pytest.raises(RecordsError, match=r"loss\.gamma has other entries"):
        adopt(folder, tiny(search=losses("bce, focal, focal_bce", gamma=gamma)).resolved(), extending=True)


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


def test_a_sweep_of_an_older_version_is_the_same_with_defaults(tiny, folder, plan_of):
    """`sweep.yaml` before samplers had a population, and before there were points, reuse and budgets."""
    new = tiny().resolved()
    added = ("derive", "published", "early_stop", "max_gpu_hours", "stall", "reuse", "warm_start", "tracking")
    old = {name: value for name, value in new.items() if name not in added}
    old["search_algorithm"] = {name: new["search_algorithm"][name] for name in ("name", "sampler", "seed")}
    folder.write_definition(old)
    adopt(folder, new)
    assert folder.definition() == new
    folder.write_definition(old)
    folder.ask(plan_of(0))
    with pytest.raises(RecordsError, match="fewer published points"):
        adopt(folder, tiny(published="[{optimizer.lr: 0.01}]").resolved())


def test_a_warm_start_is_said_once(tiny, folder):
    """The command that goes on needs no --warm-start: what was found then is kept."""
    adopt(folder, tiny(warm_start="[first]").resolved())
    adopt(folder, tiny().resolved())
    assert folder.definition()["warm_start"] == ["first"]
    with pytest.raises(RecordsError, match="warm_start differ"):
        adopt(folder, tiny(warm_start="[second]").resolved())


# ---- further points

FIRST = [{"optimizer.lr": 0.002, "targets.mode": "hard"}]
FURTHER = [{"optimizer.lr": 0.003, "targets.mode": "soft"}, {"targets.mode": "hard"}]


@pytest.fixture
def go_on(tiny, drive, folder):
    """Goes on with a sweep of these points up to a number of trials, as a start of the command does."""

    def run(points, trials, extending=False):
        sweep = tiny(search=NARROW, published=str(points), trials="30")
        adopt(folder, sweep.resolved(), extending)
        return drive(sweep, folder).run(trials)

    return run


def settings(plans):
    return [plan.settings for plan in plans]


def test_points_added_to_a_sweep_that_has_begun_are_the_first_of_its_new_trials(go_on):
    before = go_on(FIRST, 4)
    after = go_on([FURTHER[0], *FIRST, FURTHER[1]], 4, extending=True)
    assert before[0].settings == FIRST[0]
    assert [plan.number for plan in after] == [4, 5, 6, 7]
    assert after[0].settings == FURTHER[0]
    assert after[1].settings["targets.mode"] == "hard"
    assert go_on(FIRST + FURTHER, 0, extending=True) == []


def test_an_extension_that_was_killed_goes_on_to_the_same_trials(go_on, folder, tmp_path):
    go_on(FIRST, 4)
    shutil.copytree(folder.path, tmp_path / "before")
    whole = go_on(FIRST + FURTHER, 6, extending=True)
    for parts in ((1, 1, 4), (0, 3, 3), (2, 4)):
        shutil.rmtree(folder.path)
        shutil.copytree(tmp_path / "before", folder.path)
        found = [go_on(FIRST + FURTHER, most, extending=n == 0) for n, most in enumerate(parts)]
        assert [plan.params for part in found for plan in part] == [plan.params for plan in whole]


def test_points_that_wait_for_their_turn_come_before_those_added_later(go_on, folder):
    go_on(FIRST + FURTHER[:1], 1)
    later = {"optimizer.lr": 0.004, "targets.mode": "soft"}
    found = go_on([*FIRST, *FURTHER, later], 3, extending=True)
    assert found[0].settings == FURTHER[0]
    assert found[1].settings["targets.mode"] == "hard"
    assert found[2].settings == later


def test_points_of_a_start_that_was_killed_before_it_counted_are_forgotten(go_on, folder):
    go_on(FIRST, 2)
    keep_added(folder, FIRST, FIRST + FURTHER)  # and `sweep.yaml` was not written any more
    go_on(FIRST, 2)
    assert go_on(FIRST + FURTHER[:1], 1, extending=True)[0].settings == FURTHER[0]


def test_a_point_that_is_on_record_leaves_its_turn_to_another(go_on):
    before = go_on(FIRST, 3)
    (new,) = go_on([*FIRST, before[2].settings], 1, extending=True)
    assert new.settings not in settings(before)


@pytest.mark.parametrize("points", [FURTHER, [{**FIRST[0], "targets.mode": "soft"}, *FURTHER]])
def test_points_may_be_added_but_not_taken_away_or_changed(go_on, points):
    go_on(FIRST, 2)
    with pytest.raises(
        RecordsError, match=r"published held \{optimizer\.lr: 0\.002, targets\.mode: hard\}, and does not"
    ):
        go_on(points, 1, extending=True)
    with pytest.raises(RecordsError, match=r"with fewer published points\. Try: --extend"):
        go_on(FIRST + FURTHER, 1)


def test_a_damaged_record_of_points_is_no_empty_one(go_on, folder):
    go_on(FIRST, 2)
    go_on(FIRST + FURTHER, 1, extending=True)
    (folder.path / FILE).write_text("{")
    with pytest.raises(RecordsError, match=r"points\.json: damaged"):
        go_on(FIRST + FURTHER, 1)
