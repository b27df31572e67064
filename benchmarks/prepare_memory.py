"""Memory and open files of preparing against the size of the catalogue: 500, 2,000 and 8,000 short recordings.

    python benchmarks/prepare_memory.py [--sizes 500 2000 8000] [--workers 2] [--json FILE]

Each size is prepared by a process of its own, and watched from here: the largest proportional set size (memory, with
what is shared counted once) of that process and of its largest child, and the most open files of it and its children
together. Then the store is opened whole, and the time of that and the files it holds open are taken.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil
import soundfile
from harness import Goal, Verdict, console, parser, print_verdicts, write_json
from rich.table import Table

RATE = 8000
MIB = 2**20
PREPARE = """
import os, sys, time
from pathlib import Path
from trainers.data.store import Store, content_hash
files = [(content_hash(path), path) for path in sorted(Path(sys.argv[1]).iterdir())]
store = Store(int(sys.argv[3]), Path(sys.argv[2]))
if sys.argv[4] != "open":
    sys.exit(store.prepare(files, int(sys.argv[4])))
begun = time.perf_counter()
samples = store.open([content for content, _ in files])
took = time.perf_counter() - begun
print(took, len(os.listdir("/proc/self/fd")), len(samples))
"""


@dataclass
class Watched:
    """What preparing a catalogue took at most."""

    recordings: int
    parent_mib: float = 0.0
    child_mib: float = 0.0
    handles: int = 0
    seconds: float = 0.0
    open_s: float = 0.0
    open_handles: int = 0

    def look(self, process: psutil.Process) -> None:
        """Take the figures of this moment."""
        try:
            children = process.children()
            self.parent_mib = max(self.parent_mib, _pss_mib(process))
            self.child_mib = max([self.child_mib, *map(_pss_mib, children)])
            self.handles = max(self.handles, sum(one.num_fds() for one in [process, *children]))
        except psutil.Error:  # a process that has just ended
            return


def write(folder: Path, count: int) -> None:
    """Recordings of a quarter of a second."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        soundfile.write(folder / f"{number:05}.flac", rng.integers(-9000, 9000, RATE // 4, np.int16), RATE)


def watch(folder: Path, store: Path, count: int, workers: int) -> Watched:
    """Prepare the recordings of a folder in a process, and look at it twenty times a second."""
    watched, begun = Watched(count), time.perf_counter()
    command = [sys.executable, "-c", PREPARE, str(folder), str(store), str(RATE)]
    with subprocess.Popen([*command, str(workers)]) as running:
        while running.poll() is None:
            watched.look(psutil.Process(running.pid))
            time.sleep(0.05)
        assert running.returncode == 0
    watched.seconds = time.perf_counter() - begun
    said = subprocess.run([*command, "open"], check=True, capture_output=True, text=True).stdout
    open_s, open_handles, opened = said.split()
    assert int(opened) == count
    watched.open_s, watched.open_handles = float(open_s), int(open_handles)
    return watched


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 8000])
    options.add_argument("--workers", type=int, default=2)
    asked = options.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as name:
        for count in asked.sizes:
            folder = Path(name) / str(count)
            write(folder, count)
            results.append(watch(folder, Path(name) / f"store-{count}", count, asked.workers))
    show(results)
    first, last = results[0], results[-1]
    grown = 1024 * (last.parent_mib - first.parent_mib) / (last.recordings - first.recordings)
    times = f"{last.recordings} / {first.recordings} recordings"
    verdicts = [
        Verdict(f"memory of a worker, {times}", last.child_mib / first.child_mib, Goal.at_most(1.1)),
        Verdict(f"open files, {times}", last.handles / first.handles, Goal.at_most(1.1)),
        Verdict("KiB of the parent per further recording", grown, Goal.at_most(8)),
    ]
    print_verdicts(verdicts)
    if asked.json:
        write_json(
            asked.json, {"results": [asdict(one) for one in results], "verdicts": [v.as_dict() for v in verdicts]}
        )


def show(results: list[Watched]) -> None:
    """A row for each size."""
    columns = ("recordings", "parent, MiB", "worker, MiB", "open files", "s", "opening, s", "then open files")
    table = Table(*columns, title="preparing")
    for one in results:
        sizes = f"{one.parent_mib:.0f}", f"{one.child_mib:.0f}", str(one.handles)
        table.add_row(str(one.recordings), *sizes, f"{one.seconds:.1f}", f"{one.open_s:.3f}", str(one.open_handles))
    console.print(table)


def _pss_mib(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / MIB


if __name__ == "__main__":
    main()
