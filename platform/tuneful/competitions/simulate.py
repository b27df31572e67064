"""Many simulated competitions, one after the other: rendered, decoded, their pools trained and judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuneful.competitions.pool import POOL
from tuneful.competitions.run import Tell, run_pool
from tuneful.competitions.shift import competition_name, competition_spec


@dataclass(frozen=True)
class Competition:
    """One to simulate."""

    seed: int
    kind: str = "soundscapes"

    @property
    def name(self) -> str:
        """Of its catalogue and its results."""
        return competition_name(self.seed, self.kind)


def simulate(competitions: Sequence[Competition], results: Path, slots: int, tell: Tell) -> None:
    """Run every competition that isn't on file yet; what was done before is kept whenever this is stopped."""
    for competition in competitions:
        _open(competition, tell)
        run_pool(competition.name, list(POOL), results, slots, tell)


def _open(competition: Competition, tell: Tell) -> None:
    """Render and decode a competition where that wasn't done yet."""
    from trainers.data.catalogue import catalogue_names
    from trainers.data.prepare import add_chorus, open_catalogue, prepare_store
    from tuneful.competitions.pool import pool_spec

    name = competition.name
    if name not in catalogue_names():
        tell(f"{name}: rendering")
        add_chorus(name, competition_spec(competition.seed, competition.kind))
    prepare_store(open_catalogue(name), pool_spec(next(iter(POOL)), name).data.sample_rate)
