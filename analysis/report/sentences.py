"""What the page says in words: what was asked, what came out, and how sure that is."""

import math
from typing import Any

from analysis.confirmation import Finalist, confirm_runs, finalists, scheme_gap
from analysis.effects import Association
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.report.trial_text import best_trial, complete_trials, parameters_of
from analysis.report.words import count, listed, number, signed, with_interval
from analysis.search_parameters import SearchParameter, search_parameters
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
    """Return which trial is best and its score, or that there is none."""
    best, n = best_trial(tables), len(tables.stage_trials("search"))
    if best is None:
        return f"No answer yet: none of {count(n, 'trial')} is complete."
    objective = Objective.of(tables.definition)
    score = f"{objective.metric} {number(float(best['score']))}"
    ahead = _ahead_everywhere(tables)
    if ahead is None:
        return f"Trial {best['trial']} is best: {score}"
    if best["trial"] not in ahead:
        return f"Trial {best['trial']} scored best, {score}, but falls behind when run again"
    if len(ahead) > 1:
        return f"Trial {best['trial']} scored best, {score}, but run again it is one of {len(ahead)} that tie"
    return f"Trial {best['trial']} is best, {score}, and stays ahead when run again"


def best_parameters(tables: SweepTables) -> list[str]:
    """Return the parameters of the best trial as ``path = value``, none without one."""
    best = best_trial(tables)
    return [] if best is None else [f"{path} = {text}" for path, text in parameters_of(best).items()]


def certainty(tables: SweepTables) -> list[str]:
    """Return how far the answer can be trusted: a sentence per split scheme of the confirm stage, or a warning."""
    if best_trial(tables) is None:
        return []
    by_split = {split: ranked for split, ranked in finalists(tables).items() if ranked[0].score.n}
    if not by_split:
        return [_unconfirmed(tables)]
    return [_leader_sentence(split, ranked) for split, ranked in by_split.items()]


def tie_sentences(tables: SweepTables) -> list[str]:
    """Return per split scheme which finalists cannot be told apart."""
    return [_tie_sentence(split, ranked) for split, ranked in finalists(tables).items() if len(ranked) > 1]


def gap_sentence(tables: SweepTables) -> str:
    """Return what the split scheme alone changes, "" with fewer than two schemes."""
    runs, objective = confirm_runs(tables), Objective.of(tables.definition)
    means = runs.groupby("split")["score"].mean().dropna().sort_values(ascending=objective.mode == "min")
    if len(means) < 2:
        return ""
    kind, strict = str(means.index[0]), str(means.index[-1])
    gap = scheme_gap(runs, kind, strict)
    if not gap.n:
        return ""
    worse = "higher" if objective.mode == "min" else "lower"
    return (
        f"The same finalists score {number(float(means.iloc[0]))} under {kind} folds and "
        f"{number(float(means.iloc[-1]))} under {strict} folds: {number(abs(gap.mean))} {worse} "
        f"{_bounds(gap)}{_from_the_split(gap)}. "
        f"Where new data come from speakers, sites or authors that training has not met, expect the {worse} one."
        + _order_changes(tables, kind, strict)
    )


def parameter_caption(parameter: SearchParameter, association: Association, n_parameters: int) -> str:
    """Return what can be said about one parameter and the score."""
    condition = f"Only where {parameter.condition_text()}. " if parameter.is_conditional else ""
    if math.isnan(association.p):
        return f"{condition}Not tested: {association.reason}."
    strength = f", ρ = {association.statistic:+.2f}".replace("-", "−") if association.method == "Spearman" else ""
    p_text = "< .001" if association.p < 0.001 else f"= {association.p:.3f}".replace("0.", ".")
    test = f"{association.method}{strength}, p {p_text}, n = {association.n} complete trials"
    if association.shown(n_parameters):
        return f"{condition}Goes with the score ({test})."
    return f"{condition}No effect shown ({test})."


