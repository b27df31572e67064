"""A sweep file that extends another: what is merged, what is replaced, and where messages point."""

import re

import pytest

from trainers.errors import SpecError
from tuneful.space.sweep import load_sweep

BASE = """
name: base
set: {training.epochs: 3, mixing: {name: mixup, alpha: 0.5}, model.dropout: 0.1}
search:
  loss.name: {choice: [bce, focal]}
  loss.gamma: {uniform: [1, 2], when: {loss.name: focal}}
  optimizer.lr: {uniform: [0.1, 1]}
derive: {front_end.hop_length: front_end.n_fft / 4}
scheduler: {name: asha, grace_period: 2, reduction_factor: 3}
confirm: {top: 2, repeats: 2}
trials: 7
"""


@pytest.fixture
def extend(tmp_path, load):
    """`extend(text)`: the sweep of a file that extends `base.yaml`."""
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    return lambda text, **options: load(f"extends: base\n{text}", **options)


def test_a_file_that_says_nothing_else_is_the_other_one_under_its_own_name(extend, tmp_path):
    sweep, base = extend(""), load_sweep(tmp_path / "base.yaml")
    assert (sweep.name, sweep.extended) == ("loss", (tmp_path / "base.yaml",))
    assert {**sweep.resolved(), "name": "base"} == base.resolved()
    assert "extends" not in sweep.resolved()


def test_settings_are_merged_by_path_and_sections_key_by_key(extend):
    sweep = extend(
        "set: {mixing.alpha: 0.9, data: {split: {seed: 5}}}\nscheduler: {grace_period: 1}\nconfirm: {top: 1}\n"
        "search: {targets.mode: {choice: [soft, hard]}, optimizer.lr: {loguniform: [0.1, 2]}}\nfolds: [1]\n"
    )
    assert (sweep.base.mixing.alpha, sweep.base.mixing.name, sweep.base.data.split.seed) == (0.9, "mixup", 5)
    scheduler, confirm = sweep.definition.scheduler, sweep.definition.confirm
    assert (scheduler.grace_period, scheduler.reduction_factor) == (1, 3)
    assert (confirm.top, confirm.repeats, confirm.folds) == (1, 2, (1,))
    assert list(sweep.space.parameters) == ["loss.name", "loss.gamma", "optimizer.lr", "targets.mode"]
    assert sweep.space.parameters["optimizer.lr"].entries[0].kind == "loguniform"
    assert sweep.definition.trials == 7


def test_null_drops_what_is_searched_or_derived(extend):
    sweep = extend("search: {loss.gamma: null}\nderive: {front_end.hop_length: null}\n")
    assert set(sweep.space.parameters) == {"loss.name", "optimizer.lr"}
    assert sweep.base.front_end.hop_length == 512
    assert extend("confirm: null\n").definition.confirm is None


def test_null_takes_back_what_the_other_file_says_of_a_section_or_a_field(extend):
    assert extend("scheduler: null\n").definition.scheduler.name == "fifo"
    assert extend("trials: null\n").definition.trials == 20
    assert extend("confirm: {repeats: null}\n").definition.confirm.repeats == 3
    with pytest.raises(SpecError, match=r"loss\.yaml:2: shceduler is no field"):
        extend("shceduler: null\n")


def test_what_is_said_of_a_path_replaces_what_was_said_elsewhere(extend):
    sweep = extend(
        "set: {optimizer.lr: 0.3}\n"
        "search: {model.dropout: {choice: [0.0, 0.5]}, front_end.hop_length: {choice: [256]}}\n"
    )
    assert set(sweep.space.parameters) == {"loss.name", "loss.gamma", "model.dropout", "front_end.hop_length"}
    assert sweep.base.optimizer.lr == 0.3
    derived = extend("derive: {optimizer.lr: training.batch_size / 160, training.epochs: 2 + 3}\n")
    assert (derived.base.optimizer.lr, derived.base.training.epochs) == (0.1, 5)


def test_another_variant_drops_the_settings_of_the_old_one(extend):
    assert extend("set: {mixing.name: none}\n").base.mixing.name == "none"
    fifo = extend("scheduler: {name: fifo}\n").definition.scheduler
    assert fifo.model_dump() == {"name": "fifo"}


def test_several_are_put_over_each_other_in_order(extend, tmp_path, load):
    (tmp_path / "more.yaml").write_text("set: {training.epochs: 9}\nsearch: {optimizer.lr: {choice: [0.5]}}\n")
    sweep = load("extends: [base, more.yaml]\ntrials: 2\n")
    assert (sweep.base.training.epochs, sweep.definition.trials) == (9, 2)
    assert sweep.space.parameters["optimizer.lr"].entries[0].choice == (0.5,)
    assert [path.stem for path in sweep.extended] == ["more", "base"]
    (tmp_path / "third.yaml").write_text("extends: loss\nset: {training.epochs: 4}\n")
    third = load_sweep(tmp_path / "third.yaml")
    assert (third.base.training.epochs, third.definition.trials) == (4, 2)
    assert [path.stem for path in third.extended] == ["loss", "more", "base"]


def test_a_recipe_lies_beside_the_file_that_names_it(tmp_path):
    folder = tmp_path / "spaces"
    folder.mkdir()
    (folder / "mine.yaml").write_text("training: {epochs: 3}\n")
    (folder / "base.yaml").write_text("recipe: mine.yaml\nsearch: {optimizer.lr: {uniform: [0.1, 1]}}\n")
    (tmp_path / "own.yaml").write_text("extends: spaces/base\n")
    assert load_sweep(tmp_path / "own.yaml").base.training.epochs == 3


def test_a_search_space_that_ships_is_extended_by_name(load):
    assert {"$window_ms", "model.dropout"} <= load(
        "extends: mel\nsearch: {model.dropout: {choice: [0.1]}}"
    ).space.parameters.keys()


PLACES = {
    "of the extending file": ("trials: 0\n", r"loss\.yaml:2: trials must be >= 1"),
    "of the extended file": (
        "set: {training.epochs: 1}\n",
        r"base\.yaml:9: scheduler\.grace_period must be <= .* \(1\)",
    ),
    "of a setting": ("set: {model.dropout: 2}\n", r"model\.dropout must be < 1.*\(.*loss\.yaml:2\)"),
    "of an inherited setting": (
        "search: {loss.name: null}\nset: {loss.name: bce}\nfolds: [9]\n",
        r"loss\.yaml:4: folds",
    ),
    "of an inherited entry": (
        "search: {loss.name: {choice: [bce, ce]}}\n",
        r"base\.yaml:6: loss\.gamma: when: loss\.name",
    ),
    "of an inherited expression": ("set: {front_end.n_fft: 1023}\n", r"base\.yaml:8: derive: front_end\.hop_length"),
    "of what is not there": (
        "search: {model.drop_path: null}\n",
        r"loss\.yaml:2: model\.drop_path is dropped from search",
    ),
    "of a secret": ("set: {api_key: x}\n", r"loss\.yaml:2: api_key looks like a secret"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_message_points_into_the_file_that_says_it(extend, name):
    text, message = PLACES[name]
    with pytest.raises(SpecError) as refused:
        extend(text)
    assert re.search(message, str(refused.value)), refused.value


def test_a_circle_of_files_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: b\n")
    (tmp_path / "b.yaml").write_text("trials: 2\nextends: ./a\n")
    with pytest.raises(SpecError, match=r"b\.yaml:2: extends leads in a circle: .*a\.yaml <- .*b\.yaml <- .*a\.yaml"):
        load_sweep(tmp_path / "a.yaml")
