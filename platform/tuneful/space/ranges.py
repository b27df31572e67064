"""What a parameter may take: the kinds of entries in a sweep file's `search`."""

from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag, model_validator

from tuneful.space.conditions import among, same, show_value
from tuneful.space.entry import Entry, ordered_hint
from tuneful.space.real_ranges import LogUniformEntry, QUniformEntry, UniformEntry


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

    def as_drawn(self, value: Any) -> Any:
        """The choice that equals `value`."""
        return next(choice for choice in self.choice if same(choice, value))

    def values(self) -> tuple[Any, ...]:
        """Every choice, in the order of the file."""
        return self.choice

    def count(self) -> int:
        """The number of choices."""
        return len(self.choice)

    def describe(self) -> str:
        """`bce, ce, focal`."""
        return ", ".join(map(show_value, self.choice))


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
            raise ValueError(f"int needs lo < hi, got [{low}, {high}]. Try: {ordered_hint('int', low, high)}")
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

    def values(self) -> tuple[int, ...]:
        """From the lower to the upper end."""
        return tuple(range(self.low, self.high + 1, self.step))

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
