"""Rules of choosing: each turns a pool of runs into one number per run; the run with the highest is its pick.

A rule that needs a score or predictions that a run hasn't got gives NaN for it. No rule sees a hidden label. Weights
and members of the combined rules were chosen on the first ten simulated competitions and judged once on ten others
(`benchmarks/competitions.py`, docs/findings.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.selection.agreement_rules import agreement_on_the_line, consensus
from analysis.selection.pool import Pool

Score = Callable[[Pool], pd.Series]


@dataclass(frozen=True)
class Rule:
    """A way of choosing."""

    name: str
    score: Score
    definition: str
    """one sentence"""
    source: str


def by_score(name: str) -> Score:
    """The rule that picks by one score at home, `val/macro_auc` or `rerender/macro_auc`."""

    def score(pool: Pool) -> pd.Series:
        return pool.scores[name].astype(float) if name in pool.scores else pd.Series(float("nan"), pool.scores.index)

    return score


def rank_mean(*rules: Score) -> Score:
    """The rule that picks by the mean of the runs' ranks under several; NaN where one of them has none."""

    def score(pool: Pool) -> pd.Series:
        ranks = pd.concat([rule(pool).rank() for rule in rules], axis=1)
        return ranks.mean(axis=1, skipna=False)

    return score


_SINGLE = {
    "val/macro_auc": ("Validation macro ROC-AUC of the kept epoch.", "common practice"),
    "val/macro_auc|best": ("Validation macro ROC-AUC of the best epoch.", "common practice"),
    "val/macro_auc|mean_last_3": ("Mean validation macro ROC-AUC of the last three epochs.", "common practice"),
    "val/map": ("Validation mean average precision.", "AnuraSet (Canas et al. 2023)"),
    "val/loss": ("Validation loss, which differs in kind between losses.", "common practice"),
    "rerender/macro_auc": ("Macro ROC-AUC on validation clips rendered into the target.", "Deng & Zheng 2021"),
    "rerender/map": ("Mean average precision on the same scenes.", "Deng & Zheng 2021"),
    "rerender_equalized/macro_auc": ("The same, clips filtered to the target's spectrum.", "Deng & Zheng 2021"),
    "robustness/macro_auc@snr=0": ("Macro ROC-AUC on scenes of one clip at 0 dB.", "Hendrycks & Dietterich 2019"),
    "unlabelled/confidence": ("Mean largest probability on the target.", "Hendrycks & Gimpel 2017"),
    "unlabelled/negative_entropy": ("Minus the mean binary entropy on the target.", "Grandvalet & Bengio 2005"),
    "unlabelled/atc": ("Average thresholded confidence.", "Garg et al. 2022"),
    "unlabelled/doc": ("Difference of confidences.", "Guillory et al. 2021"),
    "unlabelled/nuclear_norm": ("Nuclear norm of the target's probabilities.", "Deng et al. 2023"),
    "unlabelled/neighbour_agreement": ("Rank agreement of windows that follow each other.", "this project"),
    "augmented/rank_agreement": ("Rank agreement with perturbed copies of the target.", "Deng et al. 2021"),
    "embeddings/frechet_distance": ("Minus the Fréchet distance of embeddings.", "Deng & Zheng 2021"),
    "embeddings/mmd": ("Minus the maximum mean discrepancy of embeddings.", "Gretton et al. 2012"),
    "embeddings/weighted_macro_auc": ("Validation macro ROC-AUC weighted by likeness.", "Sugiyama et al. 2007"),
    "embeddings/chosen_macro_auc": ("Validation macro ROC-AUC on the half most like the target.", "Pan et al. 2020"),
}
BASELINE = "val/macro_auc"

RULES: dict[str, Rule] = {
    **{name: Rule(name, by_score(name), *about) for name, about in _SINGLE.items()},
    "consensus": Rule("consensus", consensus, "Rank agreement with the mean of all other runs.", "Baek et al. 2022"),
    "agreement_on_the_line": Rule(
        "agreement_on_the_line", agreement_on_the_line, "Target accuracy from agreement of pairs.", "Baek et al. 2022"
    ),
    "scenes": Rule(
        "scenes",
        rank_mean(by_score("rerender/macro_auc"), by_score("rerender_equalized/macro_auc")),
        "Mean rank by re-rendered scenes as they are and filtered to the target's spectrum.",
        "this project",
    ),
    "scenes + nuclear_norm": Rule(
        "scenes + nuclear_norm",
        rank_mean(
            by_score("rerender/macro_auc"),
            by_score("rerender_equalized/macro_auc"),
            by_score("unlabelled/nuclear_norm"),
        ),
        "Mean rank by both kinds of scenes and by confident, diverse predictions on the target.",
        "this project; Deng et al. 2023",
    ),
}
