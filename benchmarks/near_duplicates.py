"""Near-duplicates: recall and precision on made copies of clips of five seconds and more, and seconds by size.

    python benchmarks/near_duplicates.py SOUNDFONT.sf2 [--half tuning] [--clips 80] [--kinds shifted ...]
    python benchmarks/near_duplicates.py --seconds 500 1000 2000

Clips are notes of a soundfont (`fluid-soundfont-gm`: FluidR3_GM.sf2), sustained by their loops to 5-8 s where the
sample is shorter, and training clips of chorus. For each kind of copy every clip is searched together with one copy
of it, so that no copy is found through another one. Pairs are counted as the layer joins them, transitively.
Constants were chosen on the half `tuning` of the instruments and on chorus seeds 0 and 1 (`--half tuning`: seed 1);
what is reported by default is the other half of the instruments and chorus seed 2; seconds are those of seed 3.
Uploads that chorus repeats by itself are true pairs.
"""

import argparse
import hashlib
import os
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr
from scipy.stats import binomtest

from trainers.data.catalogue import Catalogue, save_catalogue
from trainers.data.duplicates import Found, find_duplicates
from trainers.data.prepare import add_chorus, with_content
from trainers.data.sources.chorus.people import plan_clips
from trainers.data.sources.chorus.spec import ChorusSpec

RATE = 16_000
SHORTEST_SAMPLE_S = 2.0
HEADER = struct.Struct("<20s5IBbHH")  # name, start, end, loop start, loop end, rate, pitch, correction, link, type
RIGHT = 2
Audio = np.ndarray


@dataclass(frozen=True)
class Clip:
    """A recording: clips with the same `sound` are copies of each other."""

    sound: str
    audio: Audio


