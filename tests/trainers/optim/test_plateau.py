"""Falls at plateaus, against torch's ReduceLROnPlateau."""

import json

import numpy as np
import pytest
import torch

from trainers.optim.plateau import Plateau
from trainers.optim.spec import PlateauSpec

HISTORIES = {
    "rising and stalling": [0.1, 0.3, 0.5, 0.5, 0.5, 0.49, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7],
    "by less than counts": [0.5 + 1e-3 * i for i in range(20)],
    "not a number at first": [np.nan, np.nan, np.nan, 0.3, np.nan, 0.4, np.nan, np.nan, np.nan, 0.2],
    "noise": np.random.default_rng(0).normal(0, 1, 60).tolist(),
    "for ever": [1.0] * 40,
}
SPECS = [
    PlateauSpec(patience=2, factor=0.3, min_delta=5e-3),
    PlateauSpec(patience=0, factor=0.5, min_delta=0.0, eta_min=0.01),
    PlateauSpec(patience=1, factor=0.1, min_delta=0.05, eta_min=1e-3),
]
LR = 0.1


def torchs(spec: PlateauSpec, mode: str, history: list[float]) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode,
        factor=spec.factor,
        patience=spec.patience,
        threshold=spec.min_delta,
        threshold_mode="abs",
        min_lr=spec.eta_min,
        eps=0,
    )
    rates = []
    for value in history:
        theirs.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"patience {spec.patience}")
def test_the_rates_are_torchs_also_after_every_resume(spec, direction, history):
    plateau, rates = Plateau(spec, direction), []
    assert plateau.rate(LR) == LR
    for value in history:
        state = json.loads(json.dumps(plateau.state()))
        plateau = Plateau(spec, direction)
        plateau.load(state)
        plateau.update(value)
        rates.append(plateau.rate(LR))
    assert rates == pytest.approx(torchs(spec, direction, history), rel=1e-9)


def test_a_warm_up_below_the_lowest_rate_is_not_lifted():
    plateau = Plateau(PlateauSpec(eta_min=0.01, patience=0, factor=0.1), "max")
    assert plateau.rate(0.001) == 0.001
    for _ in range(5):
        plateau.update(0.5)
    assert plateau.factor == pytest.approx(1e-4)
    assert (plateau.rate(0.001), plateau.rate(0.1)) == (0.001, 0.01)


def test_a_resumed_plateau_is_the_same_to_the_bit():
    history = HISTORIES["noise"]
    whole, first = (Plateau(SPECS[0], "max") for _ in range(2))
    for value in history:
        whole.update(value)
    for value in history[:25]:
        first.update(value)
    second = Plateau(SPECS[0], "max")
    second.load(json.loads(json.dumps(first.state())))
    for value in history[25:]:
        second.update(value)
    assert second.state() == whole.state()
