"""Learning rates as a function of the step, against torch's own schedulers."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from trainers.optim.build import Schedule, build_schedule, rewarmed
from trainers.optim.schedules import SHAPES
from trainers.optim.spec import (
    ConstantSpec,
    CosineSpec,
    CyclicSpec,
    OneCycleSpec,
    PlateauSpec,
    ScheduleSpec,
    WarmRestartsSpec,
)

SPECS = {model.model_fields["name"].default: model for model in get_args(get_args(ScheduleSpec)[0])}
LR = 0.1


def rates(schedule: Schedule, steps: int) -> list[float]:
    return [schedule(step) for step in range(steps)]


def torchs(make: Callable[[torch.optim.Optimizer], Any], steps: int, hold: int = 1) -> Any:
    """The rates of a scheduler of torch, which is stepped every `hold` optimizer steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = make(optimizer)
    found = []
    for _ in range(-(-steps // hold)):
        found += [optimizer.param_groups[0]["lr"]] * hold
        optimizer.step()
        scheduler.step()
    return pytest.approx(found[:steps], rel=1e-9)


def test_the_cosine_per_step_is_torchs_and_ends_at_its_lowest():
    found = rates(build_schedule(CosineSpec(eta_min=1e-4), LR, 5, 4), 20)
    assert found == torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=19, eta_min=1e-4), 20)
    assert found[-1] == pytest.approx(1e-4)


def test_the_cosine_per_epoch_is_torchs_with_t_max_epochs():
    found = rates(build_schedule(CosineSpec(per="epoch", eta_min=1e-4), LR, 3, 10), 30)
    assert found == torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=10, eta_min=1e-4), 30, hold=3)


def test_the_cosine_of_mix2_is_as_published():
    """FACTS 2.2: lr 0.5 (1 + cos(pi e / E)), per epoch, 100 epochs, no warm-up."""
    at = build_schedule(CosineSpec(per="epoch", eta_min=0.0), 1e-2, 7, 100)
    for epoch in range(100):
        assert at(7 * epoch + 3) == pytest.approx(1e-2 * 0.5 * (1 + np.cos(np.pi * epoch / 100)), rel=1e-9)


@pytest.mark.parametrize(("t_0", "t_mult"), [(4, 1), (2, 2), (1, 3), (50, 1)])
def test_warm_restarts_per_epoch_are_torchs(t_0, t_mult):
    spec = WarmRestartsSpec(t_0=t_0, t_mult=t_mult, eta_min=1e-5)
    found = rates(build_schedule(spec, LR, 3, 20), 60)

    def make(optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, t_0, t_mult, eta_min=1e-5)

    assert found == torchs(make, 60, hold=3)


@pytest.mark.parametrize(("t_0", "t_mult"), [(4, 1), (2, 2), (1, 3)])
def test_warm_restarts_per_step_are_torchs_with_epochs_in_steps(t_0, t_mult):
    found = rates(build_schedule(WarmRestartsSpec(per="step", t_0=t_0, t_mult=t_mult), LR, 5, 20), 100)

    def make(optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 5 * t_0, t_mult, eta_min=1e-6)

    assert found == torchs(make, 100)


@pytest.mark.parametrize(("steps_per_epoch", "epochs"), [(5, 8), (1, 2), (3, 1), (1, 1), (7, 13)])
@pytest.mark.parametrize("pct_start", [0.3, 0.05, 0.9])
def test_one_cycle_is_torchs(steps_per_epoch, epochs, pct_start):
    steps = steps_per_epoch * epochs
    spec = OneCycleSpec(pct_start=pct_start, div_factor=10, final_div_factor=100)
    found = rates(build_schedule(spec, LR, steps_per_epoch, epochs), steps)

    def make(optimizer: torch.optim.Optimizer) -> Any:
        options = {"pct_start": pct_start, "div_factor": 10, "final_div_factor": 100, "cycle_momentum": False}
        return lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps, **options)

    assert found == torchs(make, steps)
    assert found[-1] == pytest.approx(LR / 10 / 100)


def test_one_cycle_that_rises_for_less_than_a_step_starts_at_the_peak():
    found = rates(build_schedule(OneCycleSpec(pct_start=0.1), LR, 10, 1), 10)  # torch divides by zero here
    assert found[0] == LR
    assert sorted(found, reverse=True) == found


