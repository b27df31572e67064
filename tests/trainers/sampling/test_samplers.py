"""Samplers: the contract of every one, their closed forms, and frequencies of the training fold alone."""

import re
from typing import Any, get_args

import numpy as np
import pytest
import torch
from scipy import stats
from torch.utils.data import WeightedRandomSampler

from trainers.errors import SpecError
from trainers.sampling.membership import Members, membership
from trainers.sampling.samplers import SAMPLERS, draw_order, epoch_length, temperature_weights
from trainers.sampling.spec import (
    BalancedSpec,
    OversampleSpec,
    RareCombinationsSpec,
    SamplingSpec,
    ShuffleSpec,
    TemperatureSpec,
)

BY_NAME = {model.model_fields["name"].default: model for model in get_args(get_args(SamplingSpec)[0])}
SPECS: dict[str, Any] = {
    **{name: model() for name, model in BY_NAME.items()},
    "temperature_mean": TemperatureSpec(multi_label="mean", temperature=1.0),
    "temperature_first": TemperatureSpec(multi_label="first", temperature=4.0),
    "rare_combinations_half": RareCombinationsSpec(temperature=0.5),
    "shuffle_extra": ShuffleSpec(extra_share=0.4),
    "balanced_extra": BalancedSpec(extra_share=0.25),
    "oversample_extra": OversampleSpec(extra_share=0.1),
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def single(counts: list[int], seed: int = 0) -> np.ndarray:
    """(clips, classes) one label each, in random order."""
    return np.eye(len(counts), dtype=np.float32)[rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))]


def several(clips: int, classes: int = 5, seed: int = 0) -> np.ndarray:
    """(clips, classes) none, one or several labels each, of very different frequency."""
    return (rng(seed).random((clips, classes)) < np.linspace(0.05, 0.5, classes)).astype(np.float32)


def none_extra(targets: np.ndarray) -> np.ndarray:
    return np.zeros(len(targets), bool)


def order_of(targets: np.ndarray, spec: Any, seed: int = 0) -> np.ndarray:
    return draw_order(targets, spec, none_extra(targets), rng(seed))


def exposure(targets: np.ndarray, spec: Any, epochs: int = 20) -> np.ndarray:
    """(clips,) how often each clip is shown in some epochs."""
    orders = [order_of(targets, spec, seed) for seed in range(epochs)]
    return np.bincount(np.concatenate(orders), minlength=len(targets))


def assert_drawn_by(counts: np.ndarray, weights: np.ndarray) -> None:
    assert stats.chisquare(counts, counts.sum() * weights / weights.sum()).pvalue > 1e-3


# ---- the contract


def test_every_sampler_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(SAMPLERS) == set(BY_NAME)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_sampler_is_documented_and_names_its_source(name):
    assert SAMPLERS[name].draw.__doc__
    text = f"{BY_NAME[name].__doc__} {SAMPLERS[name].draw.__doc__}"
    assert name == "shuffle" or re.search("BirdCLEF|ml-sound-classifier|RandomOverSampler|Mix2", text)


@pytest.fixture(params=sorted(SPECS))
def spec(request) -> Any:
    return SPECS[request.param]


@pytest.mark.parametrize("clips", [1, 2, 7, 60])
@pytest.mark.parametrize("kind", ["several", "nothing", "one_class"])
def test_orders_have_the_length_that_is_known_before_and_hold_numbers_of_clips(spec, clips, kind):
    targets = {"several": several(clips), "nothing": np.zeros((clips, 3)), "one_class": np.eye(3)[[1] * clips]}[kind]
    extra = np.arange(clips + 3) >= clips
    targets = np.concatenate([targets, targets[[0] * 3]]).astype(np.float32)
    order = draw_order(targets, spec, extra, rng())
    assert order.shape == (epoch_length(targets, spec, extra),)
    assert order.dtype == np.int64
    assert ((order >= 0) & (order < clips + 3)).all()


def test_the_order_depends_on_the_generator_alone(spec):
    """So workers draw the same, and an epoch drawn again after others is the same."""
    targets, extra = several(50), np.arange(50) % 5 == 0
    before = targets.copy()
    first = draw_order(targets, spec, extra, rng(3))
    np.random.random(5)
    torch.rand(5)
    draw_order(several(80, 7), spec, np.arange(80) % 4 == 0, rng(9))
    np.testing.assert_array_equal(draw_order(targets, spec, extra, rng(3)), first)
    assert not np.array_equal(draw_order(targets, spec, extra, rng(4)), first)
    np.testing.assert_array_equal(targets, before)