def chunks(data: memoryview, start: int, end: int) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks of RIFF data, lists opened: name and content."""
    while start + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, start)
        if name == b"LIST":
            yield from chunks(data, start + 12, start + 8 + size)
        else:
            yield bytes(name), data[start + 8 : start + 8 + size]
        start += 8 + size + size % 2


def notes(path: Path, half: int) -> list[Clip]:
    """Left and mono notes of half of the instruments, each once: neither stereo partners nor equal samples."""
    data = memoryview(path.read_bytes())
    parts = dict(chunks(data, 12, len(data)))
    pcm = np.frombuffer(parts[b"smpl"], "<i2")
    headers = [header for header in HEADER.iter_unpack(parts[b"shdr"]) if header[5]]
    names = {text(header[0]) for header in headers}
    found: dict[bytes, Clip] = {}
    for header in headers:
        name, start, end, rate = text(header[0]), header[1], header[2], header[5]
        partner = header[9] == RIGHT or (name.endswith("R") and f"{name[:-1]}L" in names)
        if partner or (end - start) / rate < SHORTEST_SAMPLE_S or digest(name.split()[0].encode()) % 2 != half:
            continue
        sample = pcm[start:end]
        found.setdefault(sample.tobytes(), Clip(name, played(sample, header[3] - start, header[4] - start, rate)))
    return list(found.values())


def text(name: bytes) -> str:
    """A name of fixed width."""
    return name.split(b"\0")[0].decode("latin1")


def digest(name: bytes) -> int:
    """A number that is the same in every process."""
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")


def played(sample: Audio, loop: int, loop_end: int, rate: int) -> Audio:
    """A note as a player sustains it, at `RATE`: the loop again and again until 5-8 s are full."""
    wanted = round((5 + digest(sample[:64].tobytes()) % 3000 / 1000) * rate)
    if loop_end - loop < rate // 100:
        loop, loop_end = len(sample) // 2, len(sample)
    while len(sample) < wanted:
        sample = np.concatenate([sample[:loop_end], sample[loop:loop_end]])
        loop, loop_end = loop_end, len(sample)
    return soxr.resample(0.5 * sample[: max(wanted, 0)].astype(np.float32) / 32_768, rate, RATE)


def songs(seed: int) -> list[Clip]:
    """Training clips of a chorus; another upload of a clip is the same sound."""
    spec = ChorusSpec(seed=seed, n_test_files=1, n_target_files=0)
    plans, clips = plan_clips(spec), add_chorus(f"chorus-{seed}", spec)
    rows = clips.subset("train").sort_values("clip_id")
    originals = [index if plan.original is None else plan.original for index, plan in enumerate(plans)]
    read = [soundfile.read(path, dtype="float32")[0] for path in clips.paths(rows)]
    return [Clip(f"song {original}", audio) for original, audio in zip(originals, read, strict=True)]


def some(clips: list[Clip], most: int) -> list[Clip]:
    """So many of the clips, the same ones in each round."""
    return [clips[number] for number in np.random.default_rng(0).permutation(len(clips))[:most]]


def cut(audio: Audio, start: float, stop: float) -> Audio:
    """A part of the clip, as shares of its length."""
    return audio[round(start * len(audio)) : round(stop * len(audio))]


def trimmed(audio: Audio, rng: np.random.Generator) -> Audio:
    """Less by 10 %, some of it at the start and the rest at the end."""
    start = rng.uniform(0, 0.1)
    return cut(audio, start, 0.9 + start)


def shifted(audio: Audio, rng: np.random.Generator) -> Audio:
    """Silence before it, cut off where it was to end."""
    silence = np.zeros(round(rng.uniform(0.01, 1.0) * RATE), np.float32)
    return np.concatenate([silence, audio])[: len(audio)]


def noisy(audio: Audio, rng: np.random.Generator) -> Audio:
    """White noise 30 dB below it."""
    return audio + (10**-1.5 * np.sqrt(np.mean(audio**2)) * rng.standard_normal(len(audio))).astype(np.float32)


Change = Callable[[Audio, np.random.Generator], Audio]
KINDS: dict[str, tuple[Change, str, int]] = {
    "ogg, lowest quality": (lambda audio, _: audio, "ogg", RATE),
    "mp3, lowest quality": (lambda audio, _: audio, "mp3", RATE),
    "ogg at 22.05 kHz": (lambda audio, _: audio, "ogg", 22_050),
    "trimmed by 10 %": (trimmed, "wav", RATE),
    "trimmed, ogg": (trimmed, "ogg", RATE),
    "shifted": (shifted, "wav", RATE),
    "6 dB louder, clipped": (lambda audio, _: 2 * audio, "wav", RATE),
    "6 dB softer": (lambda audio, _: audio / 2, "wav", RATE),
    "noise at -30 dB": (noisy, "wav", RATE),
    "the last half": (lambda audio, _: cut(audio, 0.5, 1.0), "wav", RATE),
    "cuts that share 50 %": (lambda audio, _: cut(audio, 1 / 3, 1.0), "wav", RATE),
}
"""What becomes of the sound, the format and its rate (Hz)."""
FORMATS = {"ogg": ("OGG", "VORBIS", 1.0), "mp3": ("MP3", "MPEG_LAYER_III", 0.95), "wav": ("WAV", "PCM_16", None)}
PARTIAL = {"cuts that share 50 %": (0.0, 2 / 3)}
"""What of the original is searched, where it isn't all of it."""


def write(path: Path, audio: Audio, rate: int, kind: str) -> None:
    """Encode a recording."""
    form, subtype, level = FORMATS[kind]
    samples = np.clip(audio if rate == RATE else soxr.resample(audio, RATE, rate), -1, 1)
    soundfile.write(path, samples, rate, format=form, subtype=subtype, compression_level=level)


