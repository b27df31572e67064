"""How well and how fast human voices are found: speech mixed into chorus at known levels, and chorus alone.

    OMP_NUM_THREADS=1 python benchmarks/voices.py [--gcin FOLDER] [--clips 100] [--json FILE]

Speech is espeak-ng's, sentences in four voices, and, with --gcin (see benchmarks/gcin_voice.py), spoken Mandarin
syllables, joined to utterances with pauses. An utterance is added to ten seconds of a chorus soundscape; the
signal-to-noise ratio is that of mean powers, over the utterance. A clip is found when it has any stretch of speech. A
frame of 32 ms is speech when the utterance comes within 40 dB of its loudest frame at most 130 ms away: pauses of
100 ms and padding of 30 ms are asked for. What is found in chorus without speech is false.
"""

import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr
import torch
from harness import Goal, Side, Verdict, conclude, console, measure, parser

from trainers.data.catalogue import Catalogue
from trainers.data.decode import decode
from trainers.data.prepare import open_catalogue
from trainers.data.voices.detect import Speech, find_speech
from trainers.data.voices.network import FRAME, SAMPLE_RATE, speech_network
from trainers.data.voices.settings import SpeechSettings
from tuneful.cli.results import as_rich

CLIP_S = 10
SNRS_DB = (20, 10, 5, 0, -5, -10)
VOICES = ("en", "en-us+f3", "es+m3", "de+f2")
WORDS = ("wren", "robin", "river", "forest", "morning", "call", "song", "recorded by the", "at", "in", "north", "two")
SETTINGS = SpeechSettings()
NEAR = 4
"""Frames on both sides: 130 ms"""


