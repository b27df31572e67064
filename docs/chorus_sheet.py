"""Draws docs/images/chorus.png: a focal clip per species and a few soundscapes of the chorus competition.

Run from the repository root: ``python docs/chorus_sheet.py [--preset chorus] [--out docs/images/chorus.png]``.
"""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from trainers.data.sources.chorus import PRESETS, ChorusSpec
from trainers.data.sources.chorus.focal import Focal, render_focal
from trainers.data.sources.chorus.people import plan_clips
from trainers.data.sources.chorus.soundscapes import render_soundscape
from trainers.data.sources.chorus.species import Species, make_species
from trainers.data.sources.chorus.streams import Audio, Stream

COLUMNS = 4
SCENES = (1, 3, 15, 18)  # numbers of test files: four sites, the second with wind and rain
FOCAL_S = 5.0


def spectrogram_db(audio: Audio, n_fft: int = 512, hop: int = 128) -> np.ndarray:
    """Return a spectrogram in dB. Shape (bins, frames)."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, n_fft)[::hop] * np.hanning(n_fft).astype(np.float32)
    return 10 * np.log10(np.abs(np.fft.rfft(frames, axis=1)).T ** 2 + 1e-12)


def draw(axes: Axes, audio: Audio, rate: int, title: str) -> None:
    """Draw one spectrogram, 50 dB below its loudest parts."""
    db = spectrogram_db(audio)
    top = float(np.percentile(db, 99.9))
    extent = (0.0, len(audio) / rate, 0.0, rate / 2000)
    axes.imshow(db, origin="lower", aspect="auto", extent=extent, vmin=top - 50, vmax=top, cmap="magma")
    axes.set_title(title, fontsize=8, pad=3)
    axes.tick_params(labelsize=7)


def examples(spec: ChorusSpec) -> Iterator[tuple[Species, Focal]]:
    """Yield the first clip of each species in which it sings its main song."""
    plans = plan_clips(spec)
    for species in make_species(spec):
        own = [index for index, plan in enumerate(plans) if plan.species == species.index and plan.original is None]
        clips = (render_focal(spec, index) for index in own)
        yield species, next(clip for clip in clips if clip.song_type == 0)


def save(figure: Figure, out: Path) -> None:
    """Write the figure as a PNG with 48 colours, a quarter of the usual size."""
    out.parent.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    figure.savefig(whole, dpi=80)
    picture = Image.open(whole).convert("RGB").quantize(48, dither=Image.Dither.NONE)
    picture.save(out, optimize=True)


def sheet(spec: ChorusSpec, out: Path) -> None:
    """Draw the whole sheet."""
    found = list(examples(spec))
    rows = -(-len(found) // COLUMNS)
    figure = plt.figure(figsize=(13, 1.75 * rows + 1.9 * len(SCENES)), layout="constrained")
    grid = figure.add_gridspec(rows + len(SCENES), COLUMNS)
    rate = spec.sample_rate
    for number, (species, clip) in enumerate(found):
        axes = figure.add_subplot(grid[number // COLUMNS, number % COLUMNS])
        draw(axes, clip.audio[: round(FOCAL_S * rate)], rate, f"{species.name} ({species.code}): {species.kind}")
        if number % COLUMNS == 0:
            axes.set_ylabel("kHz", fontsize=8)
    for line, number in enumerate(SCENES):
        axes = figure.add_subplot(grid[rows + line, :])
        scene = render_soundscape(spec, Stream.TEST, number)
        truth = " | ".join(" ".join(window) or "-" for window in scene.windows)
        draw(axes, scene.audio, rate, f"hidden soundscape {number}, true species of each 5 s: {truth}")
        axes.set_ylabel("kHz", fontsize=8)
        axes.set_xticks(np.arange(0, spec.soundscape_s + 0.1, spec.window_s))
    axes.set_xlabel("s", fontsize=8)
    save(figure, out)


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="chorus")
    parser.add_argument("--out", type=Path, default=Path("docs/images/chorus.png"))
    arguments = parser.parse_args()
    sheet(PRESETS[arguments.preset], arguments.out)


if __name__ == "__main__":
    main()
