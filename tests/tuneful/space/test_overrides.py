"""The command line over the file, and the resolved sweep that repeats both."""

import json
import math
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from trainers.errors import SpecError
from tuneful.space.schedulers import AshaSpec
from tuneful.space.sweep import SweepOptions, load_sweep

SPACES = Path(__file__).parents[3] / "search_spaces"
TEXT = """
set: {training.epochs: 8, mixing: {name: mixup, p: 0.75}}
search:
  loss.name: {choice: [bce, ce, focal, focal_bce]}
  loss.gamma: {uniform: [0.5, 4.0], when: {loss.name: [focal, focal_bce]}}
  targets.smoothing: {choice: [0.0, 0.1], when: {loss.name: ce}}
  optimizer.lr:
    - {loguniform: [1.0e-4, 1.0e-3], when: {targets.mode: soft}}
    - {loguniform: [1.0e-3, 1.0e-2], when: {targets.mode: hard}}
  targets.mode: {choice: [soft, hard]}
"""


def searched(sweep):
    return set(sweep.space.parameters)


def test_a_searched_path_set_on_the_command_line_leaves_the_search_with_what_depends_on_it(load):
    sweep = load(TEXT, sets=["loss.name=ce"])
    assert searched(sweep) == {"targets.smoothing", "optimizer.lr", "targets.mode"}
    assert not sweep.space.parameters["targets.smoothing"].entries[0].when
    assert sweep.spec_for({"targets.mode": "hard"}).loss.name == "ce"
    assert sweep.warnings == []


def test_a_list_of_ranges_is_decided_by_a_fixed_condition(load):
    sweep = load(TEXT, sets=["targets.mode=hard"])
    (entry,) = sweep.space.parameters["optimizer.lr"].entries
    assert (entry.low, entry.high, entry.when) == (1e-3, 1e-2, {})
    assert sweep.space.parameters["optimizer.lr"].name(0) == "optimizer.lr"


def test_a_conditional_path_set_on_the_command_line_is_fixed_where_its_condition_holds(load):
    sweep = load(TEXT, sets=["loss.gamma=3.5"])
    (entry,) = sweep.space.parameters["loss.gamma"].entries
    assert entry.choice == (3.5,)
    assert entry.when == {"loss.name": ("focal", "focal_bce")}
    assert sweep.spec_for({"loss.name": "bce"}).loss.name == "bce"
    assert sweep.spec_for({"loss.name": "focal", "loss.gamma": 3.5}).loss.gamma == 3.5


def test_a_conditional_path_is_fixed_everywhere_once_its_condition_is_fixed(load):
    sweep = load(TEXT, sets=["loss.name=focal", "loss.gamma=3.5"])
    assert searched(sweep) == {"optimizer.lr", "targets.mode"}
    assert sweep.spec_for({}).loss.gamma == 3.5


def test_what_depends_on_what_is_gone_is_gone_too(load):
    text = """
search:
  loss.name: {choice: [bce, ce]}
  targets.mode: {choice: [soft, hard], when: {loss.name: ce}}
  targets.smoothing: {choice: [0.0, 0.1], when: {targets.mode: soft}}
  optimizer.lr: {choice: [0.1, 0.2]}
"""
    assert searched(load(text, sets=["loss.name=bce"])) == {"optimizer.lr"}


def test_later_settings_win_recipe_set_command_line_trial_extra(load):
    sweep = load(TEXT, sets=["training.epochs=5", "mixing.alpha=0.2"], data="mine")
    spec = sweep.spec_for({"training.batch_size": 8}, **{"training.batch_size": 4})
    assert (spec.data.name, spec.training.epochs, spec.mixing.alpha, spec.mixing.p) == ("mine", 5, 0.2, 0.75)
    assert spec.training.batch_size == 4


def test_trials_hours_and_name_come_from_the_command_line(load):
    sweep = load("name: file\n" + TEXT, trials=3, max_hours=0.5, name="mine")
    assert (sweep.name, sweep.definition.trials, sweep.definition.max_hours) == ("mine", 3, 0.5)


