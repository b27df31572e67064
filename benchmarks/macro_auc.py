"""Macro ROC-AUC of 100,000 windows x 206 classes: analysis.metrics.macro_auc against scikit-learn.

    OMP_NUM_THREADS=1 python benchmarks/macro_auc.py [--rows 100000] [--classes 206] [--json FILE]

Both must agree to 1e-12 before anything is timed. Scores are float32: all different, as stored predictions have them
(rounded to float16), and on 101 levels, where nearly everything is a tie.
"""

from collections.abc import Iterator

import numpy as np
from harness import Goal, Side, conclude, measure, parser
from sklearn.metrics import roc_auc_score

from analysis.metrics import macro_auc

GOAL = Goal.at_least(8)


def problem(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Long-tailed labels, one or two a window, and scores that know something of them: (rows, classes) each."""
    rng = np.random.default_rng(0)
    prevalence = 1.2 * (share := np.arange(1, classes + 1) ** -0.7) / share.sum()
    targets = rng.random((rows, classes), np.float32) < prevalence
    logits = rng.standard_normal((rows, classes), np.float32) + 1.5 * targets
    return targets, 1 / (1 + np.exp(-logits))


def cases(scores: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The same scores with few, some and many ties."""
    yield "float32", scores
    yield "rounded to float16", scores.astype(np.float16).astype(np.float32)
    yield "101 levels", (np.round(scores * 100) / 100).astype(np.float32)


def main() -> None:
    options = parser(__doc__, rounds=5)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--classes", type=int, default=206)
    asked = options.parse_args()
    targets, scores = problem(asked.rows, asked.classes)
    comparisons, verdicts = [], []
    for name, values in cases(scores):
        expected = roc_auc_score(targets, values, average="macro")
        np.testing.assert_allclose(macro_auc(targets, values), expected, rtol=0, atol=1e-12)
        sides = [
            Side("scikit-learn", lambda values=values: roc_auc_score(targets, values, average="macro")),
            Side("tuneful", lambda values=values: macro_auc(targets, values)),
        ]
        comparisons.append(measure(f"macro AUC, {asked.rows:,} x {asked.classes}, {name}", sides, asked.rounds))
        verdicts.append(comparisons[-1].ratio("scikit-learn", "tuneful", GOAL))
    conclude(comparisons, verdicts, asked.json)


if __name__ == "__main__":
    main()
