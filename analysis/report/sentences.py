"""What the page says in words: what was asked, what came out, and how sure that is."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.comparability import CLIPS, WINDOWS, obstacle
from analysis.confirmation import (
    FEWEST_PAIRS,
    Finalist,
    confirm_runs,
    family_level,
    finalists,
    planned_runs,
    scheme_cells,
    scheme_gap,
)
from analysis.effects import Association
from analysis.objective import Objective
from analysis.records.states import state_word
from analysis.records.sweep_tables import SweepTables
from analysis.report.trial_text import best_trial, complete_trials, parameters_of
from analysis.report.words import count, listed, number, with_interval
from analysis.search_parameters import SearchParameter, search_parameters, shown_parameters
from analysis.uncertainty import Interval

_EPOCH_RULES = {"last": "at the last epoch", "best": "at the best epoch", "mean_last_3": "mean of the last 3 epochs"}


def question(tables: SweepTables) -> str:
    """Return what the sweep asked."""
    objective, definition = Objective.of(tables.definition), tables.definition
    paths = listed([parameter.path for parameter in search_parameters(tables)])
    extreme = "lowest" if objective.mode == "min" else "highest"
    rule = _EPOCH_RULES.get(objective.epoch, objective.epoch)
    asked = f"Which {paths} give the {extreme} {objective.metric} ({rule})" if paths else f"What {objective.metric}"
    return f"{asked} with the recipe {definition.get('recipe', '?')}{_data(definition)}?"


def _data(definition: dict[str, Any]) -> str:
    """Which catalogue, where the definition says: set by the sweep, or else the recipe's."""
    recipe = (definition.get("recipe_data") or {}).get("data") or {}
    name = (definition.get("set") or {}).get("data.name") or recipe.get("name")
    return f" on {name}" if name else ""


def answer(tables: SweepTables) -> str:
    """Return which trial is best and its score, or why there is none; without a full stop."""
    best = best_trial(tables)
    if best is None:
        return _no_answer(tables)
    trial, score = best["trial"], f"{Objective.of(tables.definition).metric} {number(float(best['score']))}"
    schemes = list(finalists(tables).values())
    scored = {finalist.candidate for ranked in schemes for finalist in ranked if finalist.score.n}
    if scored <= {trial}:  # nobody to compare it with
        return f"Trial {trial} is best: {score}"
    if lacking := _without_a_score(trial, schemes):
        return f"Trial {trial} scored best, {score}, but {lacking}"
    ahead = _ahead_everywhere(schemes)
    if trial not in ahead:
        return f"Trial {trial} scored best, {score}, but falls behind when run again"
    if len(ahead) > 1:
        return f"Trial {trial} scored best, {score}, but run again it is one of {len(ahead)} that tie"
    return f"Trial {trial} is best, {score}, and stays ahead when run again"


def best_parameters(tables: SweepTables) -> list[str]:
    """Return the parameters of the best trial as ``path = value``, none without one."""
    best = best_trial(tables)
    chosen = {} if best is None else parameters_of(best, shown_parameters(tables))
    return [f"{path} = {text}" for path, text in chosen.items()]


def certainty(tables: SweepTables) -> list[str]:
    """Return how far the answer can be trusted: a sentence per split scheme of the confirm stage, or a warning.

    Without an answer, what to do about it.
    """
    if best_trial(tables) is None:
        return _way_to_an_answer(tables)
    by_split = finalists(tables)
    said = [_leader_sentence(split, ranked) for split, ranked in by_split.items() if ranked[0].score.n]
    return [*(said or [_unconfirmed(tables)]), *_runs_to_come(tables)]


def tie_sentences(tables: SweepTables) -> list[str]:
    """Return per split scheme which finalists cannot be told apart."""
    return [_tie_sentence(split, ranked) for split, ranked in finalists(tables).items() if len(ranked) > 1]


