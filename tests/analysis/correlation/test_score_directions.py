"""Which way a score is better is told from its name, or asked."""

import pytest

from analysis.correlation.directions import Directions, named_direction
from analysis.errors import UserError


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("local_auc", "max"),
        ("auc3", "max"),
        ("valAUC", "max"),
        ("val/macro_f1", "max"),
        ("macro_precision", "max"),
        ("publicScore", "max"),
        ("val_loss", "min"),
        ("valLoss", "min"),
        ("brier score", "min"),
        ("rmse", "min"),
        ("lb", None),
        ("thing", None),
        ("auc_loss", None),
        ("placement", None),
    ],
)
def test_names_say_it_by_their_words(name, direction):
    assert named_direction(name) == direction


def test_a_plain_leaderboard_goes_with_scores_that_are_better_higher():
    assert Directions().lower_is_better(["local_auc", "lb"]) == frozenset()
    with pytest.raises(UserError, match=r"'lb' doesn't say .* Try: --higher-is-better lb"):
        Directions().lower_is_better(["val_loss", "lb"])
    assert Directions(higher=("lb",)).lower_is_better(["val_loss", "lb"]) == {"val_loss"}
    assert Directions(lower=("auc",)).lower_is_better(["auc", "map"]) == {"auc"}


@pytest.mark.parametrize(
    ("said", "rule"),
    [(Directions(lower=("nope",)), "no score is called 'nope'"), (Directions(("auc",), ("auc",)), "both lower and")],
)
def test_what_can_not_be_meant_is_refused(said, rule):
    with pytest.raises(UserError, match=rule):
        said.lower_is_better(["auc", "map"])
