"""Random 5-s crops at 32 kHz: the store against the same crops from RAM and from soundfile's seek and read of ogg.

    OMP_NUM_THREADS=1 python benchmarks/store_crops.py [--clips 160] [--json FILE]

The recordings are training clips of chorus, resampled to 32 kHz and encoded as Ogg Vorbis in a temporary folder, and
the store is made from those files. Then four processes read all of it, and what they hold together is counted
(proportional set size of the maps, from /proc).
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from harness import Goal, Side, Verdict, conclude, measure, parser

from trainers.data.prepare import open_catalogue
from trainers.data.segments import gather, train_starts
from trainers.data.spec import SegmentsSpec
from trainers.data.store import Store, content_hash

RATE = 32_000
LENGTH = 5 * RATE
BATCH = 32
READERS = 4


@dataclass(frozen=True)
class Crops:
    """The crops of a round: which clip, from which sample on."""

    index: np.ndarray
    start: np.ndarray

    @classmethod
    def draw(cls, samples: list[np.ndarray], count: int) -> "Crops":
        """As training draws them."""
        rng = np.random.default_rng(0)
        index = rng.integers(0, len(samples), count)
        sizes = np.array([len(one) for one in samples])
        return cls(index, train_starts(sizes[index], LENGTH, "random", rng))

    def batches(self, cut: Callable[[np.ndarray, np.ndarray], np.ndarray], count: int) -> None:
        """Have the first `count` crops cut, a batch at a time."""
        for first in range(0, count, BATCH):
            part = slice(first, first + BATCH)
            cut(self.index[part], self.start[part])


def encode(clips: int, folder: Path) -> list[Path]:
    """The longest training clips of chorus as Ogg Vorbis at 32 kHz."""
    catalogue = open_catalogue("chorus")
    longest = catalogue.subset("train").nlargest(clips, "duration_s")
    paths = []
    for source in catalogue.paths(longest):
        audio, rate = soundfile.read(source, dtype="float32")
        paths.append(folder / f"{source.stem}.ogg")
        soundfile.write(paths[-1], 0.9 * soxr.resample(audio, rate, RATE), RATE, format="OGG", subtype="VORBIS")
    return paths


def from_store(samples: list[np.ndarray]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """As training does it."""
    return lambda index, start: gather(samples, index, start, LENGTH, SegmentsSpec())


def from_ram(samples: list[np.ndarray]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The limit: slices of one array in this process's memory."""
    flat = np.concatenate(samples)
    offsets = np.cumsum([0, *map(len, samples)])

    def cut(index: np.ndarray, start: np.ndarray) -> np.ndarray:
        batch = np.empty((len(index), LENGTH), np.int16)
        for row, first in enumerate(offsets[index] + start):
            batch[row] = flat[first : first + LENGTH]
        return batch

    return cut


def from_files(paths: list[Path]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """What a data loader without a store does."""

    def cut(index: np.ndarray, start: np.ndarray) -> np.ndarray:
        batch = np.empty((len(index), LENGTH), np.int16)
        for row, (clip, first) in enumerate(zip(index, start, strict=True)):
            with soundfile.SoundFile(paths[clip]) as file:
                file.seek(first)
                file.read(dtype="int16", out=batch[row])
        return batch

    return cut


def shared_share(store: Store, contents: list[str]) -> float:
    """What `READERS` processes that have read everything hold of the store together, by its size on disk."""
    context = get_context("spawn")
    barrier, held = context.Barrier(READERS), context.Queue()
    readers = [context.Process(target=_read_all, args=(store, contents, barrier, held)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    together = sum(held.get() for _ in readers)
    for reader in readers:
        reader.join()
    return together / sum(path.stat().st_size for path in store.folder.glob("*.i16"))


def _read_all(store: Store, contents: list[str], barrier: Barrier, held: Any) -> None:
    samples = store.open(contents)
    sum(int(one.sum()) for one in samples)
    barrier.wait()  # all maps are there when the first is counted
    maps = Path("/proc/self/smaps").read_text().split("VmFlags")
    sizes = [re.search(r"^Pss: +(\d+) kB", one, re.MULTILINE) for one in maps if f"{store.folder}/" in one]
    barrier.wait()  # and none is gone before the last is
    held.put(sum(1024 * int(size[1]) for size in sizes if size))


def main() -> None:
    options = parser(__doc__, rounds=7)
    options.add_argument("--clips", type=int, default=160)
    options.add_argument("--crops", type=int, default=2048, help="crops a round; soundfile cuts a 32nd of them")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        paths = encode(asked.clips, Path(name))
        store, contents = Store(RATE, Path(name) / "store"), [content_hash(path) for path in paths]
        store.prepare(list(zip(contents, paths, strict=True)), workers=2)
        held = shared_share(store, contents)  # before this process maps the store too
        samples = store.open(contents)
        crops, few = Crops.draw(samples, asked.crops), max(BATCH, asked.crops // 32)
        ways = {"ogg": from_files(paths), "store": from_store(samples), "ram": from_ram(samples)}
        np.testing.assert_array_equal(*(ways[way](crops.index[:64], crops.start[:64]) for way in ("store", "ram")))
        sides = [
            Side("soundfile, ogg", lambda: crops.batches(ways["ogg"], few), few),
            Side("store", lambda: crops.batches(ways["store"], asked.crops), asked.crops),
            Side("RAM", lambda: crops.batches(ways["ram"], asked.crops), asked.crops),
        ]
        comparison = measure("seconds per 5-s crop", sides, asked.rounds)
        verdicts = [
            comparison.ratio("soundfile, ogg", "store", Goal.at_least(60)),
            comparison.ratio("RAM", "store", Goal.at_least(0.9)),
            Verdict(f"memory of {READERS} readers / size", held, Goal.at_most(1.1)),
        ]
        conclude([comparison], verdicts, asked.json)


if __name__ == "__main__":
    main()
