"""The race of the finalists: undecided ones get further seeds, decided ones don't, and chance throws nobody out."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, RunPlan, TrialEnd, TrialPlan
from tuneful.sweep.race import Heat, Race

Score = Callable[[int, int, int], float]
"""(finalist, fold, repeat) -> score"""


def race(first: int = 2, most: int = 8, alpha: float = 0.05, mode: str = "max", splits: tuple[str, ...] = ()) -> Race:
    return Race(Objective("val/macro_auc", mode), first, most, (0, 1), splits, alpha)


def confirmed(
    score: Score, repeats: dict[int, int], state: str = "complete"
) -> list[tuple[TrialPlan, TrialEnd | None]]:
    """Runs on folds 0 and 1; `repeats`: finalist -> how many."""
    return [
        (
            TrialPlan(CONFIRM, 0, {}, {}, (RunPlan(f"{one}{fold}{repeat}", {}, fold, repeat, repeat, "s"),), one),
            TrialEnd(state, ((8, score(one, fold, repeat)),)),
        )
        for one, count in repeats.items()
        for repeat in range(count)
        for fold in (0, 1)
    ]


def wobbling(gap: float) -> Score:
    """Finalist 1 is behind finalist 0 by `gap`, with a difference that changes from run to run."""
    return lambda one, fold, repeat: 0.9 - gap * one + 0.01 * fold + 0.001 * one * (-1) ** (fold + repeat)


def test_undecided_finalists_run_the_next_repeat() -> None:
    assert race().next_heat(confirmed(wobbling(0.0002), {0: 2, 1: 2}), [0, 1]) == Heat(2, (0, 1))


def test_a_finalist_that_is_behind_in_every_run_is_out() -> None:
    trials = confirmed(wobbling(0.1), {0: 2, 1: 2})
    assert race().next_heat(trials, [0, 1]) is None
    assert race(mode="min").still_in(
        {0: {(0, 0): 2.0, (0, 1): 2.1, (0, 2): 2.0}, 1: {(0, 0): 1.0, (0, 1): 1.2, (0, 2): 1.1}}, 2
    ) == [1]


def test_who_is_out_stays_out_while_the_others_go_on() -> None:
    def score(one: int, fold: int, repeat: int) -> float:
        return wobbling(0.0002)(one, fold, repeat) if one < 2 else 0.5 + 0.001 * (-1) ** (fold + repeat)

    trials = confirmed(score, {0: 3, 1: 3, 2: 2})
    assert race().next_heat(trials, [0, 1, 2]) == Heat(3, (0, 1))


def test_it_ends_with_the_repeats() -> None:
    assert race(most=4).next_heat(confirmed(wobbling(0.0), {0: 4, 1: 4}), [0, 1]) is None


def test_a_repeat_that_was_cut_off_is_finished_first() -> None:
    trials = confirmed(wobbling(0.0), {0: 3, 1: 3})
    assert race().next_heat(trials[:-1], [0, 1]) == Heat(2, (0, 1))


def test_a_newcomer_runs_what_the_others_have_run_and_the_ones_behind_run_no_more() -> None:
    """Finalist 1 has beaten 0; then the search goes on and finds 2."""

    def score(one: int, fold: int, repeat: int) -> float:
        return wobbling(0.0002)(one, fold, repeat) - (0.2 if one == 0 else 0.0)

    trials = confirmed(score, {0: 2, 1: 2, 2: 2})
    heat = race().next_heat(trials, [2, 0, 1])
    assert heat == Heat(2, (1, 2))
    assert race().left(trials, heat) == 4
    assert race().left(confirmed(score, {0: 2, 1: 5, 2: 2}), heat) == 2, "1 has run it already"


def test_runs_that_failed_are_not_waited_for() -> None:
    trials = confirmed(wobbling(0.0), {0: 3, 1: 2})
    failed = confirmed(lambda *_: float("nan"), {1: 3}, "failed")
    beyond = [(plan, end) for plan, end in failed if plan.runs[0].repeat == 2]
    assert race().next_heat([*trials, *beyond], [0, 1]) == Heat(3, (0, 1))


def test_an_only_finalist_needs_no_race() -> None:
    assert race().next_heat(confirmed(wobbling(0.0), {0: 2}), [0]) is None


def under(split: str, score: Score, repeats: dict[int, int], **more: str) -> list[tuple[TrialPlan, TrialEnd | None]]:
    """`confirmed`, under a split scheme."""
    return [
        (replace(plan, runs=(replace(plan.runs[0], split=split),)), end)
        for plan, end in confirmed(score, repeats, **more)
    ]


def test_failing_under_the_hard_split_wins_nothing() -> None:
    """Finalist 0 is behind everywhere; its runs under the hard split diverge in one repeat."""
    easy = under("easy", lambda one, fold, repeat: 0.95 + 0.02 * one + 0.001 * fold * repeat, {0: 3, 1: 3})
    hard = under("hard", lambda one, fold, repeat: 0.80 + 0.02 * one + 0.001 * fold * repeat, {0: 3, 1: 3})
    lost = [
        (plan, TrialEnd("diverged", ()) if plan.candidate == 0 and plan.runs[0].repeat == 0 else end)
        for plan, end in hard
    ]
    rules = race(splits=("easy", "hard"))
    scores = rules.cells([*easy, *lost], [0, 1])
    assert sorted(scores[0]) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert sorted(scores[1]) == [(fold, repeat) for fold in (0, 1) for repeat in range(3)]
    assert rules.still_in(scores, 2) == [1]


def test_the_leader_is_found_on_what_all_have_run() -> None:
    """Finalist 0 failed on the hard fold, so that its own mean is the higher one."""
    hard_and_easy = {(0, r): 0.6 + 0.001 * r for r in range(4)} | {(1, r): 0.9 + 0.001 * r for r in range(4)}
    easy = {(1, r): 0.85 + 0.002 * r for r in range(4)}
    assert race().still_in({0: easy, 1: hard_and_easy}, 2) == [1]


def test_runs_under_folds_and_splits_of_an_earlier_confirm_stage_are_left_out() -> None:
    old = under("old", wobbling(-0.5), {0: 2, 1: 2})
    new = under("new", wobbling(0.0002), {0: 2, 1: 2})
    rules = race(splits=("new",))
    assert rules.cells([*old, *new], [0, 1]) == rules.cells(new, [0, 1])
    assert rules.next_heat([*old, *new], [0, 1]) == rules.next_heat(new, [0, 1]) == Heat(2, (0, 1))


def test_equal_finalists_are_rarely_told_apart() -> None:
    """The chance that a race throws out any of three equal finalists stays below alpha (5 %), over 400 races."""
    rng, lost = np.random.default_rng(0), 0
    for _ in range(400):
        noise = rng.normal(0.9, 0.01, (3, 2, 8))
        rules, out = race(), False
        for repeats in range(2, 9):  # the last look is that of the report
            scores = {one: {(f, r): noise[one, f, r] for f in (0, 1) for r in range(repeats)} for one in range(3)}
            out = out or len(rules.still_in(scores, 3)) < 3
        lost += out
    assert lost <= 400 * 0.05


@pytest.mark.parametrize("gap", [0.02, 0.05])
def test_a_real_difference_is_found(gap: float) -> None:
    rng, found = np.random.default_rng(1), 0
    for _ in range(50):
        scores = {
            one: {(f, r): 0.9 - gap * one + 0.02 * f + rng.normal(0, 0.006) for f in (0, 1) for r in range(7)}
            for one in range(2)
        }
        found += race().still_in(scores, 2) == [0]
    assert found >= 48


def test_a_sweep_without_a_race_has_none() -> None:
    confirm = {"top": 2, "folds": [0], "repeats": 2, "splits": []}
    assert Race.of({"confirm": confirm}) is None
    assert Race.of({"confirm": {**confirm, "race": {"max_repeats": 5, "alpha": 0.1}}}) == Race(
        Objective("val/macro_auc", "max"), 2, 5, (0,), (), 0.1
    )
