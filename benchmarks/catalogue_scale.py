"""A catalogue of 30,000 clips and 250 classes is added, checked and split by the command line: seconds and memory.

    python benchmarks/catalogue_scale.py [--clips 30000] [--classes 250] [--json FILE]

Metadata are made up: a long tail of classes, up to three secondary labels, 2,000 authors. Two layouts:

- `csv`: the clips are stretches of 60 recordings, so few files are looked at, many rows name each;
- `birdclef`: a file for each clip, half a second of noise of its own. Looking at them costs what it costs for real ones
  but for reading their bytes, which are hashed once: 10 GB more at what the disk gives.

Each step is a process of its own. Seconds are those of the wall clock; the CPU's and the load stand beside them, for a
machine that others use. Memory is the largest resident set of any process, its children included; the goal
is for all steps of a layout together.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

GOAL_S, GOAL_GIB = 60.0, 2.0
RATE_HZ = 8000
CLIP_S = 0.5
SHARED_FILES = 60
AUTHORS = 2000
PLATFORM = str(Path(sys.executable).parent / "platform")


@dataclass(frozen=True)
class Step:
    """What a command took."""

    layout: str
    name: str
    wall_s: float
    cpu_s: float
    peak_gib: float


def labels_of(clips: int, classes: int) -> list[list[str]]:
    """A main label for each clip, every class twice at least, and up to three others, the frequent ones more often."""
    rng = np.random.default_rng(0)
    share = np.arange(1, classes + 1) ** -0.8
    main = np.concatenate(
        [np.tile(np.arange(classes), 2), rng.choice(classes, clips - 2 * classes, p=share / share.sum())]
    )
    others = [rng.choice(classes, rng.integers(0, 4), p=share / share.sum()) for _ in range(clips)]
    return [
        list(dict.fromkeys(f"class{number:03}" for number in (first, *rest)))
        for first, rest in zip(rng.permutation(main), others, strict=True)
    ]


def authors_of(clips: int) -> list[str]:
    """Few have recorded much, most little."""
    share = np.arange(1, AUTHORS + 1) ** -0.7
    return [f"author{number}" for number in np.random.default_rng(1).choice(AUTHORS, clips, p=share / share.sum())]


def write_sound(path: Path, seconds: float, rng: np.random.Generator) -> None:
    """Noise, different in every file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, rng.integers(-9000, 9000, round(seconds * RATE_HZ), np.int16), RATE_HZ)


def write_table(path: Path, rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def make_csv(folder: Path, clips: int, classes: int) -> Path:
    """A table of stretches of few files."""
    rng, each = np.random.default_rng(2), -(-clips // SHARED_FILES)
    for number in range(SHARED_FILES):
        write_sound(folder / f"r{number}.wav", each * CLIP_S, rng)
    rows: list[list[object]] = [["path", "labels", "author", "start_s", "duration_s"]]
    described = zip(labels_of(clips, classes), authors_of(clips), strict=True)
    for number, (labels, author) in enumerate(described):
        place, turn = number % SHARED_FILES, number // SHARED_FILES
        rows.append([f"r{place}.wav", ";".join(labels), f"{author}-{place}", turn * CLIP_S, CLIP_S])
    write_table(folder / "table.csv", rows)
    return folder / "table.csv"


def make_birdclef(folder: Path, clips: int, classes: int) -> Path:
    """A BirdCLEF competition's folder."""
    rng = np.random.default_rng(3)
    rows: list[list[object]] = [["primary_label", "secondary_labels", "author", "filename", "rating", "latitude"]]
    described = zip(labels_of(clips, classes), authors_of(clips), strict=True)
    for number, ((first, *others), author) in enumerate(described):
        name = f"{first}/XC{number}.wav"
        write_sound(folder / "train_audio" / name, CLIP_S, rng)
        rows.append([first, str(others), author, name, number % 11 / 2, number % 90])
    write_table(folder / "train.csv", rows)
    return folder


LAYOUTS = {"csv": make_csv, "birdclef": make_birdclef}


def commands(layout: str, path: Path) -> Iterator[tuple[str, list[str]]]:
    """The steps and what is typed for them."""
    own = ["--data", layout]
    yield "add", ["data", "add", layout, str(path), "--name", layout]
    yield "check a sweep file", ["check", "loss", *own, "data.sample_rate=8000", "front_end.f_max=4000"]
    yield "check a recipe", ["check", "chorus", *own, "data.sample_rate=8000", "front_end.f_max=4000"]
    yield "split", ["data", "split", layout, "--scheme", "multilabel_group", "n_folds=5"]


def run(layout: str, name: str, command: list[str], home: Path) -> Step:
    """Run the command line as a user does; its output goes to a file, shown when it fails."""
    log = home.parent / "log"
    started = time.perf_counter()
    with log.open("wb") as output:
        child = os.posix_spawn(
            PLATFORM,
            [PLATFORM, *command],
            {**os.environ, "TUNEFUL_HOME": str(home)},
            file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)],
        )
        _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - started
    # a check that names mistakes ends with 2; that is no failure of the command
    if os.waitstatus_to_exitcode(status) not in ((0, 2) if command[0] == "check" else (0,)):
        sys.exit(f"platform {' '.join(command)} failed:\n{log.read_text()[-2000:]}")
    return Step(layout, name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def report(steps: list[Step]) -> bool:
    """Print the steps and, for each layout, whether the goal is met."""
    table = Table("layout", "step", "wall", "CPU", "peak memory", box=None, header_style="bold")
    met = True
    for layout in dict.fromkeys(step.layout for step in steps):
        own = [step for step in steps if step.layout == layout]
        for step in own:
            table.add_row(layout, step.name, f"{step.wall_s:.1f} s", f"{step.cpu_s:.1f} s", f"{step.peak_gib:.2f} GiB")
        wall, cpu, peak = sum(s.wall_s for s in own), sum(s.cpu_s for s in own), max(s.peak_gib for s in own)
        fine = wall <= GOAL_S and peak <= GOAL_GIB
        met &= fine
        verdict = "met" if fine else "MISSED"
        table.add_row(layout, "in all", f"{wall:.1f} s", f"{cpu:.1f} s", f"{peak:.2f} GiB", style="bold")
        table.add_row("", f"goal {verdict}", f"{GOAL_S:.0f} s", "", f"{GOAL_GIB:.0f} GiB", end_section=True)
    console = Console(width=100)
    console.print(table)
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", highlight=False)
    return met


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clips", type=int, default=30_000)
    options.add_argument("--classes", type=int, default=250)
    options.add_argument("--layout", choices=LAYOUTS, action="append", help="default: both")
    options.add_argument("--json", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps = []
        for layout in asked.layout or LAYOUTS:
            path = LAYOUTS[layout](Path(folder) / layout, asked.clips, asked.classes)
            steps += [run(layout, *step, Path(folder) / "home") for step in commands(layout, path)]
    met = report(steps)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(step) for step in steps], indent=1))
    sys.exit(not met)


if __name__ == "__main__":
    main()
