"""The search spaces that ship: each loads, on chorus and with the recipe it names, and says what it is about."""

import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from trainers.config.build import recipe_names
from tuneful.checks.mel_bands import empty_bands
from tuneful.space.draw import draw_space
from tuneful.space.options import SweepOptions
from tuneful.space.plan import epochs_planned
from tuneful.space.sweep import Sweep, load_sweep
from tuneful.sweep.searchers.samplers import SamplerSpec
from tuneful.sweep.searchers.study import SweepStudy

SPACES = Path(__file__).parents[3] / "search_spaces"
NAMES = sorted(path.stem for path in SPACES.glob("*.yaml"))
ASKED_FOR = {
    *("loss", "mel", "mixup", "mix2", "batch_lr", "augment", "sampling", "backbone", "encoder", "views"),
    *("everything", "mixing"),
}
ON_DATASETS = {"encoder_icbhi", "loss_birdclef", "views_freesound"}
"""Spaces that are meant for a dataset and a GPU alone."""

LONG = {"everything"}
COMMANDS = {
    (match[1], match[2].strip())
    for name in NAMES
    for match in re.finditer(
        r"^#   platform sweep (\S+) +(--recipe [^(\n]*)", (SPACES / f"{name}.yaml").read_text(), re.M
    )
}


@cache
def loaded(name: str) -> Sweep:
    return load_sweep(SPACES / f"{name}.yaml")


def options_of(line: str) -> SweepOptions:
    """The options of a command line in a comment."""
    words = re.findall(r"'[^']*'|\S+", line)
    pairs = [(flag, value.strip("'")) for flag, value in zip(words[::2], words[1::2], strict=True)]
    given = {flag.removeprefix("--"): value for flag, value in pairs if flag in ("--recipe", "--trials")}
    trials = int(given["trials"]) if "trials" in given else None
    return SweepOptions(recipe=given.get("recipe"), sets=[v for f, v in pairs if f == "--set"], trials=trials)


def test_every_question_has_a_file():
    assert set(NAMES) == ASKED_FOR | ON_DATASETS


@pytest.mark.parametrize("name", NAMES)
def test_a_search_space_loads_without_warnings_and_is_small_on_chorus(name):
    sweep = loaded(name)
    assert (sweep.warnings, sweep.name) == ([], name)
    if name in ON_DATASETS:
        assert sweep.definition.recipe != "chorus"
        assert sweep.extended
        return
    assert (sweep.base.data.name, sweep.definition.recipe) == ("chorus", "chorus")
    assert name in LONG or epochs_planned(sweep).expected <= 900


@pytest.mark.parametrize("name", NAMES)
def test_its_page_fits_80_columns_of_plain_text_and_names_everything(name):
    sweep = loaded(name)
    console = Console(file=io.StringIO(), width=80)
    console.print(draw_space(sweep))
    text = console.file.getvalue()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert all(path in text for path in (*sweep.space.parameters, *sweep.foundation.derivations.paths))
    assert "epochs" in text
    assert sweep.definition.objective.metric in text


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_its_question_and_how_to_ask_it(name):
    comment = (SPACES / f"{name}.yaml").read_text().split("version:")[0]
    assert comment.startswith("# ")
    assert "?" in comment.splitlines()[1] + comment.splitlines()[0] or name in (*ON_DATASETS, *LONG, "mix2")
    assert f"#   platform sweep {name}\n" in comment or f"#   platform sweep {name} " in comment


@pytest.mark.parametrize(("name", "line"), sorted(COMMANDS), ids=lambda part: part.replace("--", ""))
def test_it_loads_with_the_recipe_that_its_comment_names(name, line):
    options = options_of(line)
    assert options.recipe in recipe_names()
    sweep = load_sweep(SPACES / f"{name}.yaml", options)
    assert sweep.warnings == []
    assert sweep.base.data.name != "chorus"


def columns(sweep: Sweep) -> dict[str, np.ndarray]:
    """The trials that QMC draws, a column of numbers for each choice without conditions."""
    definition = sweep.definition
    study = SweepStudy(sweep.space, ["max"], SamplerSpec("qmc", definition.search_algorithm.seed))
    for _ in range(definition.trials):
        study.ask()
    drawn = [trial.params for trial in study.study.get_trials(deepcopy=False)]
    values = {name: [params[name] for params in drawn] for name in drawn[0] if all(name in params for params in drawn)}
    return {name: np.unique(list(map(str, column)), return_inverse=True)[1] for name, column in values.items()}


