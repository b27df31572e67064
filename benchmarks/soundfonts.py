"""Two collections of recorded instruments, as one synthesiser plays them: which sample a key sounds, and phrases.

FluidR3_GM.sf2 (Debian: fluid-soundfont-gm) and the patches of freepats, both played by TiMidity++ without its reverb
and chorus, so that what differs is what was recorded. Formats: SoundFont 2.04 (E-mu 1998); Gravis Ultrasound patch
files, whose headers have fixed sizes.
"""

import math
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import soxr
from near_duplicates import chunks

RATE = 16_000
PLAYED_AT = 48_000
CLIP_S = 5.0
SLOT_S = 8.0
"""From the start of a phrase to that of the next, so that the last one has died away."""
TICKS_PER_S = 960
PAT_HEADERS = 129 + 63
PAT_LAYER, PAT_SAMPLE = 47, 96
REACH = 4
"""Keys (semitones) that the lowest and the highest sample of a patch are played beyond their own."""
INSTRUMENT, KEY_RANGE, SAMPLE = 41, 43, 53  # generators of a soundfont
Audio = np.ndarray
Zones = dict[int, str]
"""Key (MIDI) -> the name of the sample or samples that sound there."""


@dataclass(frozen=True)
class Note:
    """A note of a phrase, in seconds."""

    key: int
    velocity: int
    start_s: float
    length_s: float


@dataclass(frozen=True)
class Collection:
    """Instruments by their General MIDI program, and how TiMidity++ reads them."""

    name: str
    config: str
    zones: dict[int, Zones]


def fluid(root: Path) -> Collection:
    """FluidR3 in an unpacked Debian package."""
    path = root / "usr/share/sounds/sf2/FluidR3_GM.sf2"
    config = _config(root / "etc/timidity/fluidr3_gm.cfg", path.parent)
    return Collection("fluid", config, _soundfont_zones(path))


def freepats(root: Path) -> Collection:
    """Freepats in an unpacked Debian package."""
    folder = root / "usr/share/midi/freepats"
    found = {int(path.name[:3]): _patch_zones(path) for path in sorted(folder.glob("Tone_000/*.pat"))}
    return Collection("freepats", _config(root / "etc/timidity/freepats.cfg", folder), found)


def names(root: Path) -> dict[int, str]:
    """Program -> the instrument's name, as freepats calls its files: `violin`."""
    paths = (root / "usr/share/midi/freepats/Tone_000").glob("*.pat")
    return {int(path.name[:3]): path.stem[4:].lower().replace("_", " ") for path in paths}