@pytest.mark.parametrize(
    ("trials", "top", "said"),
    [
        (3, 3, []),
        (2, 2, ["--trials 2 leaves 2 of 3 finalists. Try: --trials 3"]),
        (1, 1, ["--trials 1 leaves 1 of 3 finalists, and no race. Try: --trials 3"]),
    ],
)
def test_few_trials_of_the_command_line_leave_as_many_finalists(load, trials, top, said):
    sweep = load("confirm: {top: 3, repeats: 2, race: {max_repeats: 4}}\n" + TEXT, trials=trials)
    confirm = sweep.definition.confirm
    assert (confirm.top, confirm.race is not None) == (top, trials > 1)
    assert sweep.resolved()["confirm"]["top"] == top
    assert sweep.warnings[: len(said)] == said


def test_consent_of_the_command_line_replaces_that_of_the_file(load):
    text = "allow: [TF001]\n" + TEXT
    assert load(text).definition.allow == ("TF001",)
    assert load(text, allow=("TF004", "TF005")).definition.allow == ("TF004", "TF005")
    assert load(text, allow=("TF004",)).resolved()["allow"] == ["TF004"]


def test_the_file_names_the_sweep_unless_it_says_otherwise(load):
    assert load(TEXT).name == "loss"
    assert load("name: other\n" + TEXT).name == "other"


def test_a_condition_on_a_fixed_field_is_decided_by_the_recipe(load):
    text = """
search:
  targets.mode: {choice: [soft, hard], when: {mixing.name: mixup}}
  model.dropout: {choice: [0.0, 0.5], when: {mixing.name: none}}
"""
    sweep = load(text, trials=2)  # the recipe mixes
    assert searched(sweep) == {"targets.mode"}
    assert len(sweep.warnings) == 1
    assert "model.dropout is not searched" in sweep.warnings[0]
    assert ":4" in sweep.warnings[0]
    assert searched(load("set: {mixing.name: none}\n" + text)) == {"model.dropout"}


def test_a_space_smaller_than_the_trials_is_a_warning(load):
    (warning,) = load("trials: 9\nsearch:\n  loss.name: {choice: [bce, ce]}\n").warnings
    assert "2 configurations" in warning
    assert "9 trials" in warning


def test_a_grace_period_of_all_epochs_is_a_warning(load):
    text = "set: {training.epochs: 4}\nscheduler: {name: asha, grace_period: 4}\nsearch: {PLACE}"
    assert "no rung" in load(text.replace("PLACE", "optimizer.lr: {uniform: [0.1, 1]}")).warnings[0]


def test_defaults_are_sensible_and_follow_the_rest(load):
    definition = load("search: {optimizer.lr: {uniform: [0.1, 1]}}\nfolds: [0, 2]\nconfirm: {top: 2}").definition
    assert definition.confirm.folds == (0, 2)
    assert definition.objective.mode == "max"
    losses = load("search: {optimizer.lr: {uniform: [0.1, 1]}}\nobjective: {metric: val/loss}").definition
    assert losses.objective.mode == "min"
    grouped = load(
        "search: {optimizer.lr: {uniform: [0.1, 1]}}\nset: {evaluation.rare_below: 9}\n"
        "objective: {metric: val/macro_f1@rare}"
    ).definition
    assert (grouped.objective.metric, grouped.objective.mode) == ("val/macro_f1@rare", "max")
    asha = load("search: {optimizer.lr: {uniform: [0.1, 1]}}\nscheduler: {name: asha}").definition.scheduler
    assert isinstance(asha, AshaSpec)


def test_a_recipe_may_be_a_path_beside_the_file(load, tmp_path):
    (tmp_path / "mine.yaml").write_text("training: {epochs: 3}\n", encoding="utf-8")
    sweep = load("recipe: mine.yaml\n" + TEXT.replace("training.epochs: 8, ", ""))
    assert sweep.spec_for({}).training.epochs == 3


def test_resources_of_the_command_line_replace_single_fields_of_the_files(load):
    text = f"{TEXT}resources: {{cpus_per_worker: 3}}\n"
    resources = load(text, resources={"gpus_per_worker": 0.5}).definition.resources
    assert (resources.workers, resources.cpus_per_worker, resources.gpus_per_worker) == (1, 3, 0.5)
    assert load(TEXT, resources={"workers": 2}).definition.resources.workers == 2


