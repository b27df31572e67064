"""Verdicts in words: the answer in one sentence, and what to do next."""

from analysis.correlation.contrasts import Contrast
from analysis.correlation.facts import Slice

_ANSWERS = {
    "usable": "{cv} predicts {board} well enough to choose by",
    "no evidence": "nothing shows that {cv} predicts {board}",
    "misleading": "choosing by {cv} misleads about {board}",
    "not comparable": "{cv} can't be judged against {board}: its scores were not made in one way",
}
_NEXT = {
    "protocols": "Look at each protocol by itself, as below, or validate all runs in one way and analyse that.",
    "protocol_unknown": "Fill in the protocol of every row, or leave those rows out.",
    "too_few_pairs": "Submit runs that differ a lot in {cv}: the ends of the range tell most.",
    "constant": "Use a score with more decimals, or another metric: this one is saturated.",
    "negative": "Don't choose by {cv}. Look for what raises it and lowers the leaderboard, such as fitting the "
    "training domain, and validate on data like the test.",
    "reversed_within": "Compare only runs that share {column}, and there don't choose by {cv}.",
    "within_noise": "Make {cv} less noisy before submitting more: average folds and seeds, or use another metric.",
    "within_noise_but_shown": "Measure the noise by repeats: the same configuration and fold with other seeds.",
    "not_within": "Submit more runs that share {column} and differ elsewhere, or compare only across its values.",
    "weak": "Try another metric, split or aggregation; {cv} orders too few pairs right.",
    "not_shown": "Don't choose by {cv} yet. Submit runs far apart in {cv}, or try another metric or split.",
    "shown": "Choose by {cv}, and keep adding submissions: the verdict is about runs like these.",
}


def answer(found: Slice) -> str:
    """The verdict as a sentence."""
    return _ANSWERS[found.verdict].format(cv=found.cv, board=found.leaderboard)


def next_step(found: Slice) -> str:
    """What to do about it, by the reason that weighs most: noise before anything else that is not shown."""
    codes = {one.code: one for one in found.reasons if one.code in _NEXT}
    first = codes.get("within_noise") or next(iter(codes.values()))
    return _NEXT[first.code].format(cv=found.cv, column=first.numbers.get("column", ""))


def contrast_signs(contrast: Contrast) -> str:
    """Whether what differs in one setting only goes the same way on both sides."""
    pairs = contrast.same_way + contrast.opposite
    if contrast.flipped:
        return f"sign flipped, {contrast.opposite} of {pairs} pairs go against each other"
    return f"{contrast.same_way} of {pairs} pairs go the same way"
