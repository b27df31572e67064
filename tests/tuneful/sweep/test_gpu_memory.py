"""The largest trials are tried before the sweep, and what doesn't fit is refused with what would."""

import pytest

from trainers.training.dry_step import StepMemory
from tuneful.errors import ResourceError
from tuneful.sweep.clusters.gpu_memory import CONTEXT_BYTES, GIB, check_memory, largest_specs, of_one_worker

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


@pytest.fixture
def specs(tiny):
    return largest_specs(tiny(search=SEARCH, set=SET))


def test_each_network_is_tried_with_its_largest_batch_and_input(specs):
    found = {settings["model.backbone"]: spec for settings, spec in specs}
    assert set(found) == {"test_efficientnet", "test_resnet"}
    assert {spec.data.sample_rate for spec in found.values()} == {8000}
    assert all("optimizer.lr" not in settings for settings, _ in specs), "what takes no memory is not told"


def test_what_fits_is_not_refused_and_every_one_is_tried(specs):
    tried = []
    check_memory(specs, 0.25, lambda spec: tried.append(spec) or StepMemory(GIB, 24 * GIB))
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("share", "peak", "expected"),
    [
        (
            0.25,
            7 * GIB,
            r"takes 7\.6 GiB of a GPU, its share are 6\.0 GiB\. Try: .*0\.35\}, or --gpus-per-worker 0\.35",
        ),
        (1, None, r"takes more than the 24\.0 GiB of a GPU.*Try: training\.batch_size: 4 and training\.accumulate: 2"),
        (2, 24 * GIB, r"takes 24\.6 GiB.*share are 24\.0 GiB\. Try: training\.batch_size: 4"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(specs, share, peak, expected):
    with pytest.raises(
        ResourceError, match=f"resources.gpus_per_worker {share:g}: a step with .*model.backbone=.*{expected}"
    ):
        check_memory(specs, share, lambda _: StepMemory(peak, 24 * GIB))


def test_the_fix_is_a_share_that_fits(specs):
    for peak in (GIB, 5 * GIB, 17 * GIB):
        with pytest.raises(ResourceError) as refused:
            check_memory(specs, 0.01, lambda _, peak=peak: StepMemory(peak, 24 * GIB))
        share = float(str(refused.value).split("gpus_per_worker: ")[1].split("}")[0])
        assert share * 24 * GIB >= peak + CONTEXT_BYTES
        check_memory(specs, share, lambda _, peak=peak: StepMemory(peak, 24 * GIB))


@pytest.mark.parametrize(("workers", "clips"), [(1, 8), (2, 4), (3, 3), (8, 1)])
def test_of_several_workers_each_holds_its_part_of_a_batch(specs, workers, clips):
    _, spec = specs[0]
    part = of_one_worker(spec, workers)
    assert part.training.batch_size == clips
    assert part.model_copy(update={"training": spec.training}) == spec, "nothing else changes"
