"""Decoding to mono int16 at 32 kHz: hours of audio per core-second, against plain soundfile and ffmpeg.

    OMP_NUM_THREADS=1 python benchmarks/decode.py [--clips 24] [--rate 32000] [--json FILE]

The recordings are training clips of chorus, looped to 30 s each and encoded as Ogg Vorbis, FLAC and WAV at 32 kHz; with
another --rate all but plain soundfile resample. "ours" is what a worker does with a file: header and end checked,
decoded in blocks, samples written to a shard. "soundfile" is `soundfile.read` to float32 and nothing else, "ffmpeg" a
process for each file, on one thread, that writes s16 to a pipe; it is compared by the wall clock.
"""

import subprocess
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from harness import Comparison, Goal, Side, Verdict, conclude, measure, parser

from trainers.data.decode import decode_into
from trainers.data.prepare import open_catalogue

SOURCE_RATE = 32_000
SECONDS = 30
FORMATS = {"ogg": "VORBIS", "flac": "PCM_16", "wav": "PCM_16"}


def encode(clips: int, folder: Path, extension: str) -> list[Path]:
    """The longest training clips of chorus, looped to `SECONDS`."""
    catalogue = open_catalogue("chorus")
    paths = []
    for source in catalogue.paths(catalogue.subset("train").nlargest(clips, "duration_s")):
        audio, rate = soundfile.read(source, dtype="float32")
        samples = np.resize(0.9 * soxr.resample(audio, rate, SOURCE_RATE), SECONDS * SOURCE_RATE)
        paths.append(folder / f"{source.stem}.{extension}")
        soundfile.write(paths[-1], samples, SOURCE_RATE, subtype=FORMATS[extension])
    return paths


def ours(paths: list[Path], rate: int, shard: Path) -> Callable[[], None]:
    """Into one shard, one after the other."""

    def call() -> None:
        end = 0
        shard.touch()
        for path in paths:
            end += decode_into(path, rate, shard, end)

    return call


def plain(paths: list[Path]) -> Callable[[], None]:
    """No resampling, no mixing down, no conversion, nothing kept."""

    def call() -> None:
        for path in paths:
            soundfile.read(path, dtype="float32")

    return call


def ffmpeg(paths: list[Path], rate: int) -> Callable[[], None]:
    """Mono s16 at the rate, resampled by ffmpeg's own resampler where it must."""

    def call() -> None:
        for path in paths:
            command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path)]
            subprocess.run(
                [*command, "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"], check=True, capture_output=True
            )

    return call


def compare(extension: str, asked: Namespace) -> tuple[list[Comparison], list[Verdict]]:
    what = f"{extension}, {SECONDS} s to {asked.rate} Hz"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = encode(asked.clips, folder, extension)
        own = Side("ours", ours(paths, asked.rate, folder / "shard.i16"), len(paths))
        here = measure(what, [Side("soundfile", plain(paths), len(paths)), own], asked.rounds)
        # the harness counts the CPU seconds of its own process: another one is compared by the wall clock
        beside = measure(f"{what}, wall", [Side("ffmpeg", ffmpeg(paths, asked.rate), len(paths)), own], asked.rounds)
    beside = replace(beside, clock="wall")
    goal = Goal.at_least(1.35) if extension == "ogg" else None
    hours = SECONDS / 3600 / here.seconds("ours").value
    verdicts = [here.ratio("soundfile", "ours", goal), beside.ratio("ffmpeg", "ours")]
    return [here, beside], [*verdicts, Verdict(f"{extension}: ours, hours of audio per core-second", hours)]


def options() -> ArgumentParser:
    made = parser(__doc__, rounds=5)
    made.add_argument("--clips", type=int, default=24)
    made.add_argument("--rate", type=int, default=SOURCE_RATE, help="Hz")
    return made


def main() -> None:
    asked = options().parse_args()
    done = [compare(extension, asked) for extension in FORMATS]
    verdicts = [verdict for _, some in done for verdict in some]
    conclude([comparison for some, _ in done for comparison in some], verdicts, asked.json)


if __name__ == "__main__":
    main()