def comparison_note(definition: Mapping[str, Any]) -> str:
    """Return how finalists are compared with the leader."""
    confirm = definition.get("confirm") or {}
    looks = " and looks of the race" if confirm.get("race") else ""
    apart = " under each split scheme" if len(confirm.get("splits") or ()) > 1 else ""
    sure = 100 * (1 - family_level(definition))
    return (
        "“Behind the leader” is a paired t interval over runs of the same fold and repeat; where it reaches 0, it is a "
        f"tie, unless one that led before left it behind. The intervals hold together{apart} with {sure:.3g} % "
        f"(Bonferroni, over all pairs{looks})."
    )


def gap_sentence(tables: SweepTables) -> str:
    """Return what the split scheme alone changes, "" with fewer than two schemes."""
    runs, objective = _runs_of_all_schemes(confirm_runs(tables)), Objective.of(tables.definition)
    cells = scheme_cells(runs)
    means = cells.groupby("split").mean().sort_values(ascending=objective.mode == "min")
    if len(means) < 2:
        return ""
    kind, strict = str(means.index[0]), str(means.index[-1])
    gap = scheme_gap(cells, kind, strict)
    if not gap.n:
        return ""
    worse = "higher" if objective.mode == "min" else "lower"
    return (
        f"The same finalists score {number(float(means.iloc[0]))} under {kind} folds and "
        f"{number(float(means.iloc[-1]))} under {strict} folds: {number(abs(gap.mean))} {worse} "
        f"{_bounds(gap)}{_from_the_split(gap)}. "
        f"Where new data come from speakers, sites or authors that training has not met, expect the {worse} one."
        + _order_changes(tables, set(runs["candidate"]), kind, strict)
    )


def parameter_caption(parameter: SearchParameter, association: Association) -> str:
    """Return what can be said about one parameter and the score."""
    condition = f"Only where {parameter.condition_text()}. " if parameter.is_conditional else ""
    if not association.is_tested:
        return f"{condition}Not tested: {association.reason}."
    p_text = "< .001" if association.p < 0.001 else f"= {association.p:.3f}".replace("0.", ".")
    stopped, n = association.stopped, association.n
    early = f", {stopped if stopped < n else 'all'} of them stopped early" if stopped else ""
    test = f"p {p_text}, n = {n} trials{early}"
    if not association.shown:
        return f"{condition}No effect shown ({test})."
    shape = f": {association.shape}" if association.shape else ""
    return f"{condition}Goes with the score{shape} ({association.explained:.0%} of the variance of ranks, {test})."


def derived_caption(parameter: SearchParameter) -> str:
    """Return what a derived setting is computed by, and why nothing is tested about it."""
    return f"Derived: {parameter.formula}. The tests are of what it follows from."


def warnings(tables: SweepTables) -> list[str]:
    """Return what makes the scores hard to compare or to believe: first the mistakes that were consented to."""
    allowed = dict.fromkeys((finding.code, finding.title) for finding in tables.checks if finding.allowed)
    found = [f"{code} was found and allowed: {title}. Every score below has this mistake." for code, title in allowed]
    found += _incomparable(tables)
    if isinstance(tables.definition.get("objective"), list) and len(tables.definition["objective"]) > 1:
        found.append("The sweep has several objectives; this page ranks by the first.")
    changed = int((tables.stage_trials("search")["exploits"] > 0).sum())
    if changed:
        found.append(
            f"{count(changed, 'trial')} took over weights and settings of others while training: their scores are not "
            "those of the settings shown, which are the last ones. They are left out of the tests and of importance."
        )
    return found


def _incomparable(tables: SweepTables) -> list[str]:
    hindrance, metric = obstacle(tables), Objective.of(tables.definition).metric
    if hindrance is None:
        return []
    why = {
        CLIPS: "The trials were scored under different protocols: their evaluation clips or labels differ, or windows "
        "that none of the parameters below tells",
        WINDOWS: f"The trials were scored in different windows, and {metric} is a mean over windows",
    }
    return [f"{why[hindrance]}. Their scores are not comparable, and the ranking below mixes them."]


