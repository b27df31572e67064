"""What every registered augmentation keeps to: registering is testing."""

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trainers.augmentation import spec as specs
from trainers.augmentation.apply import SPECTROGRAM, WAVEFORM, augment_spectrogram, augment_waveform
from trainers.augmentation.context import WaveformContext
from trainers.augmentation.spec import AugmentationSpec
from trainers.errors import SpecError

RATE = 8000
ALWAYS_SEEN: dict[str, dict[str, Any]] = {  # at p = 1 every sample changes: no mask of width 0, no shift by 0
    "spec_augment": {"freq_width": 6, "count": "exact", "freq_masks": 4},
    "time_shift": {"min_fraction": 0.1, "max_fraction": 0.9},
}
VARIANTS: list[tuple[str, str, dict[str, Any]]] = [
    *(("waveform", name, {}) for name in WAVEFORM),
    ("waveform", "noise", {"color": "pink"}),
    ("waveform", "noise", {"level": "amplitude"}),
    *(("spectrogram", name, {}) for name in SPECTROGRAM),
    ("spectrogram", "spec_augment", {"fill": "mean"}),
    ("spectrogram", "spec_augment", {"fill": "zero"}),
    ("spectrogram", "random_erasing", {"fill": "constant"}),
]


def background_for(batch: Tensor):
    return lambda n, rng: torch.from_numpy(rng.normal(size=(n, batch.shape[-1]))).float()


class Augmentation:
    """One variant, called the same way whatever it changes."""

    def __init__(self, domain: str, name: str, options: dict[str, Any]) -> None:
        self.domain, self.name, self.options = domain, name, {**ALWAYS_SEEN.get(name, {}), **options}

    def batch(self, size: int, odd: int = 0, seed: int = 0) -> Tensor:
        shape = (size, 2000 + odd) if self.domain == "waveform" else (size, 1, 20 + odd, 40 + odd)
        return torch.tensor(np.random.default_rng(seed).normal(size=shape) * 0.1, dtype=torch.float32)

    def spec(self, p: float) -> Any:
        return type(getattr(AugmentationSpec(), self.name))(p=p, **self.options)

    def __call__(self, batch: Tensor, p: float, seed: int = 1) -> Tensor:
        rng = np.random.default_rng(seed)
        if self.domain == "waveform":
            return WAVEFORM[self.name](batch, self.spec(p), WaveformContext(RATE, rng, background_for(batch)))
        return SPECTROGRAM[self.name](batch, self.spec(p), rng)


def named(variant: tuple[str, str, dict[str, Any]]) -> str:
    return f"{variant[1]} on {variant[0]} {variant[2] or ''}"


@pytest.fixture(params=VARIANTS, ids=named)
def augment(request) -> Augmentation:
    return Augmentation(*request.param)


def changed(before: Tensor, after: Tensor) -> Tensor:
    return (before != after).flatten(1).any(1)


@pytest.mark.parametrize(("size", "odd"), [(1, 0), (3, 1), (2, 37)])
def test_shape_and_dtype_stay(augment, size, odd):
    before = augment.batch(size, odd)
    kept = before.clone()
    after = augment(before, p=1.0)
    assert after.shape == before.shape
    assert after.dtype == torch.float32
    assert torch.isfinite(after).all()
    assert torch.equal(before, kept)  # its input is left alone


