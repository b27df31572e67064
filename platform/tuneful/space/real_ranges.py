"""Ranges of real numbers: uniform, loguniform, quniform."""

import math
from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import Field, model_validator

from tuneful.space.entry import Entry, ordered_hint

MULTIPLE_TOLERANCE = 1e-9
"""Relative; how far (hi - lo) / step may be from an integer through rounding."""


class FloatEntry(Entry):
    """A range of real numbers, both ends included."""

    @property
    @abstractmethod
    def low(self) -> float:
        """The lower end."""

    @property
    @abstractmethod
    def high(self) -> float:
        """The upper end."""

    log: ClassVar[bool] = False

    @property
    def step(self) -> float | None:
        """The distance of neighbouring values; None: continuous."""
        return None

    @model_validator(mode="after")
    def _ordered(self) -> "FloatEntry":
        if self.low >= self.high:
            text = f"{self.kind} needs lo < hi, got [{self.low:g}, {self.high:g}]"
            raise ValueError(f"{text}. Try: {ordered_hint(self.kind, self.low, self.high)}")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.kind} needs lo > 0, got {self.low:g}. Try: a small positive lo, or uniform")
        return self

    def corners(self) -> tuple[float, ...]:
        """Both ends and a value between them."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        if self.step is not None:
            middle = self._after(self.count_steps() // 2)
        return tuple(dict.fromkeys((self.low, self.high, middle)))

    def takes(self, value: Any) -> bool:  # noqa: ARG002
        """Never exactly: a condition needs a choice or an int."""
        return False

    def contains(self, value: Any) -> bool:
        """Whether `value` is a number within the ends, and on a step where there are steps."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) <= MULTIPLE_TOLERANCE * max(1.0, steps)

    def as_drawn(self, value: Any) -> Any:
        """As a real number, where there are steps the one that `values` holds: samplers draw 0.30000000000000004."""
        return self._after(round((value - self.low) / self.step)) if self.step else float(value)

    def values(self) -> tuple[float, ...]:
        """From the lower to the upper end."""
        return tuple(map(self._after, range(self.count_steps() + 1))) if self.step else ()

    def somewhere(self, share: float) -> Any:
        """The value at a share >= 0 and < 1 of the range."""
        if self.step is not None:
            return super().somewhere(share)
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def count(self) -> int | None:
        """None, or the number of steps and one."""
        return None if self.step is None else self.count_steps() + 1

    def count_steps(self) -> int:
        """How many steps lead from the lower to the upper end."""
        return round((self.high - self.low) / self.step) if self.step else 0

    def _after(self, steps: int) -> float:
        """The value so many steps from the lower end, without the last digits that adding them up leaves."""
        return float(f"{self.low + steps * (self.step or 0.0):.12g}")

    def describe(self) -> str:
        """`0.5 to 4`, with `log` or the step."""
        extra = ", log" if self.log else f", step {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{extra}"


class UniformEntry(FloatEntry):
    """Real numbers, all equally likely."""

    kind: ClassVar[str] = "uniform"
    bounds: tuple[float, float] = Field(alias="uniform")

    @property
    def low(self) -> float:
        """The lower end."""
        return self.bounds[0]

    @property
    def high(self) -> float:
        """The upper end."""
        return self.bounds[1]


class LogUniformEntry(UniformEntry):
    """Real numbers, their logarithms equally likely."""

    kind: ClassVar[str] = "loguniform"
    log: ClassVar[bool] = True
    bounds: tuple[float, float] = Field(alias="loguniform")


class QUniformEntry(FloatEntry):
    """Real numbers lo, lo + step, ..., hi."""

    kind: ClassVar[str] = "quniform"
    bounds: tuple[float, float, float] = Field(alias="quniform")

    @property
    def low(self) -> float:
        """The lower end."""
        return self.bounds[0]

    @property
    def high(self) -> float:
        """The upper end."""
        return self.bounds[1]

    @property
    def step(self) -> float:
        """The distance of neighbouring values."""
        return self.bounds[2]

    @model_validator(mode="after")
    def _divisible(self) -> "QUniformEntry":
        if self.step <= 0:
            raise ValueError(f"quniform needs step > 0, got {self.step:g}. Try: quniform: [lo, hi, step]")
        steps = (self.high - self.low) / self.step
        if abs(steps - round(steps)) > MULTIPLE_TOLERANCE * max(1.0, steps):
            last = self.low + math.floor(steps) * self.step
            raise ValueError(
                f"quniform never reaches hi {self.high:g} in steps of {self.step:g}. "
                f"Try: quniform: [{self.low:g}, {last:g}, {self.step:g}]"
            )
        return self
