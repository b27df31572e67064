"""Labels as targets: shares, unions, secondary labels, nothing active."""

import numpy as np
import pytest

from trainers.targets.encode import encode_labels, encode_targets
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
