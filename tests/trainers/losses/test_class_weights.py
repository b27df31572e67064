"""Class weights by frequency in the training fold."""

import numpy as np
import pytest
import torch

from trainers.losses.functions import build_loss, class_weights
from trainers.losses.spec import BceSpec, CeSpec
from trainers.targets.encode import encode_targets
from trainers.targets.spec import TargetsSpec

CLASSES = ("bat", "frog", "owl")


def weights(targets: object, temperature: float = 0.5, scale: str = "none") -> list[float]:
    spec = BceSpec(class_weight_temperature=temperature, class_weight_scale=scale)
    return pytest.approx(class_weights(spec, np.asarray(targets, np.float32)).tolist())


def test_a_class_weighs_its_share_of_the_clips_to_minus_t():
    targets = np.eye(3)[[0] * 8 + [1] * 2 + [2] * 6]
    assert weights(targets) == [(8 / 16) ** -0.5, (2 / 16) ** -0.5, (6 / 16) ** -0.5]
    assert weights(targets, 1.0) == [2, 8, 16 / 6]
    assert weights(targets, 1.0, "mean_one") == np.array([2, 8, 16 / 6]) / np.mean([2, 8, 16 / 6])


def test_birdclef_2025s_weights_come_out():
    """FACTS: 206 classes of 2 to 990 among 28,542 clips weigh 5.4 to 119 with T = 0.5."""
    counts = [990, 2, 28_542 - 992]
    found = class_weights(BceSpec(class_weight_temperature=0.5), np.repeat(np.eye(3), counts, axis=0))
    assert found[0].item() == pytest.approx(5.4, abs=0.05)
    assert found[1].item() == pytest.approx(119, abs=0.5)


def test_a_class_without_clips_counts_as_one_with_one():
    assert weights([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], 1.0) == [2, 4, 4]


def test_soft_targets_count_as_their_labels_do():
    """Labels count, the smaller shares of secondary labels don't."""
    for share in (0.0, 0.3, 0.6):
        spec = TargetsSpec(secondary_weight=share)
        targets = encode_targets([["bat"], ["bat"], ["owl", "frog"]], [["frog", "owl"], [], []], CLASSES, spec)
        assert weights(targets, 1.0) == [1.5, 3, 3]


def test_pseudo_labels_above_one_half_and_the_surest_count():
    assert weights([[0.9, 0.6, 0.4], [0.3, 0.2, 0.3], [0, 0, 0.1]], 1.0) == [1.5, 3, 1.5]


def test_without_a_temperature_there_are_no_weights():
    assert class_weights(CeSpec(), np.eye(3)) is None
    assert class_weights(CeSpec(class_weight_scale="mean_one"), np.eye(3)) is None


def test_a_loss_that_was_used_for_evaluation_first_can_be_trained_with():
    loss = build_loss(BceSpec(class_weight_temperature=0.5), np.eye(3))
    logits = torch.zeros(2, 3, device="meta", requires_grad=True)  # stands for a GPU: the weights must move to it
    with torch.inference_mode():
        loss(logits.detach(), torch.zeros(2, 3, device="meta"))
    loss(logits, torch.zeros(2, 3, device="meta")).sum().backward()
    assert logits.grad.shape == (2, 3)