def searched(clips: list[Clip], kind: str, folder: Path) -> tuple[Catalogue, list[tuple[str, bool]]]:
    """A catalogue of the clips and a copy of each, and of each row the sound and whether it is a copy."""
    change, form, rate = KINDS[kind]
    rng, rows = np.random.default_rng(0), []
    for number, clip in enumerate(clips):
        write(folder / f"{number}.wav", cut(clip.audio, *PARTIAL.get(kind, (0.0, 1.0))), RATE, "wav")
        write(folder / f"{number}-copy.{form}", change(clip.audio, rng), rate, form)
        rows += [(f"{number}.wav", clip.sound, False), (f"{number}-copy.{form}", clip.sound, True)]
    paths = [path for path, _, _ in rows]
    table = pd.DataFrame({"clip_id": paths, "path": paths, "recording_id": paths, "start_s": 0.0, "duration_s": 5.0})
    table["labels"] = [["sound"]] * len(table)
    catalogue = save_catalogue("searched", "csv", folder, with_content(table, folder))
    return catalogue, [(sound, copy) for _, sound, copy in rows]


def joined_pairs(catalogue: Catalogue, sounds: list[tuple[str, bool]], found: Found) -> tuple[int, int, int]:
    """Copies that are in their original's group; pairs in groups; those of them that are true."""
    groups = catalogue.clips["content"].map(found.groups).tolist()
    own = sum(groups[row] is not None and groups[row] == groups[row + 1] for row in range(0, len(groups), 2))
    placed = [(group, sound) for group, (sound, _) in zip(groups, sounds, strict=True) if isinstance(group, str)]
    return own, pairs(Counter(group for group, _ in placed)), pairs(Counter(placed))


def pairs(sizes: Counter) -> int:
    """Pairs within groups of these sizes."""
    return sum(size * (size - 1) // 2 for size in sizes.values())


def quality(name: str, clips: list[Clip], kinds: list[str]) -> None:
    """Recall by kind of copy and precision, of one source of clips."""
    totals = np.zeros(3, int)
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            catalogue, sounds = searched(clips, kind, Path(folder))
            own, joined, true = joined_pairs(catalogue, sounds, find_duplicates(catalogue))
        print(f"{name:<8} {kind:<22} recall {share(own, len(clips))}   precision {share(true, joined)}", flush=True)
        totals += (own, joined, true)
    print(f"{name:<8} {'all':<22} recall {share(totals[0], len(clips) * len(kinds))}", end="   ")
    print(f"precision {share(totals[2], totals[1])}", flush=True)


def share(hits: int, of: int) -> str:
    """A proportion with its exact 95 % interval (Clopper and Pearson)."""
    if not of:
        return "none"
    low, high = binomtest(int(hits), int(of)).proportion_ci(0.95, method="exact")
    return f"{hits / of:.4f} [{low:.4f}, {high:.4f}] {hits}/{of}"


def seconds(sizes: list[int]) -> None:
    """Wall seconds of a search among so many training clips of chorus, without decoding."""
    spec = ChorusSpec(seed=3, n_clips=max(sizes), n_test_files=1, n_target_files=0)
    whole = add_chorus("many", spec).subset("train")
    folder = add_chorus("many", spec).folder
    for size in [sizes[0], *sizes]:  # the first round decodes
        part = save_catalogue("part", "chorus", folder, whole.head(size))
        if size == sizes[0]:
            find_duplicates(part)
        started = time.perf_counter()
        found = find_duplicates(part)
        wall = time.perf_counter() - started
        hours = part.clips["duration_s"].sum() / 3600
        print(f"{size} recordings, {hours:.2f} h: {wall:.1f} s, {1000 * wall / size:.1f} ms each", end=", ")
        print(f"{len(found.agreements)} pairs compared; 28,000: {wall * 28_000 / size / 60:.1f} min", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("soundfont", type=Path, nargs="?")
    options.add_argument("--half", choices=["reported", "tuning"], default="reported")
    options.add_argument("--clips", type=int, default=480, help="clips of each source at most")
    options.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    options.add_argument("--seconds", type=int, nargs="+", help="numbers of recordings to time instead")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["TUNEFUL_HOME"] = home
        if asked.seconds:
            seconds(sorted(asked.seconds))
            return
        tuning = asked.half == "tuning"
        if asked.soundfont:
            quality("notes", some(notes(asked.soundfont, half=0 if tuning else 1), asked.clips), asked.kinds)
        quality("chorus", some(songs(seed=1 if tuning else 2), asked.clips), asked.kinds)


if __name__ == "__main__":
    main()
