"""What a member of a population makes of the settings that it took over stays within the space."""

import math

import numpy as np
import pytest

from tuneful.space.parameters import Parameter, Space
from tuneful.space.ranges import ChoiceEntry, IntEntry, LogUniformEntry, QUniformEntry, UniformEntry
from tuneful.sweep.populations.mutation import mutate

LR = LogUniformEntry(loguniform=(1e-4, 1e-2))
DROPOUT = UniformEntry(uniform=(0.0, 0.5))
SMOOTHING = QUniformEntry(quniform=(0.0, 0.2, 0.05))
BATCH = ChoiceEntry(choice=(8, 16, 32))
LAYERS = IntEntry(int=(1, 9), step=2)


def changed(entry, value, resample=0.0, times=200):
    """All that comes of a value: {new value: how}."""
    space = Space({"x": Parameter("x", (entry,)), "y": Parameter("y", (LR,))})
    found = {}
    for seed in range(times):
        params, how = mutate(space, ["x"], {"x": value, "y": 0.001}, resample, np.random.default_rng(seed))
        assert params["y"] == 0.001, "what is not named stays"
        assert entry.contains(params["x"])
        found[params["x"]] = how["x"]
    return found


@pytest.mark.parametrize(
    ("entry", "value", "expected"),
    [
        (LR, 0.001, {0.0008: "x 0.8", 0.0012: "x 1.2"}),
        (LR, 0.01, {0.008: "x 0.8"}),
        (LR, 0.009, {0.0072: "x 0.8", 0.01: "x 1.2"}),
        (LR, 1e-4, {1.2e-4: "x 1.2"}),
        (BATCH, 16, {8: "previous choice", 32: "next choice"}),
        (BATCH, 8, {16: "next choice"}),
        (ChoiceEntry(choice=("a",)), "a", {"a": "only choice"}),
        (SMOOTHING, 0.1, {0.05: "x 0.8", 0.15: "x 1.2"}),
        (SMOOTHING, 0.1 + 0.05, {0.1: "x 0.8", 0.2: "x 1.2"}),  # 0.15000000000000002, as Optuna draws it
        (QUniformEntry(quniform=(0.0, 0.3, 0.1)), 0.1 + 0.2, {0.2: "x 0.8"}),
        (LAYERS, 5, {3: "x 0.8", 7: "x 1.2"}),
        (LAYERS, 9, {7: "x 0.8"}),
        (IntEntry(int=(10, 1000)), 100, {80: "x 0.8", 120: "x 1.2"}),
        (UniformEntry(uniform=(-2.0, 2.0)), -1.0, {-0.8: "x 0.8", -1.2: "x 1.2"}),
    ],
)
def test_a_setting_moves_by_a_fifth_or_to_its_neighbour_and_never_stays_or_leaves(entry, value, expected):
    found = changed(entry, value)
    assert sorted(found) == pytest.approx(sorted(expected)) if not isinstance(value, str) else found == expected
    assert sorted(found.values()) == sorted(expected.values())


def test_zero_is_left_by_drawing_anew():
    found = changed(DROPOUT, 0.0)
    assert set(found.values()) == {"drawn anew"}
    assert 0.1 < np.mean(list(found)) < 0.4


def test_what_is_drawn_anew_is_distributed_as_the_space_says():
    drawn = list(changed(LR, 0.001, resample=1.0, times=400))
    logs = (np.log10(drawn) + 4) / 2
    assert np.quantile(logs, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.08)
    assert len(changed(BATCH, 8, resample=1.0)) == 3


def test_as_many_are_drawn_anew_as_asked_for():
    space = Space({"x": Parameter("x", (LR,))})
    how = [mutate(space, ["x"], {"x": 0.001}, 0.25, np.random.default_rng(seed))[1]["x"] for seed in range(400)]
    assert how.count("drawn anew") / 400 == pytest.approx(0.25, abs=3 * math.sqrt(0.25 * 0.75 / 400))


def test_a_setting_with_several_ranges_is_changed_in_the_one_that_holds():
    entries = (
        LogUniformEntry(loguniform=(1e-4, 1e-3), when={"o": ("adamw",)}),
        LogUniformEntry(loguniform=(1e-2, 1e-1), when={"o": ("sgd",)}),
    )
    space = Space({"o": Parameter("o", (ChoiceEntry(choice=("adamw", "sgd")),)), "x": Parameter("x", entries)})
    params, _ = mutate(space, ["x"], {"o": "sgd", "x[1]": 0.1}, 0.0, np.random.default_rng(0))
    assert params == {"o": "sgd", "x[1]": pytest.approx(0.08)}


def test_what_is_not_active_is_left_aside():
    entries = (LogUniformEntry(loguniform=(1e-2, 1e-1), when={"o": ("sgd",)}),)
    space = Space({"o": Parameter("o", (ChoiceEntry(choice=("adamw", "sgd")),)), "x": Parameter("x", entries)})
    assert mutate(space, ["x"], {"o": "adamw"}, 0.0, np.random.default_rng(0)) == ({"o": "adamw"}, {})
