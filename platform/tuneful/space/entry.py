"""What every entry of a sweep file's `search` has in common."""

from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import Field

from trainers.config.section import Section


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

    def contains(self, value: Any) -> bool:
        """Whether `value` lies in the entry."""
        return self.takes(value)

    def as_drawn(self, value: Any) -> Any:
        """A value that lies in the entry as a trial would have it: 1 as 1.0 in a range of real numbers."""
        return value

    @abstractmethod
    def values(self) -> tuple[Any, ...]:
        """All values in order; none for a continuous range."""

    def somewhere(self, share: float) -> Any:
        """The value at a share >= 0 and < 1 of all values."""
        values = self.values()
        return values[int(share * len(values))]

    @abstractmethod
    def count(self) -> int | None:
        """How many values there are; None: a continuous range."""

    @abstractmethod
    def describe(self) -> str:
        """The values in a few words, for people."""


def ordered_hint(kind: str, low: float, high: float) -> str:
    """The bounds the other way round, or the single value as a choice."""
    if low == high:
        return f"choice: [{low:g}]"
    step = ", step" if kind == "quniform" else ""
    return f"{kind}: [{high:g}, {low:g}{step}]"
