"""The harness of every benchmark: both sides of a claim in one run, round by round, and the ratio between them.

Absolute seconds drift by a third with whoever shares the machine; two sides measured in turns (A B A B ...) drift
together, so what a benchmark says is a ratio. Every script takes `--rounds N` and `--json FILE`.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

console = Console(width=None if sys.stdout.isatty() else 140)
Clock = Literal["cpu", "wall"]


@dataclass(frozen=True)
class Side:
    """One way of doing the same thing."""

    name: str
    call: Callable[[], object]
    units: int = 1
    """pieces of work in a call, such as crops: seconds are per unit, so that a slow side may do fewer"""


@dataclass(frozen=True)
class Measured:
    """Seconds per unit of one side, round by round."""

    name: str
    cpu: list[float]
    wall: list[float]

    def seconds(self, clock: Clock) -> list[float]:
        """The rounds by one of the clocks."""
        return self.cpu if clock == "cpu" else self.wall


@dataclass(frozen=True)
class Goal:
    """A bound that a figure should keep."""

    sign: Literal[">=", "<="]
    bound: float

    @classmethod
    def at_least(cls, bound: float) -> "Goal":
        """The figure must not be smaller."""
        return cls(">=", bound)

    @classmethod
    def at_most(cls, bound: float) -> "Goal":
        """The figure must not be larger."""
        return cls("<=", bound)

    def met(self, value: float) -> bool:
        """Whether a figure keeps the bound; a NaN does not."""
        return bool(value >= self.bound if self.sign == ">=" else value <= self.bound)


@dataclass(frozen=True)
class Verdict:
    """A figure and, where there is one, the goal it is held against."""

    text: str
    value: float
    goal: Goal | None = None
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "met": self.goal.met(self.value) if self.goal else None}


@dataclass(frozen=True)
class Comparison:
    """Sides that were measured in one run."""

    title: str
    sides: dict[str, Measured]
    clock: Clock

    def ratio(self, slow: str, fast: str, goal: Goal | None = None) -> Verdict:
        """Seconds of `slow` over seconds of `fast`: of the medians, with the spread over the rounds."""
        above, below = (self.sides[name].seconds(self.clock) for name in (slow, fast))
        pairs = [a / b for a, b in zip(above, below, strict=True)]
        value = statistics.median(above) / statistics.median(below)
        return Verdict(f"{self.title}: {slow} / {fast}", value, goal, min(pairs), max(pairs))

    def seconds(self, name: str, goal: Goal | None = None) -> Verdict:
        """The median seconds of a side."""
        values = self.sides[name].seconds(self.clock)
        return Verdict(f"{self.title}: seconds of {name}", statistics.median(values), goal, min(values), max(values))


def measure(title: str, sides: Sequence[Side], rounds: int, clock: Clock = "cpu", warmup: int = 1) -> Comparison:
    """Run the sides in turns: `warmup` rounds that don't count, then `rounds` that do. Prints a table."""
    measured = {side.name: Measured(side.name, [], []) for side in sides}
    for number in range(warmup + rounds):
        for side in sides:
            cpu, wall = time.process_time(), time.perf_counter()
            side.call()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if number >= warmup:
                measured[side.name].cpu.append(cpu / side.units)
                measured[side.name].wall.append(wall / side.units)
    comparison = Comparison(title, measured, clock)
    _print(comparison, rounds)
    return comparison


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks share."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=rounds, help=f"rounds after the warm-up (default {rounds})")
    made.add_argument("--json", type=Path, help="write figures and machine to this file")
    return made


def conclude(comparisons: Iterable[Comparison], verdicts: Sequence[Verdict], file: Path | None) -> None:
    """Print the verdicts; write everything to `file` where one is given."""
    print_verdicts(verdicts)
    if file:
        figures = {"comparisons": [asdict(one) for one in comparisons], "verdicts": [one.as_dict() for one in verdicts]}
        write_json(file, figures)


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Each figure with its spread, its goal and whether it is met."""
    table = Table("figure", "value", "spread", "goal", "", title="verdict")
    for one in verdicts:
        spread = f"{one.low:.4g} - {one.high:.4g}" if one.low is not None and one.high is not None else ""
        goal = f"{one.goal.sign} {one.goal.bound:g}" if one.goal else ""
        met = ("met" if one.goal.met(one.value) else "missed") if one.goal else ""
        table.add_row(one.text, f"{one.value:.4g}", spread, goal, met)
    console.print(table)


def write_json(file: Path, figures: dict[str, Any]) -> None:
    """Figures with the command and the machine."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"command": shlex.join(sys.argv), "machine": machine(), **figures}, indent=1) + "\n")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "gpu": _gpu(),
        "python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "ray", "numpy", "scikit-learn")},
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _print(comparison: Comparison, rounds: int) -> None:
    first = next(iter(comparison.sides))
    table = Table("side", "median", "min - max", f"{first} / side", title=f"{comparison.title} ({rounds} rounds)")
    table.columns[1].header = f"median, {comparison.clock}"
    for name, measured in comparison.sides.items():
        seconds = measured.seconds(comparison.clock)
        ratio = comparison.ratio(first, name)
        table.add_row(
            name,
            _short(statistics.median(seconds)),
            f"{_short(min(seconds))} - {_short(max(seconds))}",
            f"{ratio.value:.3g} ({ratio.low:.3g} - {ratio.high:.3g})",
        )
    console.print(table)


def _short(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _gpu() -> str | None:
    torch = sys.modules.get("torch")  # not imported for its name alone
    return torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
