"""What the confirm stage says: only runs that ended count, and who ties is asked in pairs, as a race asks it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.confirmation import confirm_runs, finalists, shared_level
from analysis.records.sweep import CONFIRM as CONFIRM_STAGE
from analysis.records.sweep import RunPlan, TrialEnd, TrialPlan
from analysis.records.sweep_tables import SweepTables
from analysis.report.sentences import answer, certainty, comparison_note, gap_sentence, tie_sentences
from analysis.report.tables import confirm_table
from tuneful.sweep.race import Race

Run = tuple[int, str, int, int]
"""candidate, split, fold, repeat"""
METRIC = "val/macro_auc"
CONFIRM: dict[str, Any] = {"top": 2, "folds": [0, 1], "repeats": 2, "splits": ["random"]}


def confirmed(
    scores: Mapping[Run, float],
    states: Mapping[Run, str] | None = None,
    best: int = 0,
    mode: str = "max",
    **confirm: Any,
) -> SweepTables:
    """A sweep whose search trials 0, 1, ... are complete, `best` the best; each run was in its second epoch.

    A run whose score is NaN has no epoch on record.
    """
    states = states or {}
    numbers = sorted({0, 1, best, *(run[0] for run in scores)})
    gain = 1.0 if mode == "max" else -1.0
    search = [{"trial": t, "state": "complete", "score": 0.9 + gain * 0.05 * (t == best), "epochs": 2} for t in numbers]
    trials: list[dict[str, Any]] = [row | {"stage": "search", "runs": [f"s{row['trial']}"]} for row in search]
    epochs: list[dict[str, Any]] = []
    for number, ((candidate, split, fold, repeat), score) in enumerate(scores.items()):
        state = states.get((candidate, split, fold, repeat), "complete")
        shared = {"trial": number, "stage": "confirm", "candidate": candidate, "split": split}
        trials.append(shared | {"state": state, "score": score if state == "complete" else np.nan})
        values = [] if np.isnan(score) else [score - 0.1, score]
        place = {"run": f"c{number}", "fold": fold, "repeat": repeat}
        epochs += [shared | place | {"epoch": epoch, METRIC: value} for epoch, value in enumerate(values, 1)]
    definition = {"objective": {"metric": METRIC, "mode": mode, "epoch": "last"}, "confirm": CONFIRM | confirm}
    return SweepTables(definition, pd.DataFrame(trials), pd.DataFrame(epochs))


def grid(score: Callable[[int, int, int], float], candidates: tuple[int, ...] = (0, 1), **of: Any) -> dict[Run, float]:
    """Every candidate on folds 0 and 1, repeats 0 and 1 of every split; `score` of (candidate, fold, repeat)."""
    folds, repeats, splits = of.get("folds", (0, 1)), of.get("repeats", 2), of.get("splits", ("random",))
    return {
        (candidate, split, fold, repeat): score(candidate, fold, repeat)
        for candidate in candidates
        for split in splits
        for repeat in range(repeats)
        for fold in folds
    }


def apart(candidate: int, fold: int, repeat: int) -> float:
    """Candidate 0 leads by .01 in every run, give or take."""
    return 0.95 - 0.01 * candidate + 0.0005 * fold * candidate + 0.0002 * repeat


# --- which runs count ---


@pytest.mark.parametrize("state", ["interrupted", "running", "failed", "diverged", "pruned"])
def test_a_run_that_is_not_complete_gives_no_score(state: str) -> None:
    runs = grid(apart) | {(0, "random", 1, 1): 0.6}
    tables = confirmed(runs, {(0, "random", 1, 1): state})
    leader, other = finalists(tables)["random"]
    assert (leader.candidate, leader.score.n, leader.planned, dict(leader.missing)) == (0, 3, 4, {state: 1})
    assert leader.score.mean == pytest.approx(np.mean([apart(0, 0, 0), apart(0, 1, 0), apart(0, 0, 1)]))
    assert (other.score.n, other.missing) == (4, {})
    assert confirm_runs(tables)["score"].isna().sum() == 1
    assert "stays ahead" in answer(tables)
    assert "n = 3 of 4 runs" in certainty(tables)[0]
    table = confirm_table(tables)
    assert table is not None
    assert table.rows[0][5] == f"3 of 4: 1 {'stopped early' if state == 'pruned' else state}"


def test_a_run_that_failed_before_its_first_epoch_is_counted() -> None:
    tables = confirmed(grid(apart) | {(1, "random", 0, 0): np.nan}, {(1, "random", 0, 0): "failed"})
    assert finalists(tables)["random"][1].missing == {"failed": 1}


def test_runs_that_have_not_begun_are_counted_and_said() -> None:
    tables = confirmed(dict(list(grid(apart).items())[:6]))
    assert finalists(tables)["random"][1].missing == {"not begun": 2}
    assert certainty(tables)[-1] == "The confirm stage is not finished: 6 of 8 runs have a score."
    assert not any("not finished" in said for said in certainty(confirmed(grid(apart))))


def test_finalists_that_it_has_not_come_to_leave_it_unfinished() -> None:
    tables = confirmed(grid(apart, (0,)))
    assert answer(tables) == "Trial 0 is best: val/macro_auc 0.9500", "nobody to compare it with"
    assert certainty(tables)[-1] == "The confirm stage is not finished: 4 of 8 runs have a score."


def test_a_finalist_that_lacks_the_hard_fold_does_not_lead_by_that() -> None:
    def score(candidate: int, fold: int, repeat: int) -> float:
        return 0.9 - 0.2 * fold - 0.02 * candidate + 0.001 * repeat

    runs = grid(score)
    lost = {run: "failed" for run in runs if run[0] == 1 and run[2] == 1}
    ranked = finalists(confirmed(runs, lost))["random"]
    assert [finalist.candidate for finalist in ranked] == [0, 1]
    assert ranked[1].score.mean > ranked[0].score.mean


def test_runs_that_the_confirm_stage_no_longer_asks_for_are_left_out() -> None:
    old = grid(lambda *_: 0.1, splits=("old",)) | {(0, "random", 7, 0): 0.1}
    new = grid(apart)
    assert confirm_runs(confirmed(new | old)).equals(confirm_runs(confirmed(new)))


# --- what the headline says ---


def test_a_trial_that_was_not_run_again_does_not_fall_behind() -> None:
    tables = confirmed(grid(apart, (1, 2)), best=0)
    assert answer(tables) == "Trial 0 scored best, val/macro_auc 0.9500, but has not been run again yet"


def test_who_has_a_confirm_stage_is_not_told_to_have_one() -> None:
    tables = confirmed({})
    (waiting,) = certainty(tables)
    assert waiting.startswith("How sure: not confirmed yet. The score comes from 1 run")
    assert "would tell" not in waiting
    without = SweepTables({**tables.definition, "confirm": None}, tables.trials, tables.epochs)
    assert certainty(without)[0].endswith("would tell.")


def test_a_split_that_is_not_done_is_named() -> None:
    runs = grid(apart, splits=("random", "by author"))
    states = {run: "interrupted" for run in runs if run[:2] == (0, "by author")}
    tables = confirmed(runs, states, splits=["random", "by author"])
    assert "has not been run again yet under by author folds" in answer(tables)
    gap = gap_sentence(tables)
    assert gap.startswith("The same finalists score 0.9403 under"), "trial 1 alone has both"
    assert "order changes" not in gap


@pytest.mark.parametrize(
    ("lead_easy", "lead_hard", "said"),
    [
        (0.02, -0.02, " The order changes too: easy puts trial 0 first, hard trial 1."),
        (0.02, -0.0001, " Only easy folds tell trials 0 and 1 apart."),
        (0.0001, -0.02, " Only hard folds tell trials 0 and 1 apart."),
        (0.0001, -0.0001, " Neither tells trials 0 and 1 apart."),
        (0.0001, 0.0001, "expect the lower one."),
    ],
)
def test_an_order_within_noise_is_no_finding(lead_easy: float, lead_hard: float, said: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.002, (2, 2, 3))
    noise -= noise.mean(axis=(1, 2), keepdims=True)  # so that the means differ by the lead
    runs = {
        (c, split, f, r): level + float(lead * (c == 0) + noise[c, f, r])
        for split, level, lead in (("easy", 0.9, lead_easy), ("hard", 0.7, lead_hard))
        for c in (0, 1)
        for f in (0, 1)
        for r in range(3)
    }
    assert gap_sentence(confirmed(runs, splits=["easy", "hard"], repeats=3)).endswith(said)


def test_the_gap_is_the_difference_of_the_means_beside_it_also_where_runs_lack() -> None:
    runs = grid(lambda candidate, fold, _: 0.9 - 0.1 * fold - 0.03 * candidate, splits=("random",))
    runs |= {(c, "hard", f, r): score - 0.2 - 0.001 * r for (c, _, f, r), score in runs.items()}
    lost = {(1, "random", 1, 0): "failed", (1, "random", 1, 1): "failed"}
    gap = gap_sentence(confirmed(runs, lost, splits=["random", "hard"]))
    high, low, between = (float(found) for found in re.findall(r"0\.\d{4}", gap)[:3])
    assert high - low == pytest.approx(between, abs=1.1e-4)


def test_runs_that_all_failed_are_no_wait() -> None:
    runs = grid(apart)
    tables = confirmed(runs, {run: "failed" for run in runs if run[0] == 0})
    assert "but gave no score when run again" in answer(tables)


def test_a_trial_that_is_worse_in_every_pair_falls_behind() -> None:
    assert "but falls behind when run again" in answer(confirmed(grid(apart), best=1))


# --- who ties ---


def beside(fold_effect: float, gap: float) -> dict[Run, float]:
    """3 folds x 2 seeds, the folds far apart, finalist 1 behind by `gap` in each run, give or take."""
    wobble = np.random.default_rng(0).normal(0, 0.0005, (3, 2))
    return grid(
        lambda candidate, fold, repeat: 0.9 + fold_effect * fold - candidate * (gap + float(wobble[fold, repeat])),
        folds=(0, 1, 2),
    )


@pytest.mark.parametrize(("gap", "tied"), [(0.006, False), (0.0001, True)])
def test_finalists_tie_where_the_paired_interval_holds_0_however_far_apart_folds_are(gap: float, tied: bool) -> None:
    tables = confirmed(beside(0.02, gap), folds=[0, 1, 2])
    leader, other = finalists(tables)["random"]
    assert other.behind is not None
    assert other.score.overlaps(leader.score), "the means alone tell nothing"
    assert other.tied == tied == (not other.behind.excludes(0.0))
    assert ("2 that tie" in answer(tables)) == tied
    assert ("tied with" in certainty(tables)[0]) == tied
    assert ("a tie" in tie_sentences(tables)[0]) == tied
    table = confirm_table(tables)
    assert table is not None
    assert table.rows[1][4].endswith(" tie") == tied


def test_the_lowest_leads_where_low_is_good() -> None:
    tables = confirmed({run: 1 - score for run, score in beside(0.02, 0.006).items()}, mode="min", folds=[0, 1, 2])
    leader, other = finalists(tables)["random"]
    assert (leader.candidate, other.tied) == (0, False)


def test_too_few_pairs_fall_back_to_the_intervals_of_the_means_and_say_so() -> None:
    runs = grid(lambda candidate, _, repeat: 0.9 - 0.006 * candidate + 0.01 * repeat, folds=(0,))
    tables = confirmed(runs, folds=[0])
    other = finalists(tables)["random"][1]
    assert other.tied
    assert tie_sentences(tables) == [
        "random: a tie by the intervals of the means (fewer than 3 runs to compare in pairs) between trials 0 and 1."
    ]
    table = confirm_table(tables)
    assert table is not None
    assert table.rows[1][4] == "−0.0060 tie", "no interval that says another thing"


def test_with_too_few_pairs_who_is_far_above_the_leader_is_not_behind_it() -> None:
    shared = grid(lambda candidate, *_: 0.7 - 0.001 * candidate, folds=(0,))
    further = grid(lambda *_: 0.9, candidates=(1,), folds=(1, 2, 3, 4, 5))
    leader, other = finalists(confirmed(shared | further, folds=[0, 1, 2, 3, 4, 5]))["random"]
    assert (leader.candidate, other.candidate, other.tied) == (1, 0, False)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("race", [None, {"max_repeats": 8, "alpha": 0.1}])
def test_who_ties_is_who_stays_in_a_race(seed: int, race: dict[str, Any] | None) -> None:
    rng = np.random.default_rng(seed)
    gaps, noise = rng.uniform(0, 0.02, 3), rng.normal(0, 0.004, (3, 2, 3))
    runs = grid(lambda c, f, r: float(0.9 - gaps[c] + 0.02 * f + noise[c, f, r]), (0, 1, 2), repeats=3)
    tables = confirmed(runs, repeats=3, race=race)
    rules = Race.of({**tables.definition, "confirm": tables.definition["confirm"] | {"race": race or ONE_LOOK}})
    assert rules is not None
    cells = {c: {(f, r): score for (one, _, f, r), score in runs.items() if one == c} for c in range(3)}
    ranked = finalists(tables)["random"]
    assert {ranked[0].candidate, *(f.candidate for f in ranked if f.tied)} == set(rules.still_in(cells, 3))


ONE_LOOK = {"max_repeats": 3, "alpha": 0.05}


Noise = Callable[[int, int, int], float]


def raced(score: Noise, numbers: tuple[int, ...], **confirm: Any) -> tuple[SweepTables, list[int]]:
    """A sweep whose race is over, and who is left by its rules when it looks once more after the last repeat."""
    asked = CONFIRM | confirm
    rules = Race.of({"objective": {"metric": METRIC, "mode": "max"}, "confirm": asked})
    assert rules is not None
    runs = grid(score, numbers, folds=asked["folds"], repeats=rules.first)
    inside = list(numbers)
    for repeat in range(rules.first, rules.most + 1):
        cells = {c: {(f, r): value for (one, _, f, r), value in runs.items() if one == c} for c in inside}
        inside = rules.still_in(cells, len(numbers))
        if len(inside) < 2 or repeat == rules.most:
            break
        runs |= {(c, "random", f, repeat): score(c, f, repeat) for c in inside for f in rules.folds}
    return confirmed(runs, **confirm), inside


def test_who_was_thrown_out_does_not_lead_by_the_early_runs() -> None:
    """Finalist 3 is behind 1 by .02 in each run; 2 is noisy and stays, so that 1 and 2 alone have the later runs."""

    def score(candidate: int, _: int, repeat: int) -> float:
        noisy = 0.7 + 0.3 * (repeat % 2)
        return {1: 0.8, 2: noisy, 3: 0.78 + 0.0001 * (-1) ** repeat}[candidate]

    tables, inside = raced(score, (1, 2, 3), folds=[0], repeats=3, race={"max_repeats": 10, "alpha": 0.05})
    ranked = finalists(tables)["random"]
    assert sorted(inside) == [1, 2]
    assert {f.candidate: f.score.n for f in ranked} == {1: 10, 2: 10, 3: 3}
    assert ranked[-1].candidate == 3
    assert not ranked[-1].tied


@pytest.mark.parametrize("seed", range(40))
def test_who_leads_or_ties_is_who_a_race_leaves_in(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gaps, spread = rng.uniform(0, 0.02, 4), rng.uniform(0.0005, 0.01, 4)
    noise = rng.normal(0, 1, (4, 2, 8))
    tables, inside = raced(
        lambda c, f, r: float(0.9 - gaps[c] + 0.02 * f + 0.01 * np.sin(r) + spread[c] * noise[c, f, r]),
        (0, 1, 2, 3),
        race={"max_repeats": 8, "alpha": 0.1},
    )
    ranked = finalists(tables)["random"]
    assert {ranked[0].candidate, *(f.candidate for f in ranked if f.tied)} == set(inside)
    assert [f.candidate in inside for f in ranked] == sorted((f.candidate in inside for f in ranked), reverse=True)


@pytest.mark.parametrize("seed", range(12))
def test_a_race_that_is_over_leaves_no_tie_with_repeats_to_go_also_after_newcomers(seed: int) -> None:
    """Trials 0 and 1 race; then the search goes on, and 2 and 3 race against them."""
    rng = np.random.default_rng(seed)
    gaps, noise = rng.uniform(0, 0.01, 4), rng.normal(0, 0.003, (4, 2, 8))
    confirm = CONFIRM | {"race": {"max_repeats": 8, "alpha": 0.1}}
    rules = Race.of({"objective": {"metric": METRIC, "mode": "max"}, "confirm": confirm})
    assert rules is not None

    def score(candidate: int, fold: int, repeat: int) -> float:
        return float(0.9 - gaps[candidate] + 0.02 * fold + noise[candidate, fold, repeat])

    runs: dict[Run, float] = {}
    for numbers in ([0, 1], [0, 1, 2, 3]):
        runs |= grid(score, tuple(numbers), repeats=rules.first)
        while heat := rules.next_heat(as_trials(runs), numbers):
            runs |= {(c, "random", f, heat.repeat): score(c, f, heat.repeat) for c in heat.finalists for f in (0, 1)}
    leader, *others = finalists(confirmed(runs, race=confirm["race"]))["random"]
    tied = [finalist.score.n for finalist in others if finalist.tied]
    assert not tied or {leader.score.n, *tied} == {2 * rules.most}


def as_trials(runs: Mapping[Run, float]) -> list[tuple[TrialPlan, TrialEnd | None]]:
    """The same as they are on record."""
    return [
        (
            TrialPlan(CONFIRM_STAGE, 0, {}, {}, (RunPlan("", {}, fold, repeat, repeat, split),), candidate),
            TrialEnd("complete", ((2, score),)),
        )
        for (candidate, split, fold, repeat), score in runs.items()
    ]


def test_a_finalist_that_has_not_begun_shares_the_level_and_is_waited_for() -> None:
    """Trial 2 was found after 0 and 1 had been confirmed: it is among the best two of the search now."""
    before = confirmed(grid(apart))
    extra = {"trial": 2, "stage": "search", "state": "complete", "score": 0.97, "epochs": 2, "runs": ["s2"]}
    tables = SweepTables(
        before.definition, pd.concat([before.trials, pd.DataFrame([extra])], ignore_index=True), before.epochs
    )
    assert certainty(tables)[-1] == "The confirm stage is not finished: 8 of 12 runs have a score."
    alone, among = (finalists(each)["random"][1].behind for each in (before, tables))
    assert alone is not None
    assert among is not None
    assert among.half_width > alone.half_width


def test_a_leader_by_few_shared_runs_that_another_beats_is_not_put_before_it() -> None:
    """All share one run, which finalist 0 wins; 1 beats it in every other."""
    runs = grid(lambda c, f, r: 0.9 + 0.01 * c + 0.0005 * f * r * c, (0, 1), repeats=20) | {(1, "random", 0, 0): 0.88}
    order = [f.candidate for f in finalists(confirmed(runs | {(2, "random", 0, 0): 0.5}, repeats=20))["random"]]
    assert order.index(1) < order.index(0)


def test_the_level_counts_the_look_after_the_last_repeat() -> None:
    """A race from 2 to 8 repeats looks before each of 6, the report after the last."""
    assert shared_level(0.05, 6, 3) == pytest.approx(0.05 / (7 * 3))
    assert shared_level(0.05, 0, 2) == 0.05


@pytest.mark.parametrize("finalists", [2, 5, 10])
def test_equal_finalists_are_told_apart_no_more_often_than_said(finalists: int) -> None:
    """A leader that is picked by the same scores seems ahead of another in at most 5 % of sweeps of equal finalists."""
    scores = np.random.default_rng(0).normal(size=(4000, finalists, 6))
    ranked = np.take_along_axis(scores, np.argsort(-scores.mean(axis=2), axis=1)[..., None], axis=1)
    p = stats.ttest_rel(ranked[:, :1], ranked[:, 1:], axis=2).pvalue
    told = p.min(axis=1) < shared_level(0.05, 0, finalists)
    assert told.mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 4000)


def test_the_note_names_the_level_that_decides() -> None:
    assert "together with 95 % (Bonferroni, over all pairs)" in comparison_note({"confirm": CONFIRM})
    raced = comparison_note({"confirm": CONFIRM | {"race": {"max_repeats": 8, "alpha": 0.1}}})
    assert "together with 90 % (Bonferroni, over all pairs and looks of the race)" in raced
    several = comparison_note({"confirm": CONFIRM | {"splits": ["random", "by author"]}})
    assert "hold together under each split scheme with 95 %" in several
