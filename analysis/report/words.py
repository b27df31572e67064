"""Numbers as text, the same everywhere on the page."""

import math

from analysis.uncertainty import Interval

DASH = "–"


def number(value: float, digits: int = 4) -> str:
    """Return a score with fixed digits, a dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else DASH


def with_interval(interval: Interval, digits: int = 4) -> str:
    """Return ``0.9123 ± 0.0045`` or, without an interval, the mean alone."""
    if not math.isfinite(interval.low):
        return number(interval.mean, digits)
    return f"{number(interval.mean, digits)} ± {number(interval.half_width, digits)}"


def signed(interval: Interval, digits: int = 4) -> str:
    """Return a difference with its bounds: ``−0.0094 [−0.0138, −0.0051]``."""
    if not math.isfinite(interval.mean):
        return DASH
    parts = [f"{value:+.{digits}f}".replace("-", "−") for value in (interval.mean, interval.low, interval.high)]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]" if math.isfinite(interval.low) else parts[0]


def duration(seconds: float) -> str:
    """Return seconds as a person says them: 42 s, 12 min, 3 h 05 min."""
    if not math.isfinite(seconds):
        return DASH
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(n: int, noun: str) -> str:
    """Return ``1 trial`` or ``3 trials``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(items: list[str], last: str = "and") -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