def _no_answer(tables: SweepTables) -> str:
    states = Counter(tables.stage_trials("search")["state"].map(state_word))
    n, complete = states.total(), states["complete"]
    ended = {state: many for state, many in states.items() if state not in ("running", "interrupted")}
    is_over = sum(ended.values()) >= max(1, int(tables.definition.get("trials") or 1))
    beginning = "No answer" if is_over else "No answer yet"
    if complete:  # without a score, or one of them would be best
        return f"{beginning}: {Objective.of(tables.definition).metric} is NaN in {_all(complete, 'complete trial')}"
    for state in ("diverged", "failed"):
        if n and states[state] == n:
            return f"{beginning}: {_all(n, 'trial')} {state}"
    counts = f": {listed([f'{many} {state}' for state, many in ended.items()])}" if ended else ""
    return f"{beginning}: none of {count(n, 'trial')} is complete{counts}"


def _way_to_an_answer(tables: SweepTables) -> list[str]:
    """Return what to do where no trial is best; nothing while there is only to wait."""
    trials = tables.stage_trials("search")
    if "complete" in set(trials["state"]):
        return ["A metric is NaN where a fold lacks what it needs. Try: another objective.metric, or other folds."]
    found = []
    if "diverged" in set(trials["state"]):
        found.append("A trial has diverged where its loss is no finite number any more. Try: a smaller optimizer.lr.")
    reasons = Counter(_reason(error) for error in trials.loc[trials["state"] == "failed", "error"])
    found += [f"Why {n} of {count(reasons.total(), 'trial')} failed: {why}." for why, n in reasons.most_common(1)]
    return found


def _reason(error: object) -> str:
    """Return why a trial failed, without what differs from trial to trial: the rest of a traceback, and its path."""
    lines = str(error).splitlines() if isinstance(error, str) else []
    return lines[0].partition(" (see ")[0].rstrip(".") if lines else "no reason was recorded"


def _all(n: int, noun: str) -> str:
    return f"the only {noun}" if n == 1 else f"all {n} {noun}s"


def _ahead_everywhere(schemes: Sequence[list[Finalist]]) -> set[int]:
    """Return the finalists that lead or tie with the leader under every split scheme."""
    leading = [{ranked[0].candidate, *(f.candidate for f in ranked if f.tied)} for ranked in schemes]
    return set.intersection(*leading)


def _without_a_score(trial: int, schemes: Sequence[list[Finalist]]) -> str:
    """Return why nothing can be said about a trial run again, "" where it has a score under every split scheme."""
    own = [finalist for ranked in schemes for finalist in ranked if finalist.candidate == trial]
    lacking = [finalist for finalist in own if not finalist.score.n]
    if own and not lacking:
        return ""
    under = f" under {listed([finalist.split for finalist in lacking])} folds" if len(lacking) < len(own) else ""
    if own and not any(finalist.is_unfinished for finalist in lacking):
        return f"gave no score when run again{under}"
    return f"has not been run again yet{under}"


def _runs_to_come(tables: SweepTables) -> list[str]:
    """Return that the confirm stage isn't finished, nothing where it is, or has not begun."""
    by_split = finalists(tables)
    confirmed, planned = [f for ranked in by_split.values() for f in ranked], planned_runs(tables, by_split)
    if planned == sum(f.planned for f in confirmed) and not any(f.is_unfinished for f in confirmed):
        return []
    scored = sum(f.score.n for f in confirmed)
    return [f"The confirm stage is not finished: {scored} of {count(planned, 'run')} have a score."]


