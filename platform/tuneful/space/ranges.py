"""What a parameter may take: one class per kind of entry in a sweep file's `search`."""

import math
from abc import abstractmethod
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag, model_validator

from trainers.config.section import Section
from tuneful.space.conditions import among, show_value

MULTIPLE_TOLERANCE = 1e-9
"""Relative; how far (hi - lo) / step may be from an integer through rounding."""


class Entry(Section):
    """A set of values for one parameter, used where `when` holds."""

    kind: ClassVar[str]
    when: dict[str, tuple[Any, ...]] = Field({}, description="path -> values of another parameter; all must hold")

    @abstractmethod
    def corners(self) -> tuple[Any, ...]:
        """The values to try when the entry is checked: all choices, or both ends and the middle of a range."""

    @abstractmethod
    def takes(self, value: Any) -> bool:
        """Whether a trial can draw exactly `value`."""

    @abstractmethod
    def count(self) -> int | None:
        """How many values there are; None: a continuous range."""

    @abstractmethod
    def describe(self) -> str:
        """The values in a few words, for people."""


def _ordered_hint(kind: str, low: float, high: float) -> str:
    """The bounds the other way round, or the single value as a choice."""
    if low == high:
        return f"choice: [{low:g}]"
    step = ", step" if kind == "quniform" else ""
    return f"{kind}: [{high:g}, {low:g}{step}]"


class ChoiceEntry(Entry):
    """One of a list of values."""

    kind: ClassVar[str] = "choice"
    choice: tuple[Any, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "ChoiceEntry":
        for index, value in enumerate(self.choice):
            if any(value == other for other in self.choice[:index]):
                raise ValueError(f"choice holds {show_value(value)} twice. Try: keep one of the two")
        return self

    def corners(self) -> tuple[Any, ...]:
        """Every choice."""
        return self.choice

    def takes(self, value: Any) -> bool:
        """Whether `value` is one of the choices."""
        return among(value, self.choice)

    def count(self) -> int:
        """The number of choices."""
        return len(self.choice)

    def describe(self) -> str:
        """`bce, ce, focal`."""
        return ", ".join(map(show_value, self.choice))


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
            raise ValueError(f"{text}. Try: {_ordered_hint(self.kind, self.low, self.high)}")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.kind} needs lo > 0, got {self.low:g}. Try: a small positive lo, or uniform")
        return self

    def corners(self) -> tuple[float, ...]:
        """Both ends and a value between them."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        if self.step is not None:
            middle = self.low + (self.count_steps() // 2) * self.step
        return tuple(dict.fromkeys((self.low, self.high, middle)))

    def takes(self, value: Any) -> bool:  # noqa: ARG002
        """Never exactly: a condition needs a choice or an int."""
        return False

    def count(self) -> int | None:
        """None, or the number of steps and one."""
        return None if self.step is None else self.count_steps() + 1

    def count_steps(self) -> int:
        """How many steps lead from the lower to the upper end."""
        return round((self.high - self.low) / self.step) if self.step else 0

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


class IntEntry(Entry):
    """Whole numbers, both ends included."""

    kind: ClassVar[str] = "int"
    bounds: tuple[int, int] = Field(alias="int")
    log: bool = Field(False, description="logarithms equally likely")
    step: Annotated[int, Field(ge=1)] = 1

    @property
    def low(self) -> Any:
        """The lower end."""
        return self.bounds[0]

    @property
    def high(self) -> Any:
        """The upper end."""
        return self.bounds[1]

    @model_validator(mode="after")
    def _ordered(self) -> "IntEntry":
        low, high = self.bounds
        if low >= high:
            raise ValueError(f"int needs lo < hi, got [{low}, {high}]. Try: {_ordered_hint('int', low, high)}")
        if self.log and low <= 0:
            raise ValueError(f"int with log needs lo > 0, got {low}. Try: int: [1, {high}], or leave log out")
        if self.log and self.step != 1:
            raise ValueError("int can have log or step, not both. Try: choice with the values written out")
        if (high - low) % self.step:
            last = high - (high - low) % self.step
            raise ValueError(
                f"int never reaches hi {high} in steps of {self.step}. Try: int: [{low}, {last}], step: {self.step}"
            )
        return self

    def corners(self) -> tuple[Any, ...]:
        """Both ends and a value between them."""
        middle = self.low + (self.count() // 2) * self.step
        return tuple(dict.fromkeys((self.low, self.high, middle)))

    def takes(self, value: Any) -> bool:
        """Whether `value` is one of the numbers."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return bool(self.low <= value <= self.high and (value - self.low) % self.step == 0)

    def count(self) -> int:
        """How many numbers there are."""
        return int((self.high - self.low) // self.step) + 1

    def describe(self) -> str:
        """`8 to 64`, with `log` or the step."""
        extra = ", log" if self.log else f", step {self.step}" if self.step != 1 else ""
        return f"{self.low} to {self.high}, whole{extra}"


KINDS: dict[str, type[Entry]] = {
    entry.kind: entry for entry in (ChoiceEntry, UniformEntry, LogUniformEntry, QUniformEntry, IntEntry)
}
"""Kinds of entries by the key that marks them in a sweep file."""


def kind_of(entry: Any) -> str | None:
    """The kind of an entry as read from YAML, None where it has none or several."""
    if isinstance(entry, Entry):
        return entry.kind
    kinds = [key for key in entry if key in KINDS] if isinstance(entry, dict) else []
    return kinds[0] if len(kinds) == 1 else None


AnyEntry = Annotated[
    Annotated[ChoiceEntry, Tag("choice")]
    | Annotated[UniformEntry, Tag("uniform")]
    | Annotated[LogUniformEntry, Tag("loguniform")]
    | Annotated[QUniformEntry, Tag("quniform")]
    | Annotated[IntEntry, Tag("int")],
    Discriminator(
        kind_of,
        custom_error_type="entry_kind",
        custom_error_message="needs exactly one of choice, uniform, loguniform, quniform, int",
    ),
]
"""An entry of any kind, told apart by its key."""
