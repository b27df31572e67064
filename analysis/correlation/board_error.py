"""What a published leaderboard score hides: decimals that were cut off, and a test that could have been another."""

import numpy as np

DRAWS = 50
"""Versions of the leaderboard that an interval is shared out among."""
MOST_DECIMALS = 5
"""Scores with more decimals are taken as exact."""


def rounding_step(values: np.ndarray) -> float:
    """The unit of the last decimal that the scores ``(n,)`` use: 0.001 for three; 0 where they look exact."""
    for decimals in range(1, MOST_DECIMALS + 1):
        if np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9):
            return float(10.0**-decimals)
    return 0.0


def board_versions(values: np.ndarray, test_sd: float, seed: int, draws: int = DRAWS) -> np.ndarray:
    """The leaderboard as published, then `draws` others that it could as well have been: ``(1 + draws, n)``.

    A rounded score lay anywhere within half a unit of what is shown, which also breaks the ties. With `test_sd`, the
    sampling error of one score, each version is scored by a test of its own, so what follows is the relation on
    another test of that size: a test's noise is not taken out, it is shown. Only the first version where nothing is
    hidden.
    """
    step = rounding_step(values)
    if step == 0 and test_sd == 0:
        return values[None]
    rng = np.random.default_rng(seed)
    hidden = rng.uniform(-step / 2, step / 2, (draws, len(values))) + rng.normal(0, 1, (draws, len(values))) * test_sd
    return np.vstack([values, values + hidden])
