"""Checks of the front end and the segments against the recordings as they are."""

import numpy as np

from trainers.spec import RunSpec
from tuneful.checks.mel_bands import empty_bands
from tuneful.checks.subject import Found, Subject, share, some

MANY = 0.1
"""Share of recordings above which a mismatch is worth a word: a tenth is often one device or collection."""
LARGEST_FFT = 16_384


def frequencies_not_recorded(subject: Subject) -> Found:
    """TF021: above half the rate of a recording as published there is nothing; how much nothing tells the device."""
    spec, rates = subject.spec, subject.data.rates_hz
    edge = _upper_edge(spec)
    low = rates[rates / 2 < edge]
    if not len(rates) or len(low) < MANY * len(rates):
        return []
    evidence = (
        f"{spec.data.name}: {_edge_words(spec, edge)}, but {share(len(low), len(rates))} recordings whose headers were "
        f"read were published at {_range(low)}: nothing is in them above {low.min() / 2:g} Hz"
    )
    return [(evidence, _lower_edge(spec, low))]


def empty_mel_bands(subject: Subject) -> Found:
    """TF022: a band narrower than the distance of two FFT bins can fall between them and is the same for all sounds."""
    spec = subject.spec
    if spec.model.name != "timm":
        return []
    empty = empty_bands(spec.front_end, spec.data.sample_rate)
    if not empty:
        return []
    mel = spec.front_end
    evidence = (
        f"front_end.n_mels={mel.n_mels} with n_fft={mel.n_fft} at {spec.data.sample_rate} Hz: {len(empty)} bands hold "
        f"no FFT bin (bands {some(empty)} of 0 to {mel.n_mels - 1})"
    )
    return [(evidence, " or ".join(_without_empty_bands(spec)))]


def crops_longer_than_clips(subject: Subject) -> Found:
    """TF023: what fills a segment up is heard as well, and its length tells clips apart."""
    segments, seconds = subject.spec.segments, subject.split.learnt["duration_s"].to_numpy(float)
    short = int((seconds < segments.duration_s).sum())
    if short <= len(seconds) / 2 or segments.context_clips:
        return []
    padding = float(np.maximum(0, 1 - seconds / segments.duration_s).mean())
    evidence = (
        f"{subject.spec.data.name}: {share(short, len(seconds))} training clips are shorter than segments.duration_s="
        f"{segments.duration_s:g} (median {np.median(seconds):.3g} s): {100 * padding:.0f} % of what is heard is "
        f"{segments.padding} padding"
    )
    return [(evidence, f"segments.duration_s={float(np.quantile(seconds, 0.5)):.3g}")]


def _upper_edge(spec: RunSpec) -> float:
    """Hz; the highest frequency that the network is given."""
    mel, nyquist = spec.front_end, spec.data.sample_rate / 2
    top = mel.f_max or nyquist if spec.model.name == "timm" else nyquist
    return min(top, mel.lowpass_hz or nyquist)


def _edge_words(spec: RunSpec, edge: float) -> str:
    given = {"front_end.lowpass_hz": spec.front_end.lowpass_hz, "front_end.f_max": spec.front_end.f_max}
    named = next((name for name, value in given.items() if value == edge), None)
    return f"{named} is {edge:g} Hz" if named else f"bands reach up to data.sample_rate / 2 = {edge:g} Hz"


def _lower_edge(spec: RunSpec, low: np.ndarray) -> str:
    nyquist = float(low.min()) / 2
    if spec.model.name == "timm":
        return f"front_end.f_max={nyquist:.10g}"
    return f"front_end.lowpass_hz={0.95 * nyquist:.10g}"


def _range(rates: np.ndarray) -> str:
    low, high = rates.min(), rates.max()
    return f"{low} Hz" if low == high else f"{low} to {high} Hz"


def _without_empty_bands(spec: RunSpec) -> list[str]:
    """Settings that leave no band empty: a longer FFT, fewer bands."""
    mel, rate = spec.front_end, spec.data.sample_rate
    longer = [mel.n_fft * 2**power for power in range(1, 8)]
    longer = [n for n in longer if n <= min(LARGEST_FFT, spec.segment_samples)]
    fits = [n for n in longer if not empty_bands(mel.model_copy(update={"n_fft": n}), rate)]
    fewer = [n for n in range(mel.n_mels, 0, -1) if not empty_bands(mel.model_copy(update={"n_mels": n}), rate)]
    return [f"front_end.{name}={found[0]}" for name, found in (("n_fft", fits), ("n_mels", fewer)) if found]
