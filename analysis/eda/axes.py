"""Logarithmic axes with ticks that a person reads."""

import math
from typing import Any


def log_axis(least: float, most: float) -> dict[str, Any]:
    """Type, range and ticks of an axis from `least` to `most` (> 0): 1, 2, 5 below two decades, else powers of ten."""
    low, high = math.log10(least), math.log10(most)
    margin = max(0.08, 0.04 * (high - low))
    low, high = low - margin, high + margin
    steps = (1, 2, 3, 5, 7) if high - low < 1 else (1, 2, 5) if high - low < 2.5 else (1,)
    ticks = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    shown = [tick for tick in ticks if low <= math.log10(tick) <= high]
    texts = [f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in shown]
    return {"type": "log", "range": [low, high], "tickvals": shown, "ticktext": texts}
