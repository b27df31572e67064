"""An analysis of a leaderboard as lines of text: the answer, the numbers, the reasons, what to do next."""

from collections.abc import Iterator

from analysis.correlation.facts import Analysis, Estimate, Slice
from analysis.correlation.groups import WithinBetween
from analysis.correlation.reasons import coefficient_text, p_text
from analysis.correlation.words import answer, contrast_signs, next_step
from tuneful.leaderboard.text import plain, table, titled, wrapped

MOST_CONTRASTS = 3
MOST_ROWS = 12
_EXCLUDED = {"no_leaderboard_score": "no leaderboard score", "no_validation_score": "no validation score"}


def lines(found: Analysis, width: int) -> Iterator[str]:
    """The lines, at most `width` wide but for tables of long names; the best answer is told in full."""
    headlines = sorted(found.headlines, key=lambda one: (one.board != "public", one.p_corrected))
    if len(headlines) > 1:
        yield from table(_HEADLINE, [_headline_row(one) for one in headlines])
        yield ""
    yield from _told(headlines[0], width)
    yield from _across(found, width)
    yield from _groups(found, headlines[0])
    yield from _counted(found, width)


_HEADLINE = ("validation", "leaderboard", "submissions", "n", "Spearman", "p", "regret", "verdict")
_GROUP = ("submissions", "n", "Spearman", "p", "verdict")
_ESTIMATE = ("", "value", "95 % interval", "p")
_WITHIN = ("column", "groups", "compared", "within", "p", "between")


def _told(one: Slice, width: int) -> Iterator[str]:
    """One answer in full."""
    said = answer(one)
    where = "" if one.kind == "all" else f", {one.name}"
    yield from wrapped(f"{one.verdict.upper()}: {said} ({one.n} submissions{where}).", width)
    yield ""
    estimates = (("Spearman", one.spearman), ("Kendall tau-b", one.kendall), ("Pearson", one.pearson))
    yield from table(_ESTIMATE, [_estimate_row(name, estimate) for name, estimate in estimates] + _regret_rows(one))
    yield from titled("Why", [reason.sentence for reason in one.reasons], width)
    yield from _contrasts(one)
    if one.within:
        yield from ("", *table(_WITHIN, [_within_row(within) for within in one.within]))
    yield from titled("Next", [next_step(one)], width)


def _across(found: Analysis, width: int) -> Iterator[str]:
    """Loudly, what all protocols together would have said."""
    for one in found.slices:
        if one.kind == "all" and one.verdict == "not comparable" and found.headlines[0].kind != "all":
            text = (
                f"NOT COMPARABLE: all {one.n} submissions together would give Spearman "
                f"{coefficient_text(one.spearman.value)} between {one.cv} and {one.leaderboard}. Don't use it."
            )
            yield ""
            yield from wrapped(" ".join([text, *(reason.sentence for reason in one.reasons[:1])]), width)


def _groups(found: Analysis, told: Slice) -> Iterator[str]:
    fewest = found.thresholds.fewest_pairs
    groups = [one for one in found.slices if one.kind == "group" and (one.cv, one.board) == (told.cv, told.board)]
    large = [one for one in groups if one.n >= fewest]
    if groups:
        yield ""
    if large:
        yield from table(_GROUP, [_group_row(one) for one in large[:MOST_ROWS]])
    if hidden := len(large[MOST_ROWS:]):
        yield f"  and {hidden} more groups"
    if small := len(groups) - len(large):
        yield f"  {small} groups have fewer than {fewest} submissions."


def _counted(found: Analysis, width: int) -> Iterator[str]:
    """What was left out, which way scores are better, and by which rules."""
    left_out = [f"{count} with {_EXCLUDED[name]}" for name, count in found.excluded.items() if count]
    parts = [f"{found.rows} rows" + (f", left out: {', '.join(left_out)}" if left_out else "")]
    if found.lower_is_better:
        names = ", ".join(found.lower_is_better)
        parts.append(f"lower is better: {names} (turned, so that a positive coefficient is agreement)")
    parts.append(f"verdicts by thresholds {found.thresholds.version}")
    yield ""
    yield from wrapped("; ".join(parts) + ".", width)


def _contrasts(one: Slice) -> Iterator[str]:
    for contrast in one.contrasts[:MOST_CONTRASTS]:
        yield ""
        yield f"Alike but for {plain(contrast.column)}: {contrast_signs(contrast)}"
        header = ("submission", plain(contrast.column), one.cv, one.leaderboard)
        rows = [(member.id, member.value, f"{member.cv:g}", f"{member.leaderboard:g}") for member in contrast.members]
        yield from table(header, rows)
    if more := len(one.contrasts) - MOST_CONTRASTS:
        yield from [f"  and {more} more sets that differ in one setting only"] if more > 0 else []


def _headline_row(one: Slice) -> tuple[str, ...]:
    regret = f"{one.regret.value:.3g}" if one.regret else ""
    told = (coefficient_text(one.spearman.value), p_text(one.p_corrected), regret, one.verdict)
    return (one.cv, one.leaderboard, "all" if one.kind == "all" else one.name, str(one.n), *told)


def _group_row(one: Slice) -> tuple[str, ...]:
    return (one.name, str(one.n), coefficient_text(one.spearman.value), p_text(one.p_corrected), one.verdict)


def _estimate_row(name: str, one: Estimate) -> tuple[str, ...]:
    interval = f"{coefficient_text(one.low)} to {coefficient_text(one.high)}"
    return (name, coefficient_text(one.value), interval, p_text(one.p))


def _regret_rows(one: Slice) -> list[tuple[str, ...]]:
    if not one.regret:
        return []
    interval = f"{one.regret.low:.3g} to {one.regret.high:.3g}"
    return [("regret", f"{one.regret.value:.3g}", interval, ""), ("at random", f"{one.regret.at_random:.3g}", "", "")]


def _within_row(one: WithinBetween) -> tuple[str, ...]:
    p = p_text(min(1.0, 2 * min(one.p_greater, one.p_less))) if one.comparable else ""
    told = (coefficient_text(one.within) if one.comparable else "", p, coefficient_text(one.between))
    return (one.column, str(one.groups), str(one.compared), *told)
