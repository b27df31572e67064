"""The largest trials are tried before the sweep, and what doesn't fit is refused with what would."""

import re
from typing import get_args

import pytest
import torch

from trainers.optim.build import build_optimizer
from trainers.optim.spec import OptimizerSpec, SgdSpec
from trainers.training.dry_step import RunMemory
from tuneful.errors import ResourceError
from tuneful.sweep.clusters import gpu_memory
from tuneful.sweep.clusters.gpu_memory import (
    CONTEXT_BYTES,
    GIB,
    Share,
    check_memory,
    kept_copies,
    largest_specs,
    of_one_worker,
)

SEARCH = """
  model.backbone: {choice: [test_efficientnet, test_resnet]}
  data.sample_rate: {choice: [4000, 8000]}
  optimizer.lr: {loguniform: [1.0e-3, 1.0e-2]}
"""
SET = """
  data: {name: tones, split: {n_folds: 2}}
  segments.duration_s: 0.5
  front_end: {n_fft: 256, hop_length: 128, n_mels: 16, f_min: 50.0}
  training: {epochs: 3, batch_size: 8}
"""
OPTIMIZERS = get_args(get_args(OptimizerSpec)[0])
FITS = RunMemory(24 * GIB, GIB, GIB, GIB // 8)


@pytest.fixture
def specs(tiny):
    return largest_specs(tiny(search=SEARCH, set=SET), pytest.fail)


@pytest.fixture
def tried(tiny):
    """`tried(search)`: (settings, spec) of the trials that are tried where this is searched."""

    def found(search, say=pytest.fail, **more):
        return largest_specs(tiny(search=search, set="{training.epochs: 3}", **more), say)

    return found


# ---- which trials


def test_each_network_is_tried_with_its_largest_batch_and_input(specs):
    found = {settings["model.backbone"]: spec for settings, spec in specs}
    assert set(found) == {"test_efficientnet", "test_resnet"}
    assert {spec.data.sample_rate for spec in found.values()} == {8000}
    assert all("optimizer.lr" not in settings for settings, _ in specs), "what takes no memory is not told"


def test_the_largest_value_is_tried_wherever_it_stands_in_a_choice(tried):
    ((_, spec),) = tried("""
  training.batch_size: {choice: [2, 32, 1, 4, 8]}
  training.eval_batch_size: {choice: [16, 512, 64, 128, 32]}
  front_end.hop_length: {choice: [128, 32, 256, 64, 200]}
  segments.duration_s: {choice: [0.5, 1.0, 0.25, 0.3, 0.4]}
""")
    assert (spec.training.batch_size, spec.training.eval_batch_size) == (32, 512)
    assert (spec.front_end.hop_length, spec.segments.duration_s) == (32, 1.0)


def test_the_widest_precision_and_partners_of_their_own_are_tried(tried):
    ((_, spec),) = tried("""
  training.precision: {choice: [bf16, fp32]}
  mixing.name: {choice: [none, mixup]}
  mixing.partner: {choice: [batch, uniform], when: {mixing.name: mixup}}
""")
    assert spec.training.precision == "fp32"
    assert (spec.mixing.name, spec.mixing.partner) == ("mixup", "uniform")


def test_every_network_is_tried_and_once(tried):
    names = ["convnext", "convnext2", "efficientnet", "mambaout", "resnet", "vit", "byobnet", "nfnet"]
    search = f"""
  model.backbone: {{choice: [{", ".join(f"test_{name}" for name in names)}]}}
  model.drop_path: {{uniform: [0.0, 0.3]}}
  model.dropout: {{choice: [0.0, 0.1, 0.2]}}
"""
    assert sorted(spec.model.backbone for _, spec in tried(search)) == sorted(f"test_{name}" for name in names)


def test_what_a_run_keeps_between_its_epochs_is_tried_at_its_most(tried):
    ((settings, spec),) = tried("""
  optimizer.name: {choice: [sgd, adamw]}
  optimizer.momentum: {choice: [0.0, 0.9], when: {optimizer.name: sgd}}
  training.ema_decay: {choice: [null, 0.99]}
""")
    assert (spec.optimizer.name, spec.training.ema_decay) == ("adamw", 0.99)
    assert settings == {"optimizer.name": "adamw", "training.ema_decay": 0.99}


@pytest.mark.parametrize(
    "optimizer", [*(kind() for kind in OPTIMIZERS), SgdSpec(momentum=0.0)], ids=lambda spec: spec.name
)
def test_an_optimizer_keeps_as_many_moments_as_are_counted(specs, optimizer):
    _, spec = specs[0]
    weight = torch.nn.Parameter(torch.ones(8))
    built = build_optimizer([weight], [], optimizer)
    weight.sum().backward()
    built.step()
    moments = [value for value in built.state[weight].values() if torch.is_tensor(value) and value.ndim]
    assert kept_copies(spec.model_copy(update={"optimizer": optimizer})) == len(moments)


def test_the_largest_batch_is_found_below_a_condition(tried):
    ((_, spec),) = tried("""
  mixing.name: {choice: [none, mix2]}
  training.batch_size:
    - {choice: [4], when: {mixing.name: none}}
    - {choice: [8, 64, 16], when: {mixing.name: mix2}}
  segments.duration_s: {choice: [0.5, 0.25]}
""")
    assert spec.training.batch_size == 64


def test_of_trials_that_take_most_in_different_ways_each_is_tried(tried):
    """The small batch of an optimizer that keeps more may not fit where the large one of another does."""
    found = tried("""
  optimizer.name: {choice: [adamw, sgd]}
  training.batch_size:
    - {choice: [2, 4], when: {optimizer.name: adamw}}
    - {choice: [8, 64, 16], when: {optimizer.name: sgd}}
""")
    assert [(spec.optimizer.name, spec.training.batch_size) for _, spec in found] == [("sgd", 64), ("adamw", 4)]


@pytest.mark.parametrize(("most", "told"), [(5, 1), (6, 0)])
def test_where_not_every_combination_is_looked_at_it_is_said(tried, monkeypatch, most, told):
    monkeypatch.setattr(gpu_memory, "MOST_ASSIGNMENTS", most)
    said: list[str] = []
    tried(
        "{optimizer.name: {choice: [sgd, adam, adamw]}, training.precision: {choice: [bf16, fp32]}}",
        say=said.append,
    )
    assert len(said) == told
    assert all("Only the first 5 combinations" in text for text in said)


def test_the_largest_derived_batch_is_tried_and_told(tried):
    ((settings, spec),) = tried("{$scale: {choice: [1, 16, 2, 4, 8]}}", derive="{training.batch_size: $scale * 4}")
    assert spec.training.batch_size == settings["training.batch_size"] == 64


# ---- whether they fit


def test_what_fits_is_not_refused_and_every_one_is_tried(specs):
    tried = []
    check_memory(specs, Share(0.25), lambda spec: tried.append(spec) or FITS)
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("share", "found", "expected"),
    [
        (
            Share(0.25),
            RunMemory(24 * GIB, 7 * GIB, 7 * GIB),
            r"training step with .*model\.backbone=.* takes 7\.6 GiB of a GPU, its share are 6\.0 GiB\. "
            r"Try: .*0\.35\}, or --gpus-per-worker 0\.35",
        ),
        (
            Share(1),
            RunMemory(24 * GIB),
            r"training step with .*model\.backbone=.* takes more than the 24\.0 GiB of a GPU.*"
            r"Try: training\.batch_size: 4 and training\.accumulate: 2",
        ),
        (
            Share(2),
            RunMemory(24 * GIB, 24 * GIB, 24 * GIB),
            r"training step with .* takes 24\.6 GiB.*share are 24\.0 GiB\. Try: training\.batch_size: 4",
        ),
        (
            Share(1),
            RunMemory(24 * GIB, 20 * GIB),
            r"batch of evaluation with .* takes more than the 24\.0 GiB of a GPU.*"
            r"Try: training\.eval_batch_size: 32",
        ),
        (
            Share(0.25),
            RunMemory(24 * GIB, 2 * GIB, 8 * GIB),
            r"batch of evaluation with .* takes 8\.6 GiB.*Try: .*--gpus-per-worker 0\.4",
        ),
        (
            Share(1, runs=6),
            RunMemory(24 * GIB, 18 * GIB, 18 * GIB, 2 * GIB),
            r"training step with .* and all 6 runs of a trial in memory takes 28\.6 GiB.*"
            r"Try: at most 3 runs per trial \(folds x repeats\)$",
        ),
        (
            Share(0.25, runs=6),
            RunMemory(24 * GIB, 18 * GIB, 18 * GIB, 2 * GIB),
            r"training step with .* takes 28\.6 GiB of a GPU, its share are 6\.0 GiB\. "
            r"Try: at most 3 runs per trial \(folds x repeats\) and resources: \{gpus_per_worker: 0\.95\}",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(specs, share, found, expected):
    with pytest.raises(ResourceError, match=f"resources.gpus_per_worker {share.gpus:g}: a {expected}"):
        check_memory(specs, share, lambda _: found)


def test_the_fix_is_a_share_that_fits(specs):
    for peak in (GIB, 5 * GIB, 17 * GIB):
        found = RunMemory(24 * GIB, peak, peak)
        with pytest.raises(ResourceError) as refused:
            check_memory(specs, Share(0.01), lambda _, found=found: found)
        share = float(str(refused.value).split("gpus_per_worker: ")[1].split("}")[0])
        assert share * 24 * GIB >= peak + CONTEXT_BYTES
        check_memory(specs, Share(share), lambda _, found=found: found)


@pytest.mark.parametrize("gpus", [0.05, 0.25, 0.9, 1])
@pytest.mark.parametrize("peak", [GIB, 9 * GIB, 18 * GIB])
@pytest.mark.parametrize("kept", [2 * GIB, 5 * GIB])
def test_the_fix_is_fewer_runs_in_a_share_that_holds_them(specs, gpus, peak, kept):
    """As many as a GPU holds: one more wouldn't fit all of it."""
    found = RunMemory(24 * GIB, peak, peak, kept)
    with pytest.raises(ResourceError) as refused:
        check_memory(specs, Share(gpus, runs=20), lambda _: found)
    fix = str(refused.value).split("Try: ")[1]
    (runs,) = map(int, re.findall(r"at most (\d+) runs", fix))
    share = max([gpus, *map(float, re.findall(r"gpus_per_worker: ([\d.]+)", fix))])
    check_memory(specs, Share(share, runs), lambda _: found)
    with pytest.raises(ResourceError):
        check_memory(specs, Share(1, runs + 1), lambda _: found)


def test_all_runs_of_a_trial_stay_on_the_gpu(specs):
    found = RunMemory(24 * GIB, 4 * GIB, 4 * GIB, GIB)
    check_memory(specs, Share(0.25, runs=2), lambda _: found)
    with pytest.raises(ResourceError, match=r"all 3 runs of a trial in memory takes 6\.6 GiB"):
        check_memory(specs, Share(0.25, runs=3), lambda _: found)


@pytest.mark.parametrize(("workers", "clips"), [(1, 8), (2, 4), (3, 3), (8, 1)])
def test_of_several_workers_each_holds_its_part_of_a_batch(specs, workers, clips):
    _, spec = specs[0]
    part = of_one_worker(spec, workers)
    assert part.training.batch_size == clips
    assert part.model_copy(update={"training": spec.training}) == spec, "nothing else changes"