def sentences(count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Sentences of espeak-ng: (samples,) float, 2 to 8 s."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentence.wav"
        for number in range(count):
            text = " ".join(rng.choice(WORDS, rng.integers(5, 14)))
            speed, pitch = (str(rng.integers(*bounds)) for bounds in ((130, 190), (30, 70)))
            voice = VOICES[number % len(VOICES)]
            subprocess.run(["espeak-ng", "-v", voice, "-s", speed, "-p", pitch, "-w", path, text], check=True)
            audio, rate = soundfile.read(path)
            yield soxr.resample(audio, rate, SAMPLE_RATE)[: (CLIP_S - 1) * SAMPLE_RATE]


def utterances(table: Path, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Syllables of one speaker one after the other, with pauses of 20 to 150 ms: (samples,) float, some 4 s."""
    rows = pd.read_csv(table)
    speakers = [rows[rows["author"] == name]["path"].tolist() for name in sorted(rows["author"].unique())]
    for number in range(count):
        parts = []
        for path in rng.choice(speakers[number % len(speakers)], 10, replace=False):
            parts.append(decode(table.parent / path, SAMPLE_RATE) / 32_768)
            parts.append(np.zeros(round(rng.uniform(0.02, 0.15) * SAMPLE_RATE)))
        yield np.concatenate(parts)[: (CLIP_S - 1) * SAMPLE_RATE]


def backgrounds(chorus: Catalogue, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Ten seconds each of soundscapes, float."""
    paths = chorus.paths(chorus.clips[chorus.clips["subset"] != "train"])
    chosen = [decode(paths[n], SAMPLE_RATE) / 32_768 for n in rng.choice(len(paths), count, replace=False)]
    starts = [rng.integers(0, len(one) - CLIP_S * SAMPLE_RATE) for one in chosen]
    return [one[start:][: CLIP_S * SAMPLE_RATE] for one, start in zip(chosen, starts, strict=True)]


def mixed(speech: np.ndarray, background: np.ndarray, snr_db: float, place: int) -> np.ndarray:
    """Speech added at a place, at a ratio of mean powers over its length: (samples,) int16, scaled to fit."""
    under = background[place : place + len(speech)]
    gain = np.sqrt(np.mean(under**2) / np.mean(speech**2)) * 10 ** (snr_db / 20)
    mixture = background.copy()
    mixture[place : place + len(speech)] += gain * speech
    return as_int16(mixture / max(1.0, np.abs(mixture).max()))


def as_int16(wave: np.ndarray) -> np.ndarray:
    return np.rint(wave * 32_767).astype(np.int16)


def true_frames(speech: np.ndarray, place: int) -> np.ndarray:
    """(frames,) bool of a clip in which an utterance begins at a place."""
    clip = np.zeros(CLIP_S * SAMPLE_RATE)
    clip[place : place + len(speech)] = speech
    power = np.square(np.pad(clip, (0, -len(clip) % FRAME))).reshape(-1, FRAME).mean(1)
    loud = power > power.max() * 1e-4
    return np.convolve(loud, np.ones(2 * NEAR + 1), "same") > 0.5


def found_frames(found: Speech, count: int) -> np.ndarray:
    """(frames,) bool whose middle lies in a stretch."""
    middles = (np.arange(count) + 0.5) * FRAME / SAMPLE_RATE
    inside = [(middles >= start) & (middles < end) for start, end in found.stretches]
    return np.any(inside, axis=0) if inside else np.zeros(count, bool)


def scores(name: str, clips: Sequence[tuple[np.ndarray, np.ndarray]], false_clips: float) -> dict[str, object]:
    """One row of the table: of (samples, true frames) of clips that all hold speech.

    `false_clips` is the share of clips without speech in which some is found; precision is for one such per clip with.
    """
    found = [find_speech(samples, SETTINGS) for samples, _ in clips]
    truth = np.concatenate([frames for _, frames in clips])
    guess = np.concatenate([found_frames(one, len(frames)) for one, (_, frames) in zip(found, clips, strict=True)])
    recall = float(np.mean([bool(one.stretches) for one in found]))
    both = float((truth & guess).sum())
    return {
        "speech": name,
        "clip recall": recall,
        "clip precision": recall / (recall + false_clips) if recall else float("nan"),
        "frame recall": both / truth.sum(),
        "frame precision": both / guess.sum() if guess.any() else float("nan"),
    }


def speech_table(
    name: str, voices: Sequence[np.ndarray], beds: Sequence[np.ndarray], false_clips: float
) -> pd.DataFrame:
    """Scores alone and at every signal-to-noise ratio."""
    rng = np.random.default_rng(2)
    places = [int(rng.integers(0, len(bed) - len(voice))) for voice, bed in zip(voices, beds, strict=True)]
    rows = list(zip(voices, beds, places, strict=True))
    alone = [(mixed(v, np.full(len(bed), 1e-4), 50, place), true_frames(v, place)) for v, bed, place in rows]
    table = [scores(f"{name}, alone", alone, false_clips)]
    for snr in SNRS_DB:
        clips = [(mixed(v, bed, snr, place), true_frames(v, place)) for v, bed, place in rows]
        table.append(scores(f"{name}, {snr} dB", clips, false_clips))
    return pd.DataFrame(table)


def false_alarms(chorus: Catalogue) -> pd.DataFrame:
    """What is found in chorus itself, by label of the training clips and by subset."""
    clips = chorus.clips.assign(what=chorus.clips["labels"].map(lambda x: x[0] if x is not None and len(x) else None))
    clips["what"] = clips["what"].fillna(clips["subset"])
    found = [find_speech(decode(path, SAMPLE_RATE), SETTINGS).stretches for path in chorus.paths(clips)]
    clips["found"] = [bool(one) for one in found]
    clips["seconds"] = [sum(end - start for start, end in one) for one in found]
    table = clips.groupby("what").agg(
        clips=("found", "size"), false=("found", "sum"), false_s=("seconds", "sum"), total_s=("duration_s", "sum")
    )
    return table.reset_index().sort_values(["false_s", "what"], ascending=[False, True])


def frame_by_frame() -> Callable[[np.ndarray], list[float]]:
    """The package's own model, as it is meant to be called."""
    from silero_vad import load_silero_vad

    model = load_silero_vad()

    @torch.no_grad()
    def probabilities(samples: np.ndarray) -> list[float]:
        model.reset_states()
        audio = torch.from_numpy(np.pad(samples, (0, -len(samples) % FRAME))).float() / 32_768
        return [model(frame, SAMPLE_RATE).item() for frame in audio.reshape(-1, FRAME)]

    return probabilities


def speed(beds: Sequence[np.ndarray], args: Namespace) -> tuple[list[object], list[Verdict]]:
    """Seconds per hour of audio on one core."""
    torch.set_num_threads(1)
    minute = as_int16(np.concatenate(beds[:6]))
    theirs, network = frame_by_frame(), speech_network()
    difference = np.abs(network.probabilities(minute) - theirs(minute)).max()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "minute.ogg"
        soundfile.write(path, soxr.resample(minute / 32_768, SAMPLE_RATE, 32_000), 32_000, format="OGG")
        sides = [
            Side("silero, frame by frame", lambda: theirs(minute)),
            Side("ours", lambda: find_speech(minute, SETTINGS)),
            Side("decoding ogg of 32 kHz", lambda: decode(path, SAMPLE_RATE)),
        ]
        compared = measure("one minute of audio", sides, args.rounds)
    hours = 1 / 60 / np.median(compared.sides["ours"].cpu)
    return [compared], [
        compared.ratio("silero, frame by frame", "ours", Goal.at_least(5)),
        Verdict("hours per core-second, found", float(hours)),
        Verdict("largest difference of a probability", float(difference), Goal.at_most(1e-4)),
    ]


def main(args: Namespace) -> None:
    rng = np.random.default_rng(1)
    chorus = open_catalogue("chorus")
    alarms = false_alarms(chorus)
    beds = backgrounds(chorus, args.clips, rng)
    false_beds = float(np.mean([bool(find_speech(as_int16(bed), SETTINGS).stretches) for bed in beds]))
    sources = {"espeak-ng": list(sentences(args.clips, rng))}
    if args.gcin:
        sources["gcin"] = list(utterances(args.gcin / "gcin.csv", args.clips, rng))
    for name, voices in sources.items():
        console.print(as_rich(speech_table(name, voices, beds, false_beds)))
    if args.gcin:
        paths = [args.gcin / path for path in pd.read_csv(args.gcin / "gcin.csv")["path"]]
        alone = [bool(find_speech(decode(path, SAMPLE_RATE), SETTINGS).stretches) for path in paths]
        console.print(f"gcin, {len(alone)} isolated syllables: recall {np.mean(alone):.3f}")
    console.print(as_rich(alarms[alarms["false"] > 0]))
    verdicts = [
        Verdict("chorus: share of clips with false speech", float(alarms["false"].sum() / alarms["clips"].sum())),
        Verdict("chorus: share of time with false speech", float(alarms["false_s"].sum() / alarms["total_s"].sum())),
        Verdict("10 s of soundscape: share with false speech", false_beds),
    ]
    comparisons, fast = speed(beds, args)
    conclude(comparisons, [*verdicts, *fast], args.json)


if __name__ == "__main__":
    options = parser(__doc__, rounds=5)
    options.add_argument("--gcin", type=Path, help="folder of benchmarks/gcin_voice.py")
    options.add_argument("--clips", type=int, default=100, help="utterances of each kind (default 100)")
    main(options.parse_args())
