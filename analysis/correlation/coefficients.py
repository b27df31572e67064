"""Pearson, Spearman and Kendall's tau-b of weighted pairs, many weightings at once.

A bootstrap resample is the original sample with integer weights. Written with weights, each coefficient of 10,000
resamples is a few matrix products instead of 10,000 sorts, and the estimate itself is the case of all weights 1.
"""

from collections.abc import Callable

import numpy as np

Weighted = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def pearson(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Product-moment correlation: weights ``(resamples, n)``, x and y ``(n,)`` -> ``(resamples,)``, NaN if constant."""
    total = weights.sum(axis=1, keepdims=True)
    x, y = x - x.mean(), y - y.mean()  # against cancellation
    dx, dy = x - weights @ x[:, None] / total, y - weights @ y[:, None] / total
    same_x, same_y = (_one_value(weights, values) for values in (x, y))
    return _ratio(_moment(weights, dx, dy), _moment(weights, dx, dx), _moment(weights, dy, dy), same_x | same_y)


def spearman(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rank correlation with midranks for ties: weights ``(resamples, n)``, x and y ``(n,)`` -> ``(resamples,)``.

    The midrank of a value, less the mean rank, is half the weight below it minus half the weight above it, so ranks
    within every resample are a product with the matrix of signs.
    """
    rx, ry = weights @ signs(x), weights @ signs(y)
    return _ratio(_moment(weights, rx, ry), _moment(weights, rx, rx), _moment(weights, ry, ry))


def kendall(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Tau-b (Kendall 1945), which leaves ties out: weights ``(resamples, n)``, x and y ``(n,)`` -> ``(resamples,)``."""
    sx, sy = signs(x), signs(y)
    agreement, untied_x, untied_y = (_moment(weights, weights @ matrix) for matrix in (sx * sy, np.abs(sx), np.abs(sy)))
    return _ratio(agreement, untied_x, untied_y)


COEFFICIENTS: dict[str, Weighted] = {"pearson": pearson, "spearman": spearman, "kendall": kendall}


def coefficient(name: str, x: np.ndarray, y: np.ndarray) -> float:
    """One coefficient of the pairs x, y ``(n,)``; NaN where a side is constant or there are fewer than two pairs."""
    if len(x) < 2:
        return float("nan")
    return float(COEFFICIENTS[name](np.ones((1, len(x))), x, y)[0])


def signs(values: np.ndarray) -> np.ndarray:
    """``(n, n)``: 1 where the value of the column is above that of the row, -1 below, 0 for a tie."""
    matrix: np.ndarray = np.sign(values[None, :] - values[:, None])
    return matrix


def _moment(weights: np.ndarray, *factors: np.ndarray) -> np.ndarray:
    product = weights
    for factor in factors:
        product = product * factor
    summed: np.ndarray = product.sum(axis=1)
    return summed


def _one_value(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether a resample holds one value only; asked of the values, because moments leave rounding errors."""
    drawn = weights > 0
    largest, smallest = np.where(drawn, values, -np.inf).max(axis=1), np.where(drawn, values, np.inf).min(axis=1)
    same: np.ndarray = largest == smallest
    return same


def _ratio(
    joint: np.ndarray, first: np.ndarray, second: np.ndarray, undefined: np.ndarray | bool = False
) -> np.ndarray:
    """joint / sqrt(first * second), NaN where it is not defined."""
    scale = np.sqrt(first) * np.sqrt(second)
    defined = (scale > 0) & ~np.asarray(undefined)
    result = np.full(scale.shape, np.nan)
    bounded: np.ndarray = np.clip(np.divide(joint, scale, out=result, where=defined), -1.0, 1.0)
    return bounded
