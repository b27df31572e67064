"""Each dataset, from its published layout to a trained epoch with its recipe, with a network that takes a second."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainers.data.sources.miniatures import (
    FROGS,
    NOT_SCORED,
    ONLY_SECONDARY,
    make_anuraset,
    make_birdclef,
    make_fsdkaggle2018,
    make_icbhi,
)
from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.data.catalogue import save_catalogue
from trainers.data.dataset import load_run_data
from trainers.data.prepare import prepare_store
from trainers.data.sources.registry import SOURCES
from trainers.fit import fit
from trainers.spec import RunSpec
from trainers.training.session import NoSession

TINY = (
    "model.name=timm",
    "model.backbone=test_resnet",
    "model.pretrained=false",
    "model.dropout=0",
    "pooling.name=avg",
    "training.epochs=1",
    "training.batch_size=4",
)
Make = Callable[[Path], Path]
RECIPES: dict[str, tuple[str, str, Make, tuple[str, ...]]] = {
    "birdclef2025": ("birdclef", "birdclef2025", make_birdclef, ("model.out_indices=null", "segments.duration_s=0.8")),
    "anuraset_mix2": ("anuraset", "anuraset", make_anuraset, ()),
    "icbhi2017_ast": ("icbhi", "icbhi2017", make_icbhi, ("segments.duration_s=1", "front_end.n_mels=64")),
    "fsdkaggle2018_lh": ("fsdkaggle", "fsdkaggle2018", make_fsdkaggle2018, ("segments.duration_s=1",)),
    "fsdkaggle2018_x": ("fsdkaggle", "fsdkaggle2018", make_fsdkaggle2018, ("segments.duration_s=0.6",)),
}
"""recipe -> source, the catalogue's name in the recipe, what makes the dataset, overrides beside TINY"""


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def prepared(tmp_path, home, decode_here) -> Callable[[str], RunSpec]:
    """`prepared(recipe)`: its dataset added under the recipe's name and decoded; the tiny run of the recipe."""

    def make(recipe: str) -> RunSpec:
        source, name, make_dataset, overrides = RECIPES[recipe]
        spec = build_spec(load_recipe(recipe), [parse_overrides([*TINY, *overrides])])
        assert spec.data.name == name
        found = SOURCES[source].read(make_dataset(tmp_path / "data"), False)
        prepare_store(save_catalogue(name, source, found.folder, found.clips), spec.data.sample_rate)
        return spec

    return make


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_dataset_as_published_trains_with_its_recipe(prepared, recipe):
    spec = prepared(recipe)
    data = load_run_data(spec)
    (report,) = fit(spec, data, NoSession(torch.device("cpu")))
    assert report.state == "finished"
    assert np.isfinite(report.metrics["train/loss"])
    assert np.isfinite(report.metrics["val/loss"])
    groups = "subject" if recipe == "icbhi2017_ast" else "recording_id"
    assert not set(data.train.clips[groups]) & set(data.val.clips[groups])


def test_what_a_run_of_birdclef_sees(prepared):
    data = load_run_data(prepared("birdclef2025"))
    assert set(data.classes) == {"1139490", "abethr1", "barswa", ONLY_SECONDARY, NOT_SCORED}
    assert len(data.train) + len(data.val) == 18
    assert list(data.unlabelled) == ["target"]
    assert len(data.unlabelled["target"]) == 2


def test_what_a_run_of_anuraset_sees(prepared):
    data = load_run_data(prepared("anuraset_mix2"))
    assert data.classes == tuple(sorted(FROGS))
    assert data.train.targets.sum(1).min() == 0  # windows with nothing stay


def test_what_a_run_of_icbhi_sees(prepared):
    data = load_run_data(prepared("icbhi2017_ast"))
    assert data.classes == ("crackle", "wheeze")
    assert data.test is not None
    assert len(data.train) + len(data.val) + len(data.test) == 40
    patients = [set(part.clips["subject"]) for part in (data.train, data.val, data.test)]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 6


def test_the_official_split_of_anuraset_and_icbhi_holds_their_tests_out(prepared):
    for recipe, n_test in (("anuraset_mix2", 4), ("icbhi2017_ast", 8)):
        spec = prepared(recipe)
        split = spec.data.split.model_copy(update={"scheme": "official", "test_fold": None})
        official = spec.model_copy(update={"data": spec.data.model_copy(update={"split": split})})
        data = load_run_data(official)
        assert len(data.val) == n_test
        assert set(data.val.clips["fold"]) == {"test"}
        assert set(data.train.clips["fold"]) == {"train"}


def test_a_run_of_fsdkaggle_knows_its_classes_and_never_sees_the_test(prepared):
    """LH validates on what was verified by hand, X on all clips of the fold."""
    lh, data = (load_run_data(prepared(recipe)) for recipe in ("fsdkaggle2018_lh", "fsdkaggle2018_x"))
    assert lh.val.clips["verified"].all()
    assert not data.val.clips["verified"].all()
    assert data.classes == ("Acoustic_guitar", "Bark", "Cello")
    assert not any("test" in path for part in (data.train, data.val) for path in part.clips["path"])