@pytest.mark.parametrize("name", [n for n in NAMES if loaded(n).definition.search_algorithm.sampler == "qmc"])
def test_where_effects_are_asked_for_no_two_settings_go_together(name):
    drawn = columns(loaded(name))
    together = np.corrcoef(list(drawn.values())) - np.eye(len(drawn))
    assert np.abs(together).max() < 0.5, list(drawn)


@pytest.mark.parametrize("recipe", ["chorus", "birdclef2025"])
def test_no_mel_band_is_without_a_bin_at_any_sample_rate(recipe):
    sweep = loaded("mel") if recipe == "chorus" else load_sweep(SPACES / "mel.yaml", SweepOptions(recipe=recipe))
    varied = {"$window_ms", "$top", "front_end.n_mels", "front_end.f_min", "front_end.mel_scale"}
    for settings in sweep.space.assignments(varied):
        spec = sweep.spec_for(settings)
        assert not empty_bands(spec.front_end, spec.data.sample_rate)


def test_mix2_has_the_rows_of_its_table():
    """The shares of mixup, manifold mixup and MultiMix, the epochs and the augmentation of each row of Table I."""
    sweep = loaded("mix2")
    specs = {settings["$row"]: sweep.spec_for(settings) for settings in sweep.space.combinations()}
    shares = {
        row: (spec.mixing.p_mixup, spec.mixing.p_manifold, spec.mixing.p_multimix)
        for row, spec in specs.items()
        if spec.mixing.name == "mix2"
    }
    assert shares == {
        "mixup_and_manifold": (0.5, 0.5, 0.0),
        "mixup_and_multimix": (0.5, 0.0, 0.5),
        "manifold_and_multimix": (0.0, 0.5, 0.5),
        "mix2": (0.25, 0.5, 0.25),
    }
    alone = {row: spec.mixing.name for row, spec in specs.items() if row not in shares}
    assert alone.pop("mixup") == "mixup"
    assert set(alone.values()) == {"none", "manifold_mixup", "multimix"}
    assert {row: spec.training.epochs for row, spec in specs.items()} == {
        row: 1 if row == "baseline" else 10 for row in specs
    }
    p = {row: (s.augmentation.spec_augment.p, s.augmentation.time_shift.p) for row, s in specs.items()}
    assert [p[row] for row in ("baseline", "longer", "spec_augment", "time_shift")] == [(0, 0), (0, 0), (1, 0), (1, 1)]
    assert len(specs) == 11
    assert sweep.definition.repeats == 3


def test_batch_sizes_take_equally_many_steps_where_asked():
    sweep = loaded("batch_lr")
    sizes = (8, 16, 32, 64)
    settings = {"$base_lr": 1e-3, "$power": 1.0}
    epochs = {
        equal: [
            sweep.spec_for({**settings, "$equal_steps": equal, "training.batch_size": n}).training.epochs for n in sizes
        ]
        for equal in (0, 1)
    }
    assert epochs == {0: [5, 5, 5, 5], 1: [2, 5, 10, 20]}
    settings["$equal_steps"] = 0
    rates = [sweep.spec_for({**settings, "training.batch_size": n}).optimizer.lr for n in sizes]
    assert rates == pytest.approx([1e-3 * n / 32 for n in sizes])


def test_mixing_is_on_where_target_modes_are_compared():
    assert loaded("loss").base.mixing.name == "mixup"
    assert {"loss.name", "targets.mode", "optimizer.lr"} <= loaded("loss").space.parameters.keys()


def test_the_views_are_those_of_the_published_recipes():
    sweep = loaded("views_freesound")
    for view, recipe in (("lh", "fsdkaggle2018_lh"), ("x", "fsdkaggle2018_x")):
        theirs = load_sweep(SPACES / "mixup.yaml", SweepOptions(recipe=recipe)).base
        chosen = next(s for s in sweep.space.combinations() if s["$view"] == view)
        ours = sweep.spec_for(chosen)
        assert ours.data.sample_rate == theirs.data.sample_rate
        for field in ("n_fft", "hop_length", "n_mels", "normalization", "mel_scale", "norm"):
            assert getattr(ours.front_end, field) == getattr(theirs.front_end, field), field
        for field in ("duration_s", "train_crop", "eval_windows"):
            assert getattr(ours.segments, field) == getattr(theirs.segments, field), field