def test_frequencies_are_those_of_the_clips_given_and_no_others():
    """The code of BirdCLEF 2025 counts classes on training and validation clips together."""
    train, val = single([30, 3]), single([0, 27])
    weights = temperature_weights(train, TemperatureSpec(temperature=1.0))
    assert weights[train[:, 1] > 0].max() / weights[train[:, 0] > 0].max() == pytest.approx(10)
    together = temperature_weights(np.concatenate([train, val]), TemperatureSpec(temperature=1.0))
    assert len(np.unique(together.round(9))) == 1  # counted together they are equally frequent


# ---- which classes a clip has


def test_secondary_labels_count_from_half_of_the_largest_target():
    targets = np.array([[0.8, 0.2, 0, 0], [0.5, 0.5, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0], [0.3, 0.16, 0.14, 0]])
    np.testing.assert_array_equal(
        membership(targets), [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 0, 0]]
    )


def test_members_of_each_class_are_those_of_its_column():
    member = several(40).astype(bool)
    members = Members.of(member)
    for c in range(member.shape[1]):
        picked = members.pick(np.full(500, c), rng(c))
        assert set(picked) == set(np.flatnonzero(member[:, c]))


# ---- shuffle


def test_shuffle_shows_every_clip_once():
    order = order_of(several(100), ShuffleSpec())
    assert sorted(order) == list(range(100))
    assert list(order) != sorted(order)


# ---- temperature


@pytest.mark.parametrize("multi_label", ["rarest", "mean", "first"])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_temperature_weights_are_a_loop_over_clips(multi_label, power):
    targets = several(200) * rng(1).choice([0.6, 0.7, 1.0], (200, 5))
    member = targets >= 0.5 * targets.max(1, keepdims=True)
    member &= targets > 0
    expected = []
    for labels, row in zip(member, targets, strict=True):
        per_class = [(member[:, c].sum() / 200) ** -power for c in range(5) if labels[c]]
        if not labels.any():
            expected.append(((~member.any(1)).sum() / 200) ** -power)
        elif multi_label == "first":
            expected.append((member[:, int(np.argmax(row))].sum() / 200) ** -power)
        else:
            expected.append(max(per_class) if multi_label == "rarest" else sum(per_class) / len(per_class))
    weights = temperature_weights(targets, TemperatureSpec(temperature=power, multi_label=multi_label))
    np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_first_is_the_class_with_the_largest_target_and_the_lower_one_of_two():
    targets = np.array([[0, 0.6, 1.0], [1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1.0]])
    weights = temperature_weights(targets, TemperatureSpec(temperature=1.0, multi_label="first"))
    np.testing.assert_allclose(weights, [5 / 2, 5 / 1, 5 / 4, 5 / 4, 5 / 2])


def test_the_exposure_of_birdclef_2025_shrinks_from_495_to_1_to_22_to_1():
    """FACTS: 990 clips of the largest class and 2 of the smallest, T = 0.5."""
    targets = single([990, 2, 500, 40, 300])
    weights = temperature_weights(targets, TemperatureSpec())
    per_class = weights @ targets
    assert per_class.max() / per_class.min() == pytest.approx(495**0.5)  # 22.2
    shown = exposure(targets, TemperatureSpec(), 60) @ targets
    np.testing.assert_allclose(shown / shown.sum(), per_class / per_class.sum(), rtol=0.07)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_temperature_0_is_uniform_over_clips_and_1_over_classes(power):
    targets = single([40, 8, 2])
    shown = exposure(targets, TemperatureSpec(temperature=power), 80) @ targets
    assert_drawn_by(shown, np.array([40, 8, 2]) if power == 0 else np.ones(3))


@pytest.mark.parametrize("spec", [TemperatureSpec(), TemperatureSpec(temperature=1.0, multi_label="mean")])
def test_temperature_draws_like_torchs_weighted_random_sampler(spec):
    targets = several(40)
    weights = temperature_weights(targets, spec)
    generator = torch.Generator().manual_seed(0)
    theirs = WeightedRandomSampler(weights.tolist(), 400 * len(targets), replacement=True, generator=generator)
    assert_drawn_by(np.bincount(list(theirs), minlength=40), weights)
    assert_drawn_by(exposure(targets, spec, 400), weights)


# ---- balanced


