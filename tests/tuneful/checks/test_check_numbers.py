"""What checks compute, against independent references."""

import math

import numpy as np
import pytest
from torchaudio.functional import melscale_fbanks

from trainers.front_end.spec import MelSpec
from tuneful.checks.classes import auc_variance
from tuneful.checks.mel_bands import empty_bands
from tuneful.checks.subject import share, some

BANKS = (
    (512, 128, 0.0, None),
    (1024, 128, 50.0, None),
    (512, 256, 20.0, 7000.0),
    (2048, 64, 0.0, None),
    (256, 200, 300.0, None),
)
"""n_fft, n_mels, f_min, f_max at 16 kHz; the first three and the last have empty bands, the fourth none"""


@pytest.mark.filterwarnings("ignore:At least one mel filterbank")
@pytest.mark.parametrize("mel_scale", ["htk", "slaney"])
@pytest.mark.parametrize(("n_fft", "n_mels", "f_min", "f_max"), BANKS)
def test_the_empty_bands_are_those_of_torchaudios_filter_bank(mel_scale, n_fft, n_mels, f_min, f_max):
    mel = MelSpec(n_fft=n_fft, n_mels=n_mels, f_min=f_min, f_max=f_max, mel_scale=mel_scale, hop_length=128)
    filters = melscale_fbanks(n_fft // 2 + 1, f_min, f_max or 8000.0, n_mels, 16_000, None, mel_scale)
    assert empty_bands(mel, 16_000) == np.flatnonzero((filters.max(0).values == 0).numpy()).tolist()


def test_the_standard_error_is_that_of_repeated_draws():
    """Exponential scores, for which the formula's Q1 and Q2 are exact: negatives of rate 1, positives of 1 / 9."""
    rng = np.random.default_rng(0)
    negatives, positives = rng.exponential(1, (4000, 30)), rng.exponential(9, (4000, 8))
    aucs = (positives[:, :, None] > negatives[:, None, :]).mean(axis=(1, 2))
    assert aucs.mean() == pytest.approx(0.9, abs=0.01)
    assert aucs.std() == pytest.approx(math.sqrt(auc_variance(8, 30, 0.9)), rel=0.05)


def test_evidence_has_a_few_names_and_readable_shares():
    assert some(range(7)) == "0, 1, 2, 3, 4, ..."
    assert some(["a"]) == "a"
    assert (share(12, 480), share(480, 480), share(0, 0)) == ("12 of 480 (2.5 %)", "480 of 480 (100 %)", "0 of 0 (0 %)")