def _runs_of_all_schemes(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of the finalists that have a score under every split scheme that any has one under."""
    scored = runs.dropna(subset="score")
    schemes = scored.groupby("candidate")["split"].nunique()
    return scored[scored["candidate"].isin(schemes.index[schemes == scored["split"].nunique()])]


def _unconfirmed(tables: SweepTables) -> str:
    best, n = best_trial(tables), len(complete_trials(tables))
    assert best is not None
    runs = tables.stage_epochs("search")
    n_runs = int(runs.loc[runs["trial"] == best["trial"], "run"].nunique()) if "run" in runs else 1
    spread = f" (spread between its runs {number(float(best['score_sd']))})" if best["score_sd"] > 0 else ""
    source = f"{count(max(n_runs, 1), 'run')}{spread}"
    chosen = f", and the best of {count(n, 'complete trial')} is on average too good" if n > 1 else ""
    if tables.definition.get("confirm"):
        return f"How sure: not confirmed yet. The score comes from {source}{chosen}."
    return (
        f"How sure: not confirmed. The score comes from {source}{chosen}. A confirm stage "
        "(confirm: {top: 3, folds: [0, 1, 2], repeats: 3}) would tell."
    )


def _leader_sentence(split: str, ranked: list[Finalist]) -> str:
    leader, ties = ranked[0], [f.candidate for f in ranked if f.tied]
    n = count(leader.planned, "run") if not leader.missing else f"{leader.score.n} of {count(leader.planned, 'run')}"
    score = f"{with_interval(leader.score)} (95 %, n = {n})"
    others = [finalist for finalist in ranked[1:] if finalist.score.n or not finalist.is_unfinished]
    tied = f", tied with {_trials(ties)}" if ties else ", ahead of the other finalists" if others else ""
    return f"Confirmed under {split} folds: trial {leader.candidate} {score}{tied}."


def _tie_sentence(split: str, ranked: list[Finalist]) -> str:
    leader, tied = ranked[0], [finalist for finalist in ranked if finalist.tied]
    if not leader.score.n:
        return f"{split}: no confirm run finished with a score."
    if not any(finalist.score.n for finalist in ranked[1:]):
        return f"{split}: no finalist but trial {leader.candidate} has a score."
    by = _compared_by(ranked)
    if not tied:
        return f"{split}: trial {leader.candidate} is ahead{by}."
    return f"{split}: a tie{by} between {_trials([leader.candidate, *(finalist.candidate for finalist in tied)])}."


def _compared_by(ranked: list[Finalist]) -> str:
    """Return how the finalists were compared with the leader; nothing where they were all paired."""
    few = [f.candidate for f in ranked if f.score.n and f.behind is not None and f.behind.n < FEWEST_PAIRS]
    if not few:
        return ""
    whom = "" if len(few) == sum(f.score.n > 0 for f in ranked) - 1 else f" of {_trials(few)}"
    return f" by the intervals of the means{whom} (fewer than {FEWEST_PAIRS} runs to compare in pairs)"


def _trials(numbers: list[int]) -> str:
    """Return ``trial 4`` or ``trials 4, 7 and 9``."""
    return f"trial{'s' if len(numbers) > 1 else ''} {listed([str(each) for each in numbers])}"


def _bounds(gap: Interval) -> str:
    """Return ``[0.0657, 0.0925; 95 %, n = 4 runs each] `` of a gap without its sign, "" where it is not known."""
    if math.isnan(gap.low):
        return ""
    low, high = sorted([abs(gap.low), abs(gap.high)]) if gap.low * gap.high > 0 else (gap.low, gap.high)
    return f"[{number(low)}, {number(high)}; 95 %, n = {count(gap.n, 'run')} each] "


def _from_the_split(gap: Interval) -> str:
    return "from the split alone" if gap.excludes(0.0) else "which folds and seeds alone can make"


def _order_changes(tables: SweepTables, among: set[int], first: str, second: str) -> str:
    ranked = finalists(tables)
    one, other = (next(f.candidate for f in ranked[split] if f.candidate in among) for split in (first, second))
    if one == other:
        return ""
    told = [*_told(ranked[first], one, other), *_told(ranked[second], other, one)]
    if len(told) == 2:
        return f" The order changes too: {first} puts trial {one} first, {second} trial {other}."
    return f" {f'Only {told[0]} folds tell' if told else 'Neither tells'} {_trials([one, other])} apart."


def _told(ranked: list[Finalist], leader: int, other: int) -> list[str]:
    """Return the split scheme, where under it `leader` leads and leaves `other` behind; a tie is no order."""
    behind = {finalist.candidate for finalist in ranked[1:] if not finalist.tied}
    return [ranked[0].split] if ranked[0].candidate == leader and other in behind else []