def _config(path: Path, folder: Path) -> str:
    """The package's own configuration, which looks for its files where the package was unpacked."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("dir ")]
    return "\n".join([f"dir {folder}", *lines, ""])


def _patch_zones(path: Path) -> Zones:
    """Of a patch, without the keys that are far from any sample: a player stretches the outermost ones over them."""
    data = path.read_bytes()
    found: Zones = {}
    roots = []
    at = PAT_HEADERS + PAT_LAYER
    for number in range(data[PAT_HEADERS + 6]):
        size, *bounds = struct.unpack_from("<8xI10x3I", data, at)
        low, high, root = map(_key, bounds)
        keys = range(math.ceil(low - 0.01), math.floor(high + 0.01) + 1)
        found |= {key: str(number) for key in keys if key not in found}
        roots.append(root)
        at += PAT_SAMPLE + size
    return {key: zone for key, zone in found.items() if min(roots) - REACH <= key <= max(roots) + REACH}


def _key(millihertz: int) -> float:
    return 69 + 12 * math.log2(max(millihertz, 1) / 440_000)


def _soundfont_zones(path: Path) -> dict[int, Zones]:
    """Of the presets of bank 0."""
    data = memoryview(path.read_bytes())
    parts = dict(chunks(data, 12, len(data)))
    presets = [struct.unpack_from("<20x3H", row) for row in _rows(parts[b"phdr"], 38)]
    instruments = [struct.unpack_from("<20xH", row)[0] for row in _rows(parts[b"inst"], 22)]
    found: dict[int, Zones] = {}
    for (program, bank, first), (_, _, last) in pairwise(presets):
        if bank == 0:
            sounding: dict[int, set[int]] = {}
            for keys, instrument in _bags(parts, b"p", INSTRUMENT, first, last):
                for own, sample in _bags(parts, b"i", SAMPLE, *instruments[instrument : instrument + 2]):
                    for key in set(keys) & set(own):
                        sounding.setdefault(key, set()).add(sample)
            found[program] = {key: "+".join(map(str, sorted(samples))) for key, samples in sounding.items()}
    return found


def _bags(
    parts: dict[bytes, memoryview], level: bytes, link: int, first: int, last: int
) -> Iterator[tuple[range, int]]:
    """The zones of a preset or an instrument: keys, and the number of the instrument or sample that sounds there."""
    bags = [start for start, _ in struct.iter_unpack("<HH", parts[level + b"bag"])]
    generators = list(struct.iter_unpack("<HH", parts[level + b"gen"]))
    default = range(128)
    for bag in range(first, last):
        values = dict(generators[bags[bag] : bags[bag + 1]])
        low, high = values.get(KEY_RANGE, 0) & 255, values.get(KEY_RANGE, 0) >> 8
        keys = range(low, high + 1) if KEY_RANGE in values else default
        if link in values:
            yield keys, values[link]
        elif bag == first:
            default = keys


def _rows(data: memoryview, size: int) -> list[memoryview]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def play(collection: Collection, program: int, phrases: Sequence[Sequence[Note]]) -> list[Audio]:
    """Each phrase as `CLIP_S` seconds at `RATE`, float32, its peak at one half."""
    with tempfile.TemporaryDirectory() as folder:
        config, score, sound = (Path(folder) / name for name in ("timidity.cfg", "score.mid", "sound.wav"))
        config.write_text(collection.config)
        score.write_bytes(_midi(program, phrases))
        options = ["-idq", "-EFreverb=d", "-EFchorus=d", "-k0", "--preserve-silence", "-OwM1sl", f"-s{PLAYED_AT}"]
        subprocess.run(["timidity", "-c", config, *options, "-o", sound, score], check=True, capture_output=True)
        audio, _ = soundfile.read(sound, dtype="float32")
    slots = [audio[round(n * SLOT_S * PLAYED_AT) :][: round(CLIP_S * PLAYED_AT)] for n in range(len(phrases))]
    return [_levelled(soxr.resample(slot, PLAYED_AT, RATE)) for slot in slots]


def _levelled(audio: Audio) -> Audio:
    whole = np.zeros(round(CLIP_S * RATE), np.float32)
    whole[: len(audio)] = audio[: len(whole)]
    peak = float(np.abs(whole).max())
    if peak < 1e-3:
        raise ValueError("an instrument is silent: is the collection whole?")
    return whole * np.float32(0.5 / peak)


def _midi(program: int, phrases: Sequence[Sequence[Note]]) -> bytes:
    """A Standard MIDI File of one track: 480 ticks a beat, 120 beats a minute."""
    events = [(0, bytes([0xC0, program]))]
    for number, phrase in enumerate(phrases):
        for note in phrase:
            start = number * SLOT_S + note.start_s
            events.append((round(start * TICKS_PER_S), bytes([0x90, note.key, note.velocity])))
            events.append((round((start + note.length_s) * TICKS_PER_S), bytes([0x80, note.key, 0])))
    end = round(len(phrases) * SLOT_S * TICKS_PER_S)
    events = [*sorted(events, key=lambda event: event[0]), (end, b"\xff\x2f\x00")]
    deltas = [after - before for before, after in pairwise([0, *(tick for tick, _ in events)])]
    track = b"".join(_variable(delta) + event for delta, (_, event) in zip(deltas, events, strict=True))
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_S // 2) + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable(number: int) -> bytes:
    """A variable-length quantity: seven bits a byte, the high bit where another follows."""
    found = [number & 127]
    while number := number >> 7:
        found.append(number & 127 | 128)
    return bytes(reversed(found))
