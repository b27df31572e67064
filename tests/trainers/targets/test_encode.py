"""Labels as targets: shares, unions, secondary labels, nothing active."""

import numpy as np
import pytest
import torch

from trainers.errors import DataError
from trainers.targets.encode import encode_labels, encode_targets, smooth
from trainers.targets.spec import TargetsSpec

CLASSES = ("bat", "frog", "owl", "wren")


def encode(labels: list[str], secondary: list[str], **spec: object) -> list[float]:
    (row,) = encode_targets([labels], [secondary], CLASSES, TargetsSpec(**spec))
    return pytest.approx(row.tolist())


@pytest.mark.parametrize(
    ("labels", "secondary", "spec", "expected"),
    [
        (["owl"], [], {}, [0, 0, 1, 0]),
        (["owl", "bat"], [], {}, [1, 0, 1, 0]),
        (["owl"], ["bat"], {}, [0, 0, 1, 0]),  # secondary labels count only with a weight
        (["owl"], ["bat", "frog"], {"secondary_weight": 0.3}, [0.15, 0.15, 0.7, 0]),
        (["owl"], [], {"secondary_weight": 0.3}, [0, 0, 1, 0]),
        (["owl"], ["owl"], {"secondary_weight": 0.3}, [0, 0, 1, 0]),
        (["owl"], ["owl", "bat"], {"secondary_weight": 0.3}, [0.3, 0, 0.7, 0]),
        (["owl"], ["bat", "frog"], {"mode": "hard", "secondary_weight": 0.3}, [1, 1, 1, 0]),
        (["owl"], ["bat"], {"mode": "hard"}, [0, 0, 1, 0]),
        ([], [], {}, [0, 0, 0, 0]),
        ([], [], {"mode": "hard"}, [0, 0, 0, 0]),
    ],
)
def test_targets_are_shares_when_soft_and_a_union_when_hard(labels, secondary, spec, expected):
    assert encode(labels, secondary, **spec) == expected


def test_soft_targets_of_one_label_have_the_mass_of_one():
    for n in range(4):
        row = encode_targets([["wren"]], [list(CLASSES[:n])], CLASSES, TargetsSpec(secondary_weight=0.4))
        assert row.sum() == pytest.approx(1)


def test_evaluation_asks_for_labels_alone():
    np.testing.assert_array_equal(
        encode_labels([["owl"], [], ["bat", "wren"]], CLASSES), [[0, 0, 1, 0], [0] * 4, [1, 0, 0, 1]]
    )


def test_the_type_and_shape_hold_for_no_clips_too():
    for n in (0, 3):
        targets = encode_targets([["owl"]] * n, [[]] * n, CLASSES, TargetsSpec())
        assert targets.shape == (n, 4)
        assert targets.dtype == np.float32


@pytest.mark.parametrize(
    ("mode", "secondary", "weights", "expected"),
    [
        ("soft", [], [0.9, 0.2], [0.2, 0, 0.9, 0]),
        ("soft", ["wren"], [0.9, 0.2], [0.15, 0, 0.675, 0.25]),
        ("hard", [], [0.9, 0.2], [0, 0, 1, 0]),
        ("hard", [], [0.5, 0.49], [0, 0, 1, 0]),
        ("soft", [], None, [1, 0, 1, 0]),
        ("soft", [], np.array([0.9, 0.2]), [0.2, 0, 0.9, 0]),  # as Parquet gives it
    ],
)
def test_a_pseudo_label_weighs_what_it_is_sure_of(mode, secondary, weights, expected):
    spec = TargetsSpec(mode=mode, secondary_weight=0.25 if secondary else 0.0)
    (row,) = encode_targets([["owl", "bat"]], [secondary], CLASSES, spec, label_weights=[weights])
    np.testing.assert_allclose(row, expected, rtol=1e-6)


def test_clips_with_and_without_weights_stand_side_by_side():
    labels, weights = [["owl"], ["bat"], []], [[0.4], None, []]
    targets = encode_targets(labels, [[]] * 3, CLASSES, TargetsSpec(), label_weights=weights)
    np.testing.assert_allclose(targets, [[0, 0, 0.4, 0], [1, 0, 0, 0], [0] * 4], rtol=1e-6)


@pytest.mark.parametrize("weights", [[0.4], [0.4, 0.5, 0.6], [0.4, 1.5], [-0.1, 0.4], [0.4, np.nan]])
def test_weights_that_do_not_fit_their_labels_are_refused(weights):
    with pytest.raises(DataError, match="label_weights must be a number from 0 to 1 for each label"):
        encode_targets([["owl", "bat"]], [[]], CLASSES, TargetsSpec(), label_weights=[weights])


def test_a_mixture_of_two_clips_of_one_species_keeps_its_mass():
    """BirdCLEF 2025's code gives such a pair 0.5 instead of 1: it assigns the shares, ours are added."""
    labels = [["owl"], ["owl"], ["bat"]]
    secondary = [["bat"], ["frog", "bat"], ["owl"]]
    for weight in (0.0, 0.2):
        targets = encode_targets(labels, secondary, CLASSES, TargetsSpec(secondary_weight=weight))
        same, other = 0.5 * targets[0] + 0.5 * targets[1], 0.5 * targets[0] + 0.5 * targets[2]
        assert same.sum() == pytest.approx(1)
        assert same[2] == pytest.approx(1 - weight)
        assert other.sum() == pytest.approx(1)


def test_smoothing_is_torchs():
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(size=(6, 4)))
    targets = torch.tensor(rng.dirichlet(np.ones(4), 6))
    expected = torch.nn.CrossEntropyLoss(label_smoothing=0.2)(logits, targets)
    torch.testing.assert_close(torch.nn.CrossEntropyLoss()(logits, smooth(targets, 0.2)), expected)


def test_smoothing_keeps_the_mass_of_one_and_nothing_is_changed_without_it():
    targets = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]])
    torch.testing.assert_close(smooth(targets, 0.3).sum(1), torch.ones(2))
    assert torch.equal(smooth(targets, 0.0), targets)
