"""What the page says in words beside the sentences that the terminal says."""

from analysis.correlation.coefficients import coefficient
from analysis.correlation.contrasts import Contrast
from analysis.correlation.facts import Slice
from analysis.correlation.noise import NoiseFloor
from analysis.correlation.pairs import Pairs
from analysis.correlation.reasons import coefficient_text
from analysis.correlation.words import answer
from analysis.leaderboard.effect_words import confounded_sentence, effect_sentence
from analysis.leaderboard.effects import Effects
from analysis.leaderboard.signs import Sign
from analysis.report.leaderboard.examine import Examined
from analysis.report.leaderboard.subject import Subject
from analysis.report.words import count, listed
from analysis.selection.decision import Decision

MOST_SENTENCES = 8
MOST_CHANGES = 20
"""Changes that are told in words, those of most pairs first."""


def headline(one: Slice) -> str:
    """The first answer, as the page's title."""
    where = "" if one.kind == "all" else f", among {one.name}"
    return f"{one.verdict.capitalize()}: {answer(one)}{where}"


def counted(found: Examined) -> list[str]:
    """What was read and what was left out."""
    analysis = found.analysis
    missing = {"no_leaderboard_score": "no leaderboard score", "no_validation_score": "no validation score"}
    said = [f"{count(n, 'row')} with {missing[name]}" for name, n in analysis.excluded.items() if n]
    sentences = [f"Left out of the verdicts: {listed(said)}."] if said else []
    if analysis.lower_is_better:
        sentences.append(f"Lower is better: {', '.join(analysis.lower_is_better)}; turned, so that + is agreement.")
    return [*sentences, *found.subject.notes]


def mixed(found: Examined) -> list[str]:
    """What all protocols together would have said, and that it says nothing."""
    if found.headline.kind == "all":
        return []
    return [
        f"Not comparable: all {one.n} submissions together would give Spearman {coefficient_text(one.spearman.value)} "
        f"between {one.cv} and {one.leaderboard}. Don't use it. {one.reasons[0].sentence}"
        for one in found.analysis.slices
        if one.kind == "all" and one.verdict == "not comparable"
    ][:1]


def signs_sentence(signs: tuple[Sign, ...]) -> str:
    """Which settings go opposite ways, and of how many that is sure."""
    opposite = [one for one in signs if one.opposite]
    sure = [one for one in opposite if one.cv.sign * one.leaderboard.sign < 0]
    if not opposite:
        return f"No setting or value of one (of {len(signs)}) goes opposite ways on the two sides."
    said = f"{len(opposite)} of {len(signs)} go opposite ways on the two sides"
    if not sure:
        return f"{said}, none of them beyond chance on both."
    return f"{said}, beyond chance on both: {listed([one.name for one in sure][:MOST_SENTENCES])}."


def effect_sentences(found: Effects) -> list[str]:
    """The changes worth a sentence: shown, mixed, or of opposite signs by the first validation score."""
    told = [
        one
        for one in found.effects
        if one.leaderboard.status in ("shown", "mixed") or (found.cv and one.flipped(found.cv[0]))
    ]
    return [effect_sentence(found, one) for one in sorted(told, key=lambda one: -len(one.pairs))[:MOST_CHANGES]]


def confounders(found: Effects) -> list[str]:
    """Settings that were only changed together."""
    return [confounded_sentence(one) for one in found.confounded]


def contrasts_sentence(contrasts: tuple[Contrast, ...]) -> str:
    """How many sets of submissions that differ in one setting only contradict the validation score."""
    flipped, n = sum(one.flipped for one in contrasts), len(contrasts)
    if n == 1:
        way = "validation and leaderboard go against each other" if flipped else "both go the same way"
        return f"One set of submissions differs in one setting only, and there {way}."
    return (
        f"{n} sets of submissions differ in one setting only; in {flipped or 'none'} of them validation and "
        "leaderboard go against each other."
    )


def noise_sentence(floor: NoiseFloor) -> str:
    """The spread of a score over submissions beside that of one configuration, and what follows."""
    said = (
        f"Submissions range over {floor.range:.3g} (sd {floor.sd:.3g}). One configuration by itself has sd "
        f"{floor.noise.sd:.3g} ({floor.noise.source}); as many runs of it would range over {floor.range_of_noise:.3g}."
    )
    if floor.within_noise:
        return f"{said} The submissions spread no wider than chance: they cannot be ranked by it."
    return (
        f"{said} {floor.reliability:.0%} of the variance is more than noise; no correlation above {floor.ceiling:.2f} "
        "could be seen."
    )


def ladder_sentence(found: Decision) -> str | None:
    """How many new bests are above the noise; None where the noise of the leaderboard isn't known."""
    if found.ladder is None:
        return None
    ladder = found.ladder
    return (
        f"A new best counts when it is above the last by more than {ladder.step:.2g} ({ladder.noise.source}): "
        f"{len(ladder.accepted)} of {len(ladder.rungs)} submissions; {len(ladder.within_noise)} were higher by less."
    )


def shaken(subject: Subject) -> str | None:
    """How far the private leaderboard kept the public order; None where fewer than two submissions have both."""
    if subject.columns.private is None:
        return None
    columns = subject.columns
    pairs = Pairs.of(subject.table, columns.public, subject.columns.private, subject.options.lower_is_better)
    if len(pairs) < 2:
        return None
    place = int((pairs.y > pairs.y[pairs.x.argmax()]).sum()) + 1
    rho = coefficient_text(coefficient("spearman", pairs.x, pairs.y))
    return (
        f"Of {len(pairs)} submissions with both scores, the best by public score is number {place} by private score; "
        f"Spearman {rho} between the two."
    )
