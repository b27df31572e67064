"""What putting an epoch on record costs: RunLedger.publish against one fsync of the same bytes.

    OMP_NUM_THREADS=1 python benchmarks/ledger.py [--folder DIR] [--json FILE]

The epoch and the checkpoint are those of a real run of the recipe `chorus`, with its predictions of the validation and
target clips. A segment is written, synced and renamed, and its folder synced; a checkpoint is five files, each synced
and summed. Wall seconds in DIR, by default the current folder: it depends on the disk more than on anything of ours.
"""

import itertools
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from harness import Comparison, Goal, Side, conclude, measure, parser

from analysis.records.ledger import RunLedger
from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.data.dataset import load_run_data
from trainers.data.prepare import open_catalogue, prepare_store
from trainers.fit import fit
from trainers.training.session import EpochReport, SaveCheckpoint

EPOCHS = 20
"""published in a round"""


@dataclass
class Captured:
    """A session that keeps the run's last epoch, and how its checkpoint is written."""

    device: torch.device
    rank: int = 0
    world_size: int = 1
    epochs: list[tuple[EpochReport, SaveCheckpoint]] = field(default_factory=list)

    def latest_checkpoint(self) -> None:
        """Always from the start."""

    def report(self, report: EpochReport, save: SaveCheckpoint | None) -> None:
        """Keep the epoch."""
        assert save is not None, "the run diverged"
        self.epochs.append((report, save))


def one_epoch() -> tuple[EpochReport, SaveCheckpoint]:
    """A finished epoch of the recipe `chorus`."""
    spec = build_spec(load_recipe("chorus"), [parse_overrides(["training.epochs=1"])])
    catalogue = open_catalogue(spec.data.name)
    prepare_store(catalogue, spec.data.sample_rate)
    session = Captured(torch.device("cpu"))
    list(fit(spec, load_run_data(spec, catalogue), session))
    return session.epochs[-1]


def publisher(folder: Path, report: EpochReport, save: SaveCheckpoint | None) -> Callable[[], None]:
    """Publishes the next `EPOCHS` epochs of a run."""
    ledger, numbers = RunLedger(folder), itertools.count(1)
    ledger.begin({"spec": {}}, 0)

    def publish() -> None:
        for number in itertools.islice(numbers, EPOCHS):
            ledger.publish(replace(report, epoch=number, kept_epoch=number).record(), save)

    return publish


def synced(path: Path, content: bytes) -> Callable[[], None]:
    """Writes and syncs the same bytes as a new file, `EPOCHS` times."""

    def write() -> None:
        for _ in range(EPOCHS):
            path.unlink(missing_ok=True)
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    return write


def compare(folder: Path, report: EpochReport, save: SaveCheckpoint | None, rounds: int) -> Comparison:
    """Publish against one fsync of as many bytes as a publish leaves."""
    probe = RunLedger(folder / "probe")
    probe.begin({"spec": {}}, 0)
    probe.publish(report.record(), save)
    files = [path for path in (folder / "probe" / "attempt-0001").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files if path.name != "attempt.json")
    what = "a segment" if save is None else "a segment and a checkpoint"
    sides = [
        Side("one fsync", synced(folder / "bytes", content), EPOCHS),
        Side("publish", publisher(folder / "run", report, save), EPOCHS),
    ]
    return measure(f"{what}, {len(content):,} bytes", sides, rounds, clock="wall")


def main() -> None:
    options = parser(__doc__, rounds=7)
    options.add_argument("--folder", type=Path, default=Path())
    asked = options.parse_args()
    torch.set_num_threads(1)
    report, save = one_epoch()
    comparisons, verdicts = [], []
    for kept, goal in ((None, Goal.at_most(0.005)), (save, None)):
        with tempfile.TemporaryDirectory(dir=asked.folder, prefix="ledger-") as name:
            comparisons.append(compare(Path(name), report, kept, asked.rounds))
        verdicts.append(comparisons[-1].seconds("publish", goal))
        verdicts.append(comparisons[-1].ratio("publish", "one fsync"))
    conclude(comparisons, verdicts, asked.json)


if __name__ == "__main__":
    main()
