"""Whether two recordings are the same sound: their waveforms, aligned, compared band by band.

Two takes of one song or note look alike in a spectrogram, their waveforms don't. The alignment is found by generalised
cross-correlation (C. Knapp and G. Carter, The generalized correlation method for estimation of time delay, 1976).
"""

import numpy as np
import scipy.fft

from trainers.data.duplicates.landmarks import HOP, RATE_HZ

LONGEST_S = 5.0
"""Of a long overlap so much is compared: where it is loudest."""
SHORTEST_S = 1.0
"""A shorter overlap says too little."""
SEARCHED_S = 2.0
"""How far the offset of the landmarks may be off: in a held note they match anywhere."""
COVERED = 0.75
"""The share of the shorter stretch that an alignment must compare."""
WHITENING = 0.5
"""Exponent on the magnitudes: 0 is plain correlation, led by the loudest tone; 1 trusts every bin alike."""
EDGES_HZ = 125.0 * 2.0 ** (np.arange(19) / 3)
"""Third octaves from 125 Hz to 8 kHz."""
SHARE_EXPONENT = 0.25
"""A band counts by this power of its share of the energy: the fundamental of a tone alone decides nothing."""
FAINTEST = 1e-3
"""Bands with a smaller share of the energy (-30 dB) don't count: codecs fill them with noise of their own."""
TINY = 1e-12
"""Keeps quotients of silence finite."""


def agreement(one: np.ndarray, other: np.ndarray, offset: int) -> float:
    """How alike two recordings are where they overlap: 1 for copies, about 0 for different sounds.

    Args:
        one, other: (samples,) float32 at `RATE_HZ`.
        offset: frames by which the shared sound is later in `other`, as the landmarks say.

    Returns:
        The size of the mean correlation of the bands of the aligned waveforms, so that a copy upside down is a copy;
        0 where the overlap is too short.
    """
    reach, later = round(SEARCHED_S * RATE_HZ), offset * HOP
    start, stop = max(0, -later), min(len(one), len(other) - later)
    if stop - start < SHORTEST_S * RATE_HZ:
        return 0.0
    start, stop = _loudest(one, start, stop)
    x, y = one[start:stop], other[max(0, start + later - reach) : stop + later + reach]
    lag = _lag(x, y)
    begin, end = max(0, -lag), min(len(x), len(y) - lag)
    return _alike(x[begin:end], y[begin + lag : end + lag])


def _loudest(samples: np.ndarray, start: int, stop: int) -> tuple[int, int]:
    """Start and stop of the `LONGEST_S` with the most energy: of a note that fades, what is not yet lost in noise."""
    length = min(stop - start, round(LONGEST_S * RATE_HZ))
    energies = _energies(samples[start:stop])
    first = start + int(np.argmax(energies[length:] - energies[: len(energies) - length]))
    return first, first + length


def _lag(x: np.ndarray, y: np.ndarray) -> int:
    """Samples by which what both hold is later in `y`."""
    least = round(COVERED * min(len(x), len(y)))
    size = scipy.fft.next_fast_len(len(x) + len(y) - least, real=True)  # lags that compare less may wrap around
    one, other = _whitened(x, size), _whitened(y, size)
    correlation = scipy.fft.irfft(np.conj(one) * other, size)
    # each alignment by the energies it compares: else the loud start of a note that fades is taken for all of it
    energies = [_energies(scipy.fft.irfft(z, size)) for z in (one, other)]
    lags = np.arange(least - len(x), len(y) - least)
    begin, end = np.maximum(0, -lags), np.minimum(len(x), len(y) - lags)
    compared = (energies[0][end] - energies[0][begin]) * (energies[1][end + lags] - energies[1][begin + lags])
    return int(lags[np.argmax(np.square(correlation[lags]) / np.maximum(compared, TINY))])


def _whitened(samples: np.ndarray, size: int) -> np.ndarray:
    """The spectrum of (samples,), its magnitudes to the power of 1 - `WHITENING`, without what lies below the bands."""
    spectrum = scipy.fft.rfft(samples, size)
    spectrum[: round(EDGES_HZ[0] * size / RATE_HZ)] = 0
    white: np.ndarray = spectrum / np.maximum(_powers(spectrum), TINY**2) ** np.float32(WHITENING / 2)
    return white


def _powers(spectrum: np.ndarray) -> np.ndarray:
    powers: np.ndarray = spectrum.real**2 + spectrum.imag**2
    return powers


def _energies(samples: np.ndarray) -> np.ndarray:
    """(samples + 1,) the energy before each sample."""
    return np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])


def _alike(x: np.ndarray, y: np.ndarray) -> float:
    """The mean correlation of the bands of two aligned waveforms."""
    size = scipy.fft.next_fast_len(len(x), real=True)
    a, b = scipy.fft.rfft(x, size), scipy.fft.rfft(y, size)
    edges = np.minimum(np.round(EDGES_HZ * size / RATE_HZ).astype(int), len(a) - 1)
    cross = np.add.reduceat((a * np.conj(b)).real, edges)[:-1]
    powers = [np.add.reduceat(_powers(z), edges)[:-1] for z in (a, b)]
    shares = [power / max(power.sum(), TINY) for power in powers]
    share = np.sqrt(shares[0] * shares[1])
    weights = np.where(share > FAINTEST, share**SHARE_EXPONENT, 0)
    band = cross / np.maximum(np.sqrt(powers[0] * powers[1]), TINY)
    return abs(float((weights * band).sum() / max(weights.sum(), TINY)))
