"""Clips as pictures of their log-mel spectrograms: a few of frequent and rare classes, or the hardest ones."""

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr
import torch
from PIL import Image

from analysis.eda.view import DataView, Example
from trainers.data.catalogue import Catalogue
from trainers.front_end.mel import MelFrontEnd
from trainers.front_end.spec import MelSpec

FREQUENT, RARE, PER_ROW = 5, 5, 4
SHOWN_S = 5.0
MOST_HZ = 32_000
"""Sampling rate of the pictures, unless all recordings have a lower one."""
FRAMES = 200
DYNAMIC_DB = 70.0


def example_clips(catalogue: Catalogue, view: DataView) -> tuple[tuple[Example, ...], float]:
    """Pictures of clips of the most and the least frequent classes, and of clips without labels, per subset.

    Clips are drawn by their id's order, a recording once. One that can't be decoded is left out.

    Args:
        catalogue: where the recordings lie.
        view: its clips and classes.

    Returns:
        The pictures, all with the same frequency axis, and that axis's upper end (Hz).
    """
    return _drawn(catalogue.folder, list(_chosen(view)))


def clip_pictures(folder: Path, clips: pd.DataFrame) -> tuple[tuple[Example, ...], float]:
    """Pictures of given clips, in their order; one that can't be decoded is left out.

    Args:
        folder: what the paths are relative to.
        clips: with `clip_id`, `path`, `start_s` and `duration_s`; more columns may be there.

    Returns:
        The pictures, all with the same frequency axis, and that axis's upper end (Hz).
    """
    return _drawn(folder, [("", clip) for _, clip in clips.assign(subset="").iterrows()])


def _drawn(folder: Path, chosen: Sequence[tuple[str, pd.Series]]) -> tuple[tuple[Example, ...], float]:
    rates = [_rate(folder / clip["path"]) for _, clip in chosen]
    rate = min(MOST_HZ, max(rates, default=0) or MOST_HZ)
    front_end = _front_end(rate)
    pictures = [_example(label, clip, folder, rate, front_end) for label, clip in chosen]
    return tuple(picture for picture in pictures if picture is not None), rate / 2


def _chosen(view: DataView) -> Iterator[tuple[str, pd.Series]]:
    clips = view.clips.assign(subset=view.subset).sort_values("clip_id")
    names = [name for name, row in view.classes.iterrows() if row["clips"]]
    labelled = clips[clips["labels"].notna()].explode("labels")
    for name in [*names[:FREQUENT], *names[FREQUENT:][-RARE:]]:
        yield from _few(str(name), labelled[labelled["labels"] == name])
    yield from _few("", clips[clips["labels"].isna()])


def _few(label: str, clips: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Four clips of one subset, or two or more of each of several."""
    most = max(2, PER_ROW // max(1, clips["subset"].nunique()))
    for _, rows in clips.groupby("subset"):
        spread = rows.drop_duplicates("recording_id")
        for place in np.unique(np.linspace(0, len(spread) - 1, most).round().astype(int)):
            yield label, spread.iloc[place]


def _rate(path: Path) -> int:
    try:
        return int(soundfile.info(path).samplerate)
    except (OSError, soundfile.LibsndfileError):
        return 0


def _front_end(rate: int) -> MelFrontEnd:
    hop = round(SHOWN_S * rate / FRAMES)
    n_fft = 2 ** int(np.ceil(np.log2(hop)))
    spec = MelSpec(n_fft=n_fft, hop_length=hop, n_mels=64, f_min=0.0, f_max=rate / 2, top_db=None)
    return MelFrontEnd(spec, rate)


def _example(label: str, clip: pd.Series, folder: Path, rate: int, front_end: MelFrontEnd) -> Example | None:
    samples = _samples(folder / clip["path"], float(clip["start_s"]), min(float(clip["duration_s"]), SHOWN_S), rate)
    if samples is None or len(samples) < front_end.spec.n_fft:
        return None
    decibels = front_end.spectrogram(torch.from_numpy(samples)[None])[0, 0].numpy()
    return Example(label, str(clip["subset"]), str(clip["clip_id"]), _picture(decibels), len(samples) / rate)


def _samples(path: Path, start_s: float, seconds: float, rate: int) -> np.ndarray | None:
    """(samples,) float32 at `rate`; None where the recording can't be read."""
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(min(round(start_s * file.samplerate), file.frames))
            audio = file.read(round(seconds * file.samplerate), dtype="float32", always_2d=True)
            mono = audio.mean(axis=1)
            return np.asarray(soxr.resample(mono, file.samplerate, rate), np.float32)
    except (OSError, soundfile.LibsndfileError):
        return None


def _picture(decibels: np.ndarray) -> str:
    """(mels, frames) as a grey PNG in a URI: loud is dark, low frequencies are at the bottom; 70 dB below the loudest
    is white."""
    share = np.clip((decibels - decibels.max()) / DYNAMIC_DB + 1, 0, 1)
    grey = (255 * (1 - share[::-1])).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