@pytest.mark.parametrize("half_cycle_epochs", [2.0, 0.7, 30.0])
def test_the_triangles_are_torchs(half_cycle_epochs):
    spec = CyclicSpec(base_factor=0.2, half_cycle_epochs=half_cycle_epochs)
    found = rates(build_schedule(spec, LR, 5, 20), 100)

    def make(optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.CyclicLR(optimizer, 0.2 * LR, LR, 5 * half_cycle_epochs, cycle_momentum=False)

    assert found == torchs(make, 100)


def test_the_first_half_cycle_rises_from_the_lowest_to_the_peak():
    at = build_schedule(CyclicSpec(half_cycle_epochs=2.0), LR, 5, 20)
    assert (at(0), at(10), at(20)) == pytest.approx((0.1 * LR, LR, 0.1 * LR))


@pytest.mark.parametrize("spec", [ConstantSpec(), PlateauSpec()])
def test_without_falls_the_rate_stays_at_its_peak(spec):
    assert rates(build_schedule(spec, 0.5, 5, 10), 50) == [0.5] * 50


# ---- warm-up


def with_warm_up(steps: int) -> list[Any]:
    return [model(warmup_steps=steps) for name, model in sorted(SPECS.items()) if name != "one_cycle"]


@pytest.mark.parametrize("spec", with_warm_up(5), ids=lambda spec: spec.name)
def test_the_warm_up_rises_in_a_line_to_the_peak(spec):
    found = rates(build_schedule(spec, 0.5, 10, 5), 5)
    np.testing.assert_allclose(found, [0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize("spec", with_warm_up(5), ids=lambda spec: spec.name)
@pytest.mark.parametrize("steps", [1, 3, 5, 6])
def test_a_run_shorter_than_its_warm_up_has_rates_too(spec, steps):
    assert all(0 < rate <= 0.5 for rate in rates(build_schedule(spec, 0.5, steps, 1), steps))


@pytest.mark.parametrize("per", ["step", "epoch"])
def test_after_the_warm_up_a_cosine_fills_what_is_left(per):
    """A warm-up of whole epochs leaves a run that is shorter by them."""
    warm = rates(build_schedule(CosineSpec(per=per, warmup_steps=6), LR, 3, 10), 30)
    assert warm[6:] == pytest.approx(rates(build_schedule(CosineSpec(per=per), LR, 3, 8), 24), rel=1e-9)


@pytest.mark.parametrize("spec", [CosineSpec(per="epoch", warmup_steps=4), WarmRestartsSpec(t_0=20, warmup_steps=4)])
def test_a_rate_per_epoch_changes_where_epochs_begin(spec):
    found = rates(build_schedule(spec, LR, 3, 10), 30)
    changes = [step for step in range(4, 30) if found[step] != found[step - 1]]
    assert changes == list(range(6, 30, 3))
    assert found[5] == LR


# ---- the contract of every registered schedule


def test_every_schedule_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(SHAPES) == set(SPECS)


@pytest.fixture(params=sorted(SHAPES))
def name(request) -> str:
    return request.param


@pytest.mark.parametrize(("steps_per_epoch", "epochs"), [(1, 1), (1, 7), (7, 1), (13, 5)])
def test_a_rate_is_positive_and_at_most_the_peak_and_known_from_the_step_alone(name, steps_per_epoch, epochs):
    at = build_schedule(SPECS[name](), LR, steps_per_epoch, epochs)
    forwards = rates(at, steps_per_epoch * epochs)
    backwards = [at(step) for step in reversed(range(steps_per_epoch * epochs))]
    assert forwards == backwards[::-1]
    assert all(0 < rate <= LR for rate in forwards)


def test_every_schedule_is_proportional_to_the_peak_where_it_ends_at_zero(name):
    spec = SPECS[name](**({"eta_min": 0.0} if "eta_min" in SPECS[name].model_fields else {}))
    low, high = (rates(build_schedule(spec, lr, 5, 4), 20) for lr in (LR, 3 * LR))
    assert high == pytest.approx([3 * rate for rate in low], rel=1e-9)


def test_a_schedule_says_where_it_comes_from(name):
    text = f"{SHAPES[name].__doc__} {SPECS[name].__doc__}"
    assert "torch" in text or name == "constant"


OTHERS = {"per": {"step": "epoch", "epoch": "step"}}


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, f) for kind in sorted(set(SPECS) - {"plateau"}) for f in SPECS[kind].model_fields if f != "name"],
)
def test_no_setting_of_a_schedule_is_ignored(kind, field):
    """Flags that were parsed and never used are a trap of two of the four systems."""
    value = SPECS[kind].model_fields[field].default
    other = OTHERS[field][value] if field in OTHERS else value + 3 if isinstance(value, int) else value / 2 + 1e-6
    base, changed = (build_schedule(SPECS[kind](**given), LR, 3, 40) for given in ({}, {field: other}))
    assert rates(base, 120) != rates(changed, 120)


# ---- starting from trained weights


def test_a_rewarmed_schedule_rises_to_the_schedule_and_stays_on_it():
    schedule = build_schedule(CosineSpec(), LR, 5, 4)
    again = rewarmed(schedule, 5)
    ramp = np.array([0.2, 0.4, 0.6, 0.8, *[1.0] * 16])
    np.testing.assert_allclose(rates(again, 20), ramp * rates(schedule, 20))
