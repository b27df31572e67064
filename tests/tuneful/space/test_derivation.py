"""What is derived reaches the spec of every trial, whoever asks for it."""

import json
import pickle

import pytest
from ruamel.yaml import YAML

from trainers.errors import SpecError
from tuneful.space.sample import to_settings
from tuneful.space.sweep import load_sweep

TEXT = """
set: {$epochs: 4}
search:
  front_end.n_fft: {choice: [512, 1024]}
  training.batch_size: {choice: [8, 32]}
  $base_lr: {loguniform: [1.0e-3, 1.0e-2]}
  $equal_steps: {choice: [0, 1]}
derive:
  training.epochs: round($epochs * (training.batch_size / 8) ** $equal_steps)
  schedule.warmup_steps: training.epochs * 2
  optimizer.lr: $base_lr * training.batch_size / 32
  front_end.hop_length: front_end.n_fft / 4
"""
TRIAL = {"front_end.n_fft": 1024, "training.batch_size": 32, "$base_lr": 0.002, "$equal_steps": 1}


def test_a_trial_has_what_is_derived_from_searched_set_and_derived_settings(load):
    spec = load(TEXT).spec_for(TRIAL)
    assert (spec.training.epochs, spec.schedule.warmup_steps) == (16, 32)
    assert spec.optimizer.lr == pytest.approx(0.002)
    assert (spec.front_end.hop_length, spec.front_end.n_fft) == (256, 1024)


def test_settings_hold_variables_and_derived_ones_and_make_the_same_spec(load):
    sweep = load(TEXT)
    settings = sweep.settings(TRIAL)
    assert settings == {
        **TRIAL,
        "training.epochs": 16,
        "schedule.warmup_steps": 32,
        "optimizer.lr": 0.002,
        "front_end.hop_length": 256,
    }
    assert sweep.spec_for(settings) == sweep.spec_for(TRIAL)


def test_stale_derived_settings_are_derived_anew_and_extra_ones_win(load):
    sweep = load(TEXT)
    changed = {**sweep.settings(TRIAL), "$base_lr": 0.008}  # as a mutation does
    assert sweep.spec_for(changed).optimizer.lr == pytest.approx(0.008)
    assert sweep.spec_for(TRIAL, **{"training.epochs": 1}).training.epochs == 1


def test_without_a_trial_what_is_derived_from_has_its_first_values(load):
    sweep = load(TEXT)
    assert (sweep.base.front_end.n_fft, sweep.base.front_end.hop_length) == (512, 128)
    assert sweep.base.optimizer.lr == pytest.approx(0.001 * 8 / 32)
    assert sweep.spec_for({"model.dropout": 0.5}).training.epochs == 4


def test_a_derived_field_set_on_the_command_line_is_not_derived_and_what_it_alone_needed_is_not_searched(load):
    sweep = load(TEXT, sets=["optimizer.lr=0.3", "training.epochs=5"])
    assert set(sweep.space.parameters) == {"front_end.n_fft"} | {"training.batch_size"}
    assert sweep.spec_for({"front_end.n_fft": 512, "training.batch_size": 8}).optimizer.lr == 0.3
    assert sweep.base.schedule.warmup_steps == 10  # derived from what the command line set
    assert "the space holds 4 configurations" in sweep.warnings[0]


def test_a_variable_is_set_on_the_command_line(load):
    sweep = load(TEXT, sets=["$equal_steps=0", "$epochs=7"])
    assert "$equal_steps" not in sweep.space.parameters
    assert sweep.spec_for({**TRIAL, "$equal_steps": 0}).training.epochs == 7
    with pytest.raises(SpecError, match=r"command line: no variable \$bse_lr. Known: \$base_lr, \$epochs, \$equal_"):
        load(TEXT, sets=["$bse_lr=1"])


def test_a_field_of_some_variants_is_derived_for_those(load):
    text = (
        "search: {loss.name: {choice: [bce, focal]}, $g: {choice: [1, 2]}}\nderive: {loss.gamma: $g * 1.5}\ntrials: 4"
    )
    sweep = load(text)
    assert sweep.spec_for({"loss.name": "focal", "$g": 2}).loss.gamma == 3.0
    assert sweep.settings({"loss.name": "bce", "$g": 2}) == {"loss.name": "bce", "$g": 2}


def test_variables_switch_conditions(load):
    text = """
trials: 1
set: {$networks: small}
search:
  model.backbone:
    - {choice: [test_resnet, test_nfnet], when: {$networks: small}}
    - {choice: [resnet50, eca_nfnet_l0], when: {$networks: large}}
  $deep: {choice: [yes, no]}
  model.out_indices: {choice: [[2, 3]], when: {$deep: "yes"}}
"""
    (entry,) = load(text).space.parameters["model.backbone"].entries
    assert entry.choice == ("test_resnet", "test_nfnet")
    (entry,) = load(text, sets=["$networks=large"]).space.parameters["model.backbone"].entries
    assert entry.choice == ("resnet50", "eca_nfnet_l0")
    assert load(text).spec_for({"$deep": "yes", "model.out_indices": [2, 3]}).model.out_indices == (2, 3)


@pytest.mark.parametrize(
    "options", [{}, {"sets": ["$equal_steps=1"]}, {"sets": ["optimizer.lr=0.1"]}, {"sets": ["$base_lr=0.005"]}]
)
def test_a_resolved_sweep_derives_the_same(load, tmp_path, options):
    sweep = load(TEXT, **options)
    resolved = json.loads(json.dumps(sweep.resolved()))
    path = tmp_path / "sweep.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(resolved, file)
    again = load_sweep(path)
    assert again.resolved() == resolved
    assert (again.space, again.base) == (sweep.space, sweep.base)
    params = {path: parameter.entries[0].corners()[-1] for path, parameter in sweep.space.parameters.items()}
    assert again.spec_for(params) == pickle.loads(pickle.dumps(sweep)).spec_for(params)


def test_optunas_names_of_conditional_variables_are_understood(load):
    text = """
search:
  loss.name: {choice: [bce, focal]}
  $lr:
    - {choice: [0.1], when: {loss.name: bce}}
    - {choice: [0.2], when: {loss.name: focal}}
derive: {optimizer.lr: $lr / 2}
trials: 2
"""
    sweep = load(text)
    assert sweep.space.params({"loss.name": "focal", "$lr": 0.2}) == {"loss.name": "focal", "$lr[1]": 0.2}
    assert to_settings({"$lr[1]": 0.2}) == {"$lr": 0.2}
    assert sweep.spec_for({"loss.name": "focal", "$lr[1]": 0.2}).optimizer.lr == 0.1
