"""A model of the leaderboard given scores at home and settings, for few submissions and many columns."""

import dataclasses
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation.groups import stated

FEWEST_TO_FIT = 5
"""Below this many submissions the strengths of the kernel are left at their start: nothing could tell them."""
NOISE = (0.05, 1.0)
"""Bounds of the noise variance, as a share of the leaderboard's variance; never 0, which would trust every decimal."""
SIGNAL = (1e-3, 10.0)
"""Bounds of the variance that goes with the columns; almost 0 where they say nothing."""


@dataclass(frozen=True)
class Belief:
    """What is believed of the true leaderboard scores of candidates, jointly normal."""

    mean: np.ndarray
    """(candidates,)"""
    covariance: np.ndarray
    """(candidates, candidates)"""
    noise_variance: float
    """of one observed score"""
    best: float
    """the highest believed score of what was submitted; an observed maximum would be a lucky one"""
    spread: float
    """sd of the observed scores"""

    def margin(self, place: int) -> float:
        """Half of the 95 % interval of the score that a candidate would get."""
        return 1.96 * float(np.sqrt(max(0.0, self.covariance[place, place]) + self.noise_variance))

    def after(self, place: int) -> "Belief":
        """The belief once a candidate scored what was expected of it, a fantasy: surer, and otherwise the same."""
        column = self.covariance[:, place]
        left = self.covariance - np.outer(column, column) / (column[place] + self.noise_variance)
        return dataclasses.replace(self, covariance=left)


def features(table: pd.DataFrame, scores: tuple[str, ...], settings: tuple[str, ...]) -> np.ndarray:
    """Columns as numbers ``(rows, d)``: scores and numeric settings standardised, other settings one column per value.

    A cell without a value is the mean. Scores weigh one together, and so do settings: twenty aggregates of one metric
    are not twenty pieces of evidence.
    """
    own = [_standard(pd.to_numeric(table[name], errors="coerce")) for name in scores]
    blocks = [np.column_stack(own) / np.sqrt(len(own))] if own else []
    made = [_setting(table[name]) for name in settings]
    if made:
        blocks.append(np.hstack(made) / np.sqrt(len(made)))
    return np.hstack(blocks) if blocks else np.zeros((len(table), 0))


def believe(known: np.ndarray, scores: np.ndarray, candidates: np.ndarray, noise_sd: float | None = None) -> Belief:
    """Fit a Gaussian process (Rasmussen and Williams 2006) and ask it about candidates.

    Its kernel is linear (a Bayesian linear model with one prior for all columns) plus smooth (squared exponential) plus
    noise; the strengths are those of largest marginal likelihood within bounds.

    Args:
        known: ``(n, d)`` features of what was submitted.
        scores: ``(n,)`` its leaderboard scores, larger is better.
        candidates: ``(m, d)``.
        noise_sd: of one leaderboard score; fitted where it is None.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel

    spread = float(scores.std()) or 1.0
    given = None if noise_sd is None else max((noise_sd / spread) ** 2, 1e-6)
    noise = WhiteKernel(0.3, NOISE) if given is None else WhiteKernel(given, "fixed")
    linear = ConstantKernel(0.5, SIGNAL) * DotProduct(0.0, "fixed")
    smooth = ConstantKernel(0.2, SIGNAL) * RBF(1.0, (0.5, 5.0))
    optimizer = "fmin_l_bfgs_b" if len(scores) >= FEWEST_TO_FIT else None
    model = GaussianProcessRegressor(linear + smooth + noise, optimizer=optimizer, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a strength at its bound is an answer: it says nothing
        model.fit(known, scores)
    variance = float(model.kernel_.k2.noise_level) * spread**2
    mean, covariance = model.predict(candidates, return_cov=True)
    covariance = covariance - variance * np.eye(len(candidates))
    return Belief(mean, covariance, variance, float(model.predict(known).max()), spread)


def _standard(values: pd.Series) -> np.ndarray:
    numbers = values.to_numpy(dtype=float)
    finite = np.isfinite(numbers)
    sd = numbers[finite].std() if finite.any() else 0.0
    if sd == 0:
        return np.zeros(len(numbers))
    return np.where(finite, (numbers - numbers[finite].mean()) / sd, 0.0)


def _setting(values: pd.Series) -> np.ndarray:
    text = values.astype(str).str.strip()
    said = stated(text)
    numbers = pd.to_numeric(text.where(said), errors="coerce")
    if numbers[said].notna().all() and said.any():
        return _standard(numbers)[:, None]
    return pd.get_dummies(text.where(said)).to_numpy(dtype=float)
