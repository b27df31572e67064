"""Every name that a run reports is accepted as monitor and objective, and no other."""

import subprocess
import sys

import pytest

from analysis.metrics import METRICS, direction, metric_refusal
from analysis.metrics.thresholds import TUNED_METRICS
from trainers.training.spec import TrainingSpec

PLAIN = ["train/loss", "val/loss", *(f"val/{name}" for name in METRICS)]
GROUPED = [
    *(f"val/{name}@tuned" for name in TUNED_METRICS),
    "val/macro_f1@rare",
    "val/macro_auc@common",
    "val/map@frequent",
    "val/lwlrap@polyphony=3+",
    "val/accuracy@polyphony=0",
    "val/macro_auc@site=INCT17",
    "val/macro_auc@author=Ann O'Neil, b. 1970 (x=y)",
    "val/icbhi_score@extra_device:mean",
    "val/micro_f1@site:worst",
]


@pytest.mark.parametrize("name", PLAIN + GROUPED)
def test_what_is_reported_is_accepted(name: str) -> None:
    assert metric_refusal(name) is None
    assert TrainingSpec(monitor=name).monitor == name
    assert direction(name) == ("min" if name.endswith("/loss") else "max")


def test_the_direction_is_that_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setitem(METRICS, "macro_auc", replace(METRICS["macro_auc"], direction="min"))
    assert direction("val/macro_auc@site:worst") == direction("val/macro_auc") == "min"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("val/auc", "val/macro_auc"),
        ("macro_auc", "val/macro_auc"),
        ("train/macro_f1", "val/macro_f1"),
        ("val/lwrap", "val/lwlrap"),
        ("val/f1@rare", "val/macro_f1@rare"),
        ("val/macro_f1@rara", "val/macro_f1@rare"),
        ("val/macro_f1@site:wurst", "val/macro_f1@site:worst"),
        ("val/macro_f1@", "val/macro_f1"),
    ],
)
def test_near_misses_are_told_what_was_meant(name: str, meant: str) -> None:
    refusal = metric_refusal(name)
    assert refusal is not None
    assert refusal.startswith("must be one of ")
    assert refusal.endswith(f", got {name!r}. Did you mean {meant}?")


@pytest.mark.parametrize(
    "name",
    ["", "val/", "val", "loss", "val/mAP", "val/absent_classes", "val/cmap@rare",
     "val/macro_auc@tuned", "val/map@polyphony=4", "val/map@polyphony:worst", "val/map@site=", "val/map@site",
     "val/map@=x", "val/map@1st=x", "val/accuracy@site=x", "val/loss@rare", "val/macro_f1@rare@tuned",
     "val/xyz@site=x"],
)  # fmt: skip
def test_what_no_run_reports_is_refused(name: str) -> None:
    assert f"got {name!r}" in str(metric_refusal(name))
    with pytest.raises(ValueError, match="metric must be one of"):
        direction(name)


def test_a_refusal_lists_what_the_group_has() -> None:
    refusal = str(metric_refusal("val/cmap@rare"))
    assert "val/map@rare" in refusal
    assert "val/lwlrap" not in refusal


def test_names_are_known_without_anything_heavier_than_numpy() -> None:
    code = "import sys, analysis.metrics.names as n; print({'pandas', 'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_nothing_is_chosen_by_the_test_split():
    assert "must not be of the test split" in metric_refusal("test/macro_auc")
    assert metric_refusal("test/macro_f1").endswith("Try: val/macro_f1")
