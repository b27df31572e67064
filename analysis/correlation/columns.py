"""Which column of a table plays which role."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """Which column of a table plays which role."""

    cv: tuple[str, ...]
    """validation scores, one candidate each"""
    public: str
    id: str | None = None
    """names the submission; without it, the line does"""
    private: str | None = None
    protocol: str | None = None
    """says how the validation score was made"""
    by: tuple[str, ...] = ()
    """settings to look within"""

    @property
    def boards(self) -> dict[str, str]:
        """The leaderboards there are: public or private -> column."""
        return {"public": self.public} | ({"private": self.private} if self.private else {})

    @property
    def scores(self) -> tuple[str, ...]:
        """The columns that hold numbers."""
        return (*self.cv, *self.boards.values())

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that has a role."""
        named = [self.id, *self.scores, self.protocol, *self.by]
        return tuple(dict.fromkeys(name for name in named if name))