def warnings(tables: SweepTables) -> list[str]:
    """Return what makes the scores hard to compare or to believe: first the mistakes that were consented to."""
    allowed = dict.fromkeys((finding.code, finding.title) for finding in tables.checks if finding.allowed)
    found = [f"{code} was found and allowed: {title}. Every score below has this mistake." for code, title in allowed]
    epochs = tables.stage_epochs("search")
    if "protocol" in epochs and len(epochs):
        complete = epochs[epochs["trial"].isin(complete_trials(tables)["trial"])]
        protocols = {frozenset(group.dropna()) for _, group in complete.groupby("trial")["protocol"]}
        if len(protocols) > 1:
            found.append(
                f"The trials were scored under {len(protocols)} different protocols (evaluation clips, labels, windows "
                "or aggregation differ): their scores are not comparable, and the ranking below mixes them."
            )
    if isinstance(tables.definition.get("objective"), list) and len(tables.definition["objective"]) > 1:
        found.append("The sweep has several objectives; this page ranks by the first.")
    changed = int((tables.stage_trials("search")["exploits"] > 0).sum())
    if changed:
        found.append(
            f"{count(changed, 'trial')} took over weights and settings of others while training: their scores are not "
            "those of the settings shown, which are the last ones. They are left out of the tests and of importance."
        )
    return found


def _ahead_everywhere(tables: SweepTables) -> set[int] | None:
    """Return the finalists that lead or tie with the leader under every split scheme; None without a confirm score."""
    leading = [
        {ranked[0].candidate, *(finalist.candidate for finalist in ranked if finalist.tied)}
        for ranked in finalists(tables).values()
        if ranked[0].score.n
    ]
    return set.intersection(*leading) if leading else None


def _unconfirmed(tables: SweepTables) -> str:
    best, n = best_trial(tables), len(complete_trials(tables))
    assert best is not None
    runs = tables.stage_epochs("search")
    n_runs = int(runs.loc[runs["trial"] == best["trial"], "run"].nunique()) if "run" in runs else 1
    spread = f" (spread between its runs {number(float(best['score_sd']))})" if best["score_sd"] > 0 else ""
    source = f"{count(max(n_runs, 1), 'run')}{spread}"
    chosen = f", and the best of {count(n, 'complete trial')} is on average too good" if n > 1 else ""
    return (
        f"How sure: not confirmed. The score comes from {source}{chosen}. A confirm stage "
        "(confirm: {top: 3, folds: [0, 1, 2], repeats: 3}) would tell."
    )


def _leader_sentence(split: str, ranked: list[Finalist]) -> str:
    leader, ties = ranked[0], [f.candidate for f in ranked if f.tied]
    score = f"{with_interval(leader.score)} (95 %, n = {count(leader.score.n, 'run')})"
    tied = f", tied with {_trials(ties)}" if ties else ", ahead of the other finalists" if len(ranked) > 1 else ""
    return f"Confirmed under {split} folds: trial {leader.candidate} {score}{tied}."


def _tie_sentence(split: str, ranked: list[Finalist]) -> str:
    leader, tied = ranked[0], [finalist for finalist in ranked if finalist.tied]
    if not leader.score.n:
        return f"{split}: no confirm run finished with a score."
    if not tied:
        return f"{split}: trial {leader.candidate} is ahead; no other interval reaches its own."
    names = _trials([leader.candidate, *(finalist.candidate for finalist in tied)])
    told = [f for f in tied if f.behind is not None and f.behind.excludes(0.0)]
    pairs = [f"trial {f.candidate} ({signed(f.behind)})" for f in told if f.behind is not None]
    paired = f" Run by run, over the same folds and repeats, the leader is ahead of {listed(pairs)}." if pairs else ""
    return f"{split}: a tie, the intervals of {names} overlap.{paired}"


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


def _order_changes(tables: SweepTables, first: str, second: str) -> str:
    ranked = finalists(tables)
    orders = [[finalist.candidate for finalist in ranked[split]] for split in (first, second)]
    if orders[0] == orders[1]:
        return ""
    return f" The order changes too: {first} puts trial {orders[0][0]} first, {second} trial {orders[1][0]}."
