"""Which way a column of scores is better, told from its name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.errors import UserError
from analysis.metrics.registry import METRICS, Direction

_HIGHER = {"auc", "auroc", "roc", "ap", "map", "cmap", "accuracy", "acc", "precision", "recall", "score", "dice"}
_HIGHER |= {"f1", "lwlrap", "lrap", "kappa", "qwk", "mcc", "iou", "r2", "ndcg", "sensitivity", "specificity", "uar"}
_LOWER = {"loss", "bce", "ce", "nll", "logloss", "rmse", "rmsle", "mse", "mae", "mape", "error", "err", "eer", "wer"}
_LOWER |= {"cer", "brier", "ece", "perplexity", "ppl", "kl", "regret", "fpr", "fnr", "distance", "entropy"}
_BOARDS = {"lb", "leaderboard", "public", "private", "pub", "priv", "cv", "oof", "val", "valid", "validation", "local"}


def named_direction(name: str) -> Direction | None:
    """Which way a column is better, max or min, by the words of its name; None where they don't say, or disagree."""
    if name.removeprefix("val/") in METRICS:
        return METRICS[name.removeprefix("val/")].direction
    words = set(re.findall(r"[a-z]+\d*", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    words |= {word.rstrip("0123456789") for word in words}
    higher, lower = words & _HIGHER, words & _LOWER
    if lower and not higher - {"score"}:
        return "min"
    return "max" if higher and not lower else None


@dataclass(frozen=True)
class Directions:
    """What a person says about columns whose names don't."""

    lower: tuple[str, ...] = ()
    """columns whose smaller values are better"""
    higher: tuple[str, ...] = ()

    def lower_is_better(self, names: Sequence[str]) -> frozenset[str]:
        """Those of the columns whose smaller values are better.

        What was said counts, then the column's name. A column with a plain name of a leaderboard or of a validation
        (`lb`, `public`, `cv`) goes with the others where these are all better higher.

        Raises:
            UserError: nothing says which way a column is better, it is said both ways, or of a column without scores.
        """
        known: dict[str, Direction | None] = {name: named_direction(name) for name in names}
        known.update(self._said(names))
        directions = {way for way in known.values() if way}
        for name, way in known.items():
            if way is None and not (directions == {"max"} and _plain(name)):
                raise UserError(
                    f"{name!r} doesn't say whether higher or lower is better. "
                    f"Try: --higher-is-better {name}, or --lower-is-better {name}"
                )
        return frozenset(name for name, way in known.items() if way == "min")

    def _said(self, names: Sequence[str]) -> dict[str, Direction]:
        for name in (*self.lower, *self.higher):
            if name not in names:
                known = ", ".join(map(repr, names))
                raise UserError(f"--lower/higher-is-better {name}: no score is called {name!r}. Try: one of {known}")
            if name in self.lower and name in self.higher:
                raise UserError(f"{name!r} is said to be better both lower and higher. Try: one of the two options")
        lower: dict[str, Direction] = dict.fromkeys(self.lower, "min")
        return {**lower, **dict.fromkeys(self.higher, "max")}


def _plain(name: str) -> bool:
    return bool(set(re.findall(r"[a-z]+", name.lower())) & _BOARDS)