@pytest.mark.parametrize(
    ("file", "line", "where"),
    [
        ("{gpus_per_worker: 1.5}", {}, "yaml:"),
        ("{workers: 2, gpus_per_worker: 0.5}", {}, "yaml:"),
        ("{gpus_per_worker: 0.5}", {"workers": 2}, "yaml:"),
        ("{workers: 2}", {"gpus_per_worker": 0.5}, "command line: "),
        ("{}", {"gpus_per_worker": 2.5}, "command line: "),
        ("{}", {"gpus_per_worker": math.inf}, "command line: "),
    ],
)
def test_a_part_of_a_gpu_that_ray_or_nccl_would_not_give_is_refused(load, file, line, where):
    with pytest.raises(SpecError) as refused:
        load(f"{TEXT}resources: {file}\n", resources=line)
    message = str(refused.value)
    assert "resources.gpus_per_worker" in message.partition(where)[2]
    number = re.findall(r"gpus.per.worker:? (\d+)", message)[-1]
    load(f"{TEXT}resources: {file}\n", resources={**line, "gpus_per_worker": float(number)})


def test_a_mistake_in_the_files_resources_is_the_files_whatever_the_command_line_says(load):
    for wrong, line in (("{cpus_per_worker: 0}", "yaml:"), ("[1]", "yaml:")):
        with pytest.raises(SpecError) as refused:
            load(f"{TEXT}resources: {wrong}\n", resources={"gpus_per_worker": 1})
        assert line in str(refused.value)
        assert "command line" not in str(refused.value)


OPTIONS = [
    {},
    {"sets": ["loss.name=ce"]},
    {"sets": ["loss.gamma=3.5"], "data": "mine", "trials": 5},
    {"sets": ["mixing.name=none"], "resources": {"gpus_per_worker": 1}},
    {"sets": ["mixing.name=mixup", "targets.mode=soft"]},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_resolved_sweep_loads_as_the_same_sweep(load, tmp_path, options):
    sweep = load(TEXT, **options)
    resolved = json.loads(json.dumps(sweep.resolved()))
    path = tmp_path / "sweep.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(resolved, file)
    again = load_sweep(path)
    assert again.resolved() == resolved
    assert again.name == "loss"
    assert again.space == sweep.space
    assert again.space.order == sweep.space.order
    assert again.spec_for({}) == sweep.spec_for({})


def test_a_resolved_sweep_does_not_change_with_the_recipe(load, tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("training: {epochs: 3}\n", encoding="utf-8")
    resolved = load("recipe: mine.yaml\nsearch: {loss.name: {choice: [bce, ce]}}").resolved()
    recipe.write_text("training: {epochs: 4}\n", encoding="utf-8")
    path = tmp_path / "sweep.yaml"
    path.write_text(json.dumps(resolved), encoding="utf-8")
    assert load_sweep(path).spec_for({}).training.epochs == 3
    replaced = load_sweep(path, SweepOptions(recipe=str(recipe)))
    assert replaced.spec_for({}).training.epochs == 4


def test_a_recipe_that_is_broken_says_so_at_the_line_that_names_it(load, tmp_path):
    (tmp_path / "mine.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"loss.yaml:1: .*mine.yaml"):
        load("recipe: mine.yaml\n" + TEXT)


def test_mixing_is_on_where_target_modes_are_compared():
    sweep = load_sweep(SPACES / "loss.yaml")
    assert sweep.spec_for({}).mixing.name == "mixup"
    assert {"loss.name", "targets.mode", "optimizer.lr"} <= searched(sweep)


def test_the_project_can_be_typed_and_the_rest_of_tracking_stays(load):
    wandb = load(f"{TEXT}tracking: {{wandb: {{project: a, entity: lab}}}}\n", wandb="birds").definition.tracking.wandb
    assert (wandb.project, wandb.entity) == ("birds", "lab")
    assert load(TEXT, wandb="birds").definition.tracking.wandb.project == "birds"


@pytest.mark.parametrize("wrong", ["tracking: loud", "tracking: {wandb: birds}"])
def test_a_wrong_section_stays_the_files_mistake_beside_a_typed_project(load, wrong):
    with pytest.raises(SpecError, match="tracking"):
        load(f"{TEXT}{wrong}\n", wandb="birds")
