"""The phase vocoder, with a rate per row."""

import torch
from torch import Tensor
from torch.nn import functional


def stretched(waveform: Tensor, rates: Tensor, samples: int, n_fft: int) -> Tensor:
    """Play each row `rates` times as fast at the same pitch, cut or padded with silence to `samples`.

    Args:
        waveform: (n, any number of samples)
        rates: (n,); below 1 is slower.
        samples: of the result.
        n_fft: samples of the Hann window; the hop is a quarter of it.

    Returns:
        (n, samples)
    """
    hop = n_fft // 4
    window = torch.hann_window(n_fft, device=waveform.device, dtype=waveform.dtype)
    padded = functional.pad(waveform, (0, n_fft))  # both ends lie under whole windows
    spectrum = torch.stft(padded, n_fft, hop, window=window, pad_mode="constant", return_complex=True)
    frames = 1 + (samples + n_fft) // hop
    return torch.istft(phase_vocoder(spectrum, rates, frames), n_fft, hop, window=window, length=samples)


def phase_vocoder(spectrum: Tensor, rates: Tensor, frames: int) -> Tensor:
    """Frame t of the result is what the spectrum has at t * rate (Flanagan and Golden 1966, Dolson 1986).

    Magnitudes are interpolated and the phases of spectral peaks advance from frame to frame by what they advance there,
    as in `torchaudio.functional.phase_vocoder`. The bins about a peak keep the source's phases relative to it (Laroche
    and Dolson 1999). In torchaudio's, which takes one rate per call, each bin goes by itself: they fall out of step,
    and a 1 kHz tone loses more than half its power at a rate of 0.8.

    Args:
        spectrum: (n, bins, source frames) complex
        rates: (n,)
        frames: of the result; those beyond the source's end are 0.

    Returns:
        (n, bins, frames) complex
    """
    size = spectrum.shape[-1]
    position = torch.arange(frames, device=spectrum.device) * rates.double()[:, None]
    before = position.long().clamp_max(size)[:, None].expand(-1, spectrum.shape[1], -1)
    padded = functional.pad(spectrum, (0, 2))
    here, following = padded.gather(-1, before), padded.gather(-1, before + 1)
    angle = here.angle()
    gained = following.angle()[..., :-1] - angle[..., 1:]
    phase = angle + _rotation(gained, nearest_peak(here.abs())[..., 1:])
    share = position.frac()[:, None].to(angle.dtype)
    return torch.polar(torch.lerp(here.abs(), following.abs(), share), phase)


def _rotation(gained: Tensor, peaks: Tensor) -> Tensor:
    """By how much each bin is turned against the source: from frame to frame, as much more as its peak has gained."""
    rotations = [torch.zeros_like(gained[..., 0])]
    for gain, peak in zip(gained.unbind(-1), peaks.unbind(-1), strict=True):
        rotations.append((rotations[-1] + gain).gather(1, peak))
    return torch.stack(rotations, -1)


def nearest_peak(magnitude: Tensor) -> Tensor:
    """(n, bins, frames) -> for each bin, the bin of the nearest peak of its frame: none of two neighbours is larger."""
    bins = magnitude.shape[1]
    around = functional.max_pool1d(magnitude.transpose(1, 2).flatten(0, 1), 5, 1, 2)
    is_peak = magnitude == around.reshape(len(magnitude), -1, bins).transpose(1, 2)
    number = torch.arange(bins, device=magnitude.device)[:, None].expand_as(magnitude)
    below = number.where(is_peak, -bins).cummax(1).values
    above = number.where(is_peak, 2 * bins).flip(1).cummin(1).values.flip(1)
    return below.where(number - below <= above - number, above)