@pytest.mark.parametrize("empty", [0, 4])
def test_every_round_of_balanced_holds_each_class_once(empty):
    targets = np.concatenate([single([50, 10, 3, 1]), np.zeros((empty, 4))])
    groups = 5 if empty else 4
    group = np.where(targets.any(1), targets.argmax(1), 4)
    for seed in range(5):
        shown = group[order_of(targets, BalancedSpec(), seed)]
        rounds = shown[: len(shown) // groups * groups].reshape(-1, groups)
        np.testing.assert_array_equal(np.sort(rounds, axis=1), np.tile(np.arange(groups), (len(rounds), 1)))
        assert len({tuple(turns) for turns in rounds.tolist()}) > 3  # in a new order each


def test_balanced_draws_uniformly_within_a_class_and_passes_classes_without_clips_by():
    targets = single([30, 0, 5])
    shown = exposure(targets, BalancedSpec(), 60)
    assert_drawn_by(shown, targets @ np.array([1 / 30, 0, 1 / 5]))


def test_balanced_shows_a_clip_in_the_turns_of_each_of_its_classes():
    targets = np.array([[1, 1.0], [1, 0], [1, 0], [0, 1]])
    assert_drawn_by(exposure(targets, BalancedSpec(), 2000), np.array([1 / 3 + 1 / 2, 1 / 3, 1 / 3, 1 / 2]))


# ---- oversample


def test_oversample_shows_every_clip_and_fills_all_classes_up_to_the_largest():
    """As imbalanced-learn's RandomOverSampler: each class the originals and random repeats, as many as the largest."""
    targets = single([40, 11, 3, 1, 0])
    shown = exposure(targets, OversampleSpec(), 1)
    assert shown.min() == 1
    np.testing.assert_array_equal(shown @ targets, [40, 40, 40, 40, 0])
    assert (shown[targets[:, 0] > 0] == 1).all()
    repeats = exposure(targets, OversampleSpec(), 50) - 50
    assert_drawn_by(repeats[targets[:, 1] > 0], np.ones(11))


def test_oversample_with_several_labels_is_as_long_as_its_classes_lack():
    targets = several(80)
    count = targets.sum(0)
    order = order_of(targets, OversampleSpec())
    assert len(order) == 80 + (count.max() - count).sum()
    shown = np.bincount(order, minlength=80)
    assert (shown[~targets.any(1)] == 1).all()  # nothing active: not repeated
    assert (shown @ targets >= count.max()).all()  # repeats of a class add to others, too


def test_repeats_are_spread_over_the_epoch():
    targets = single([100, 2])
    rare = np.flatnonzero(targets[order_of(targets, OversampleSpec()), 1])
    assert rare.mean() == pytest.approx(100, abs=20)


# ---- rare combinations


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_combinations_are_drawn_by_the_frequency_of_the_exact_set(power):
    targets = several(60, classes=11, seed=2) * (np.arange(11) >= 8)  # three classes, beyond the first byte of flags
    sets = [frozenset(np.flatnonzero(row)) for row in targets]
    weights = np.array([(sets.count(labels) / 60) ** -power for labels in sets])
    assert_drawn_by(exposure(targets, RareCombinationsSpec(temperature=power), 300), weights)


def test_with_temperature_1_every_combination_is_as_frequent():
    targets = np.array([[1, 1.0]] + [[1, 0]] * 20 + [[0, 0]] * 9)
    shown = exposure(targets, RareCombinationsSpec(), 200)
    assert_drawn_by(np.array([shown[0], shown[1:21].sum(), shown[21:].sum()]), np.ones(3))


# ---- extra clips


@pytest.mark.parametrize("name", sorted(BY_NAME))
@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_extra_clips_are_their_share_of_an_epoch(name, share):
    targets, extra = several(120), np.arange(120) % 3 == 0
    spec = BY_NAME[name](extra_share=share)
    own = epoch_length(targets[~extra], BY_NAME[name](), none_extra(targets[~extra]))
    order = draw_order(targets, spec, extra, rng())
    assert len(order) == round(own / (1 - share))
    assert (~extra[order]).sum() == own
    first, second = extra[order[: len(order) // 2]].mean(), extra[order[len(order) // 2 :]].mean()
    assert first == pytest.approx(second, abs=0.25)  # shuffled together


def test_frequencies_with_an_extra_share_are_those_of_the_own_clips():
    own, pseudo = single([20, 5]), single([0, 60], seed=1)
    targets, extra = np.concatenate([own, pseudo]), np.arange(85) >= 25
    orders = [draw_order(targets, TemperatureSpec(temperature=1.0, extra_share=0.5), extra, rng(s)) for s in range(80)]
    shown = np.bincount(np.concatenate(orders), minlength=85)
    assert_drawn_by(shown[:25] @ own, np.ones(2))
    assert_drawn_by(shown[25:], np.ones(60))


def test_without_an_extra_share_all_clips_are_alike():
    targets, extra = several(30), np.arange(30) % 2 == 0
    for name, model in BY_NAME.items():
        expected = SAMPLERS[name].draw(targets, model(), rng())
        np.testing.assert_array_equal(draw_order(targets, model(), extra, rng()), expected)


def test_an_extra_share_without_extra_clips_is_refused():
    targets = several(10)
    for call in (lambda s: epoch_length(targets, s, none_extra(targets)), lambda s: order_of(targets, s)):
        with pytest.raises(SpecError, match=r"sampling\.extra_share .* got 0\.3 .* Try: data\.extra_train"):
            call(ShuffleSpec(extra_share=0.3))