def test_the_same_seed_does_the_same_and_another_another(augment):
    before = augment.batch(6)
    one, same, other = (augment(before, p=0.9, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_it_leaves_torchs_global_generator_alone(augment):
    state = torch.get_rng_state()
    torch.manual_seed(7)
    first = augment(augment.batch(4), p=1.0)
    torch.manual_seed(8)
    assert torch.equal(first, augment(augment.batch(4), p=1.0))
    torch.set_rng_state(state)


def test_probability_zero_is_the_batch_itself_and_draws_nothing(augment):
    before, rng = augment.batch(4), np.random.default_rng(0)
    change = WAVEFORM if augment.domain == "waveform" else SPECTROGRAM
    context: Any = WaveformContext(RATE, rng) if augment.domain == "waveform" else rng
    assert change[augment.name](before, augment.spec(0.0), context) is before
    assert rng.random() == np.random.default_rng(0).random()


def test_probability_one_changes_every_sample(augment):
    before = augment.batch(20)
    assert changed(before, augment(before, p=1.0)).all()


def test_a_share_p_is_changed_and_the_others_are_bit_for_bit_the_same(augment):
    before = augment.batch(400)[..., :600].contiguous() if augment.domain == "waveform" else augment.batch(400)
    hit = changed(before, augment(before, p=0.3))
    assert abs(hit.float().mean().item() - 0.3) < 0.08  # 3.5 standard deviations


@pytest.mark.parametrize("augment", [v for v in VARIANTS if v[1] != "reverse"], ids=named, indirect=True)
def test_samples_have_draws_of_their_own(augment):
    """torchaudio's masks have one draw for a whole batch (Mix2)."""
    same = augment.batch(1).expand(8, *augment.batch(1).shape[1:]).contiguous()
    after = augment(same, p=1.0)
    assert len({row.numpy().tobytes() for row in after}) >= 5  # two may shift by as many frames


def test_silence_stays_finite(augment):
    assert torch.isfinite(augment(torch.zeros_like(augment.batch(3)), p=1.0)).all()


def test_autocast_changes_nothing(augment):
    before = augment.batch(4)
    with torch.autocast("cpu", torch.bfloat16):
        half = augment(before, p=1.0)
    assert torch.equal(half, augment(before, p=1.0))


def test_gradients_flow(augment):
    before = augment.batch(3).requires_grad_()
    augment(before, p=0.7).square().sum().backward()
    assert before.grad is not None
    assert torch.isfinite(before.grad).all()
    assert before.grad.abs().sum() > 0


@pytest.mark.parametrize("augment", [v for v in VARIANTS if v[0] == "spectrogram"], ids=named, indirect=True)
def test_three_channels_are_treated_alike(augment):
    one = augment.batch(5)
    three = augment(one.repeat(1, 3, 1, 1), p=0.8)
    assert torch.equal(three, augment(one, p=0.8).repeat(1, 3, 1, 1))


def test_its_section_says_what_it_is(augment):
    section = type(augment.spec(0.5))
    assert inspect.getdoc(section)
    assert all(field.description for field in section.model_fields.values())


def test_the_registries_hold_every_field_of_the_spec_in_its_order():
    order = [name for name in AugmentationSpec.model_fields if name not in ("before_mixing", "concatenate")]
    assert [name for name in order if name in WAVEFORM] == list(WAVEFORM)
    assert [name for name in order if name in SPECTROGRAM] == list(SPECTROGRAM)
    assert set(order) == set(WAVEFORM) | set(SPECTROGRAM)


def test_a_whole_spec_is_its_parts_one_after_another():
    batch = Augmentation("waveform", "gain", {}).batch(6)
    spec = AugmentationSpec(gain=specs.GainSpec(p=0.7), reverse=specs.ReverseSpec(p=0.5), noise=specs.NoiseSpec(p=1.0))
    rng = np.random.default_rng(3)
    expected = batch
    for name in ("reverse", "noise", "gain"):
        expected = WAVEFORM[name](expected, getattr(spec, name), WaveformContext(RATE, rng))
    assert torch.equal(augment_waveform(batch, spec, RATE, np.random.default_rng(3), None), expected)


def test_on_says_where_shift_and_reversal_happen():
    waveform = Augmentation("waveform", "gain", {}).batch(4)
    spectrogram = Augmentation("spectrogram", "reverse", {}).batch(4)
    rng = np.random.default_rng(0)
    for on in ("waveform", "spectrogram"):
        spec = AugmentationSpec(time_shift=specs.TimeShiftSpec(p=1.0, on=on), reverse=specs.ReverseSpec(p=1.0, on=on))
        assert (augment_waveform(waveform, spec, RATE, rng, None) is waveform) == (on == "spectrogram")
        assert (augment_spectrogram(spectrogram, spec, rng) is spectrogram) == (on == "waveform")


def test_the_default_spec_changes_nothing():
    rng = np.random.default_rng(0)
    waveform, spectrogram = torch.ones(2, 100), torch.ones(2, 1, 5, 5)
    assert augment_waveform(waveform, AugmentationSpec(), RATE, rng, None) is waveform
    assert augment_spectrogram(spectrogram, AugmentationSpec(), rng) is spectrogram


def test_background_without_recordings_is_an_error_that_names_the_subset():
    spec = AugmentationSpec(background=specs.BackgroundSpec(p=0.5, subset="nocall"))
    with pytest.raises(SpecError, match=r"augmentation.background.p is 0.5, but there are no .* 'nocall'"):
        augment_waveform(torch.ones(2, 100), spec, RATE, np.random.default_rng(0), None)
