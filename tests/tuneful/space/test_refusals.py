"""A sweep file that can't run is refused before anything starts: file, line, rule, fix."""

import re

import pytest

from trainers.errors import SpecError

LR = "  optimizer.lr: {loguniform: [1.0e-4, 1.0e-2]}\n"
LOSS = "  loss.name: {choice: [bce, ce, focal]}\n"


def search(*lines: str) -> str:
    """A file whose first searched parameter is on line 2."""
    return "search:\n" + "".join(f"  {line}\n" for line in lines)


def beside(*lines: str) -> str:
    """A file whose first line after `search` is line 3."""
    return "search:\n" + LR + "".join(f"{line}\n" for line in lines)


REFUSED = {
    # names
    "unknown top-level field": (beside("trails: 8"), 3, ["trails is no field", "Did you mean trials?"]),
    "unknown searched field": (search("los.gamma: {uniform: [0, 1]}"), 2, ["los.gamma", "Did you mean loss.gamma?"]),
    "searched leaf name": (search("gamma: {uniform: [0, 1]}"), 2, ["gamma is no field", "loss.gamma"]),
    "searched section": (search("loss: {choice: [bce]}"), 2, ["loss is a section", "loss.name"]),
    "unknown set field": (beside("set:", "  training.epoch: 8"), 4, ["Did you mean training.epochs?"]),
    "unknown nested set field": (beside("set:", "  training:", "    epoch: 8"), 5, ["training.epochs"]),
    "set and searched": (beside("set:", "  optimizer.lr: 0.1"), 2, ["optimizer.lr is searched, and set at", ":4"]),
    "set and searched, nested": (beside("set: {optimizer: {lr: 0.1}}"), 2, ["optimizer.lr", "keep one"]),
    "set twice": (
        beside("set:", "  training.epochs: 8", "  training: {epochs: 9}"),
        4,
        ["training.epochs is set twice"],
    ),
    "searched twice": ("search:\n" + LR + LR, 3, ["optimizer.lr"]),
    "unknown field of a section": (beside("objective: {metrik: val/loss}"), 3, ["Did you mean objective.metric?"]),
    "objective that is not measured": (
        beside("objective: {metric: val/macro_f1@rare}"),
        3,
        ["val/macro_f1@rare", "measured with evaluation.rare_below", "under `set`"],
    ),
    "unknown recipe": (beside("recipe: chrous"), 3, ["chrous", "Known:", "chorus"]),
    "recipe with a name no file can have": (beside(f"recipe: {'x' * 5000}"), 3, ["recipe"]),
    "searched fold": (search("data.fold: {choice: [0, 1]}"), 2, ["data.fold", "folds:"]),
    "set fold": (beside("set:", "  data.fold: 1"), 4, ["data.fold", "folds:"]),
    "searched catalogue": (search("data.name: {choice: [a, b]}"), 2, ["data.name", "one catalogue", "under `set`"]),
    "searched seed": (search("seed: {int: [0, 9]}"), 2, ["seed", "repeats"]),
    # shape of entries
    "nothing searched": ("trials: 3\n", None, ["search is missing", "search: {"]),
    "empty search": ("search: {}\n", 1, ["search must not be empty"]),
    "entry without a kind": (search("optimizer.lr: {logunifrom: [0.1, 1]}"), 2, ["exactly one of choice, uniform"]),
    "entry of two kinds": (search("optimizer.lr: {choice: [1], uniform: [0, 1]}"), 2, ["exactly one of"]),
    "entry that is a value": (search("optimizer.lr: 3"), 2, ["optimizer.lr", "exactly one of", "got 3"]),
    "unknown key of an entry": (search("loss.name: {choice: [bce, ce], wen: {}}"), 2, ["wen", "when"]),
    "three bounds": (
        search("optimizer.lr: {uniform: [0.1, 0.2, 0.3]}"),
        2,
        ["optimizer.lr: uniform must hold 2", "optimizer.lr: {choice: [0.1, 0.2, 0.3]}"],
    ),
    "one bound": (search("optimizer.lr: {uniform: [0.1]}"), 2, ["too few", "optimizer.lr: {choice: [0.1]}"]),
    "bound that is text": (search("optimizer.lr: {uniform: [a, 1]}"), 2, ["must be a number", "got 'a'"]),
    "int with a fraction": (search("training.batch_size: {int: [8, 16.5]}"), 2, ["training.batch_size: int", "16.5"]),
    "lo above hi": (search("optimizer.lr: {uniform: [0.2, 0.1]}"), 2, ["lo < hi", "[0.2, 0.1]", "uniform: [0.1, 0.2]"]),
    "lo equal to hi": (search("training.batch_size: {int: [8, 8]}"), 2, ["lo < hi"]),
    "loguniform from 0": (search("optimizer.lr: {loguniform: [0, 0.1]}"), 2, ["loguniform needs lo > 0", "uniform"]),
    "log int from 0": (search("schedule.warmup_steps: {int: [0, 8], log: true}"), 2, ["lo > 0"]),
    "log and step": (search("training.batch_size: {int: [8, 64], log: true, step: 8}"), 2, ["log or step"]),
    "int never reaches hi": (search("training.batch_size: {int: [8, 30], step: 8}"), 2, ["never reaches", "[8, 24]"]),
    "quniform never reaches hi": (search("loss.gamma: {quniform: [0, 1, 0.3]}"), 2, ["never reaches", "[0, 0.9, 0.3]"]),
    "quniform step 0": (search("optimizer.lr: {quniform: [0.1, 1, 0]}"), 2, ["step > 0"]),
    "empty choice": (search("loss.name: {choice: []}"), 2, ["loss.name: choice must not be empty"]),
    "duplicate choice": (
        search("loss.name: {choice: [bce, ce, bce]}"),
        2,
        ["bce twice", "loss.name: {choice: [bce, ce]}"],
    ),
    "uniform on an int": (search("training.batch_size: {uniform: [8, 64]}"), 2, ["whole number", "int: [8, 64]"]),
    "loguniform on an int": (search("training.batch_size: {loguniform: [8, 64]}"), 2, ["int: [8, 64], log: true"]),
    # values that the field refuses
    "bound below the field's": (
        search("loss.name: {choice: [focal, bce]}", "loss.gamma: {uniform: [-1, 4], when: {loss.name: focal}}"),
        3,
        ["loss.gamma must be >= 0, got -1.0", "values of loss.gamma that"],
    ),
    "bound above the field's": (search("model.dropout: {uniform: [0, 1.5]}"), 2, ["model.dropout must be < 1"]),
    "unknown variant": (search("loss.name: {choice: [bce, focl]}"), 2, ["loss.name must be one of", "focal_bce"]),
    "unknown choice": (search("targets.mode: {choice: [soft, sotf]}"), 2, ["targets.mode", "'sotf'"]),
    "range of a choice field": (search("front_end.power: {uniform: [1.0, 2.0]}"), 2, ["front_end.power"]),
    "quoted number": (search("optimizer.lr: {choice: ['1e-3', 0.01]}"), 2, ["optimizer.lr", "'1e-3'"]),
    "bad value of a list field": (search("data.split.group_by: {choice: [[author], []]}"), 2, ["data.split.group_by"]),
    "f_max below f_min": (
        search("front_end.f_min: {uniform: [0, 2000]}", "front_end.f_max: {uniform: [1000, 8000]}"),
        (2, 3),
        ["front_end.f_max must be > f_min", "front_end.f_min and front_end.f_max"],
    ),
    "f_max below the recipe's f_min": (
        search("front_end.f_max: {uniform: [10, 8000]}"),
        2,
        ["front_end.f_max must be > f_min (50.0 Hz)"],
    ),
    "hop beyond the transform": (
        search("front_end.n_fft: {choice: [512, 1024]}", "front_end.hop_length: {choice: [320, 640]}"),
        (2, 3),
        ["front_end.hop_length must be <= n_fft (512), got 640"],
    ),
    "value in a list of entries": (
        search(
            "training.batch_size: {choice: [8, 16]}",
            "optimizer.lr:",
            "  - {uniform: [0.1, 1], when: {training.batch_size: 8}}",
            "  - {uniform: [0.1, 20], when: {training.batch_size: 16}}",
        ),
        5,
        ["optimizer.lr must be <= 10, got 20.0"],
    ),
    "set value": (beside("set:", "  training.epochs: 0"), 4, ["training.epochs must be >= 1, got 0"]),
    "set contradiction": (beside("set:", "  loss.gamma: 2.0"), 4, ["loss.gamma does not exist for loss.name=bce"]),
    # conditions
    "when names no field": (
        search(LOSS.strip(), "optimizer.lr: {uniform: [0.1, 1], when: {los.name: bce}}"),
        3,
        ["los.name is no field", "loss.name"],
    ),
    "when names itself": (search("optimizer.lr: {uniform: [0.1, 1], when: {optimizer.lr: 1}}"), 2, ["on itself"]),
    "when with a value never taken": (
        search("loss.name: {choice: [bce, focal]}", "loss.gamma: {uniform: [0, 1], when: {loss.name: [focal_bce]}}"),
        3,
        ["loss.name never is focal_bce", "bce, focal"],
    ),
    "when on a fixed field, impossible value": (
        search("optimizer.lr: {uniform: [0.1, 1], when: {targets.mode: sotf}}"),
        2,
        ["targets.mode never is sotf", "soft, hard"],
    ),
    "when on a range of reals": (
        search("optimizer.lr: {uniform: [0.1, 1]}", "model.dropout: {choice: [0.0, 0.5], when: {optimizer.lr: 0.5}}"),
        3,
        ["optimizer.lr is a range of real numbers"],
    ),
    "when on a fixed field of a searched section": (
        search("mixing.name: {choice: [none, mixup]}", "targets.mode: {choice: [soft, hard], when: {mixing.p: 0.5}}"),
        3,
        ["mixing.p is fixed, but mixing.name is searched"],
    ),
    "circle": (
        search(
            "targets.mode: {choice: [soft, hard], when: {loss.name: bce}}",
            "loss.name: {choice: [bce, ce], when: {targets.mode: soft}}",
        ),
        (2, 3),
        ["circle", "targets.mode", "loss.name"],
    ),
    "missing when": (
        search("loss.name: {choice: [bce, focal, focal_bce]}", "loss.gamma: {uniform: [0, 4]}"),
        3,
        ["loss.gamma does not exist for loss.name=bce", "when: {loss.name: [focal, focal_bce]}"],
    ),
    "incomplete when": (
        search("loss.name: {choice: [bce, focal]}", "loss.gamma: {uniform: [0, 4], when: {loss.name: [bce, focal]}}"),
        3,
        ["loss.gamma does not exist for loss.name=bce", "when: {loss.name: [focal]}"],
    ),
    "field of a variant that is not there": (
        search("loss.gamma: {uniform: [0, 4]}"),
        2,
        ["loss.name=bce", "set: {loss.name: focal}"],
    ),
    "set field of a searched variant": (
        search(LOSS.strip()) + "set:\n  loss.gamma: 2.0\n",
        4,
        ["loss.name is searched", "loss.gamma: {choice: [2], when: {loss.name: [focal, focal_bce]}}"],
    ),
    "list entry without when": (
        search(
            "targets.mode: {choice: [soft, hard]}", "optimizer.lr:", "  - {uniform: [0.1, 1]}", "  - {choice: [2.0]}"
        ),
        4,
        ["2 entries", "without when"],
    ),
    "entries that overlap": (
        search(
            LOSS.strip(),
            "optimizer.lr:",
            "  - {uniform: [0.1, 1], when: {loss.name: [bce, ce]}}",
            "  - {uniform: [0.2, 2], when: {loss.name: [ce, focal]}}",
        ),
        5,
        ["two entries that hold at once", "loss.name = ce"],
    ),
    "conditions that never hold": (
        search(
            LOSS.strip(),
            "targets.mode: {choice: [soft, hard], when: {loss.name: bce}}",
            "targets.smoothing: {choice: [0.0, 0.1], when: {loss.name: ce, targets.mode: soft}}",
        ),
        4,
        ["targets.smoothing is never searched", "can't hold"],
    ),
    # the sweep's numbers
    "no trials": (beside("trials: 0"), 3, ["trials must be >= 1, got 0"]),
    "trials as text": (beside("trials: '8'"), 3, ["trials must be a whole number, got '8'", "trials: 8"]),
    "other version": (beside("version: 2"), 3, ["version must be one of 1, got 2", "version: 1"]),
    "unknown metric": (
        beside("objective: {metric: val/auc}"),
        3,
        ["objective.metric must be one of", "train/loss", "got 'val/auc'", "Did you mean val/macro_auc?"],
    ),
    "metric of a group that lacks it": (
        beside("objective:", "  mode: max", "  metric: val/cmap@rare"),
        5,
        ["objective.metric must be one of val/macro_auc@rare", "Did you mean val/map@rare?"],
    ),
    "metric that is no text": (beside("objective: {metric: 3}"), 3, ["objective.metric", "got 3"]),
    "worst instead of best": (beside("objective: {metric: val/loss, mode: max}"), 3, ["worst val/loss", "mode: min"]),
    "best of a group sought as worst": (
        beside("objective: {metric: 'val/macro_f1@site:worst', mode: min}"),
        3,
        ["looks for the worst val/macro_f1@site:worst", "mode: max"],
    ),
    "second objective that is none": (
        beside("objective:", "  - {metric: val/map}", "  - {metric: val/mep}"),
        5,
        ["got 'val/mep'", "Did you mean val/map?"],
    ),
    "objective twice": (
        beside("objective: [{metric: val/map}, {metric: val/map}]"),
        3,
        ["objective.metric val/map is there twice", "keep one"],
    ),
    "no objective": (beside("objective: []"), 3, ["objective must not be empty"]),
    "objectives by their inner name": (beside("further_objectives: []"), 3, ["no field", "objective: [{...}, {...}]"]),
    "unknown epoch rule": (beside("objective: {epoch: first}"), 3, ["last", "best", "mean_last_3"]),
    "unknown sampler": (beside("search_algorithm: {sampler: gird}"), 3, ["tpe", "random", "sampler: grid"]),
    "unknown scheduler": (
        beside("scheduler: {name: bohb}"),
        3,
        ["scheduler.name must be one of asha, hyperband, median, pbt, fifo, got 'bohb'"],
    ),
    "scheduler without a name": (beside("scheduler: {grace_period: 2}"), 3, ["scheduler.name"]),
    "field of another scheduler": (
        beside("scheduler: {name: fifo, grace_period: 2}"),
        3,
        ["scheduler.grace_period belongs to scheduler.name=asha or hyperband or median"],
    ),
    "grace beyond epochs": (
        beside("set: {training.epochs: 4}", "scheduler: {name: asha, grace_period: 5}"),
        4,
        ["scheduler.grace_period must be <= training.epochs (4), got 5"],
    ),
    "grace beyond searched epochs": (
        search("training.epochs: {choice: [2, 8]}") + "scheduler: {name: asha, grace_period: 3}\n",
        3,
        ["<= training.epochs (2)"],
    ),
    "reduction factor 1": (beside("scheduler: {name: asha, reduction_factor: 1}"), 3, ["must be >= 2, got 1"]),
    "more finalists than trials": (beside("trials: 2", "confirm: {top: 3}"), 4, ["confirm.top must be <= trials (2)"]),
    "fold that does not exist": (beside("folds: [0, 4]"), 3, ["folds must be < data.split.n_folds (4), got 4"]),
    "fold beyond searched n_folds": (
        search("data.split.n_folds: {choice: [2, 5]}") + "folds: [0, 3]\n",
        3,
        ["data.split.n_folds (2), got 3"],
    ),
    "fold twice": (beside("folds: [0, 0]"), 3, ["folds holds a value twice", "folds: [0]"]),
    "no folds": (beside("folds: []"), 3, ["folds must not be empty"]),
    "confirm fold that does not exist": (beside("confirm: {folds: [9]}"), 3, ["confirm.folds must be <"]),
    "unknown split": (beside("confirm: {splits: [random]}"), 3, ["stratified", "stratified_group"]),
    "split twice": (beside("confirm: {splits: [stratified, stratified]}"), 3, ["confirm.splits", "twice"]),
    "no workers": (beside("resources: {workers: 0}"), 3, ["resources.workers must be >= 1, got 0"]),
    "no hours": (beside("max_hours: 0"), 3, ["max_hours must be > 0, got 0"]),
    "name that leaves the folder": (beside("name: ../x"), 3, ["'../x' is no name of a sweep"]),
    "absolute name": (beside("name: /tmp/x"), 3, ["'/tmp/x'"]),
    "hidden name": (beside("name: .x"), 3, ["'.x'"]),
    "empty name": (beside("name: ''"), 3, ["''"]),
    "long name": (beside(f"name: {'a' * 300}"), 3, ["300 characters"]),
    "name with control characters": (beside('name: "a\\eb"'), 3, ["'a\\x1bb'"]),
    # YAML
    "duplicate key": (beside("trials: 2", "trials: 3"), 4, ["trials"]),
    "not finite": (beside("max_hours: .inf"), 3, ["finite"]),
    "a list": ("- search\n", None, ["holds a list, want a mapping"]),
    "empty file": ("", None, ["is empty"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_refused_with_its_line_and_what_would_be_right(load, name):
    text, line, parts = REFUSED[name]
    with pytest.raises(SpecError) as refused:
        load(text)
    message = str(refused.value)
    for part in parts:
        assert part in message
    lines = line if isinstance(line, tuple) else (line,)
    assert line is None or any(re.search(rf"loss\.yaml:{number}\b", message) for number in lines), message
    assert "\n" not in message
    assert any(hint in message for hint in ("Try: ", "Known: ", "Did you mean ")), message


SECRETS = ["api_key", "WANDB_API_KEY", "token", "password", "client_secret"]


@pytest.mark.parametrize("field", SECRETS)
@pytest.mark.parametrize("place", ["{}: hunter2", "set: {{{}: hunter2}}", "resources: {{{}: hunter2}}"])
def test_a_secret_is_refused_and_its_value_not_echoed(load, field, place):
    with pytest.raises(SpecError) as refused:
        load(beside(place.format(field)))
    assert "hunter2" not in str(refused.value)
    assert field in str(refused.value)
    assert "loss.yaml:3" in str(refused.value)


OVERRIDES = {
    "unknown field": ({"sets": ["optimizer.learning=1"]}, ["command line", "optimizer.learning is no field"]),
    "no value": ({"sets": ["optimizer.lr"]}, ["path=value"]),
    "twice": ({"sets": ["seed=1", "seed=2"]}, ["seed is set twice"]),
    "data twice": ({"sets": ["data.name=a"], "data": "b"}, ["data.name is set twice"]),
    "fold": ({"sets": ["data.fold=1"]}, ["data.fold", "folds"]),
    "refused value": ({"sets": ["training.epochs=0"]}, ["training.epochs must be >= 1, got 0 (command line)"]),
    "contradiction": ({"sets": ["loss.name=ce", "loss.gamma=2"]}, ["loss.gamma does not exist for loss.name=ce"]),
    "unknown variant": ({"sets": ["loss.name=dice"]}, ["loss.name must be one of", "dice"]),
    "field of a searched variant": ({"sets": ["loss.alpha=0.5"]}, ["loss.name is searched", "command line"]),
    "trials": ({"trials": 0}, ["command line", "trials must be >= 1"]),
    "recipe": ({"recipe": "nope"}, ["command line", "nope", "chorus"]),
    "name": ({"name": "../x"}, ["command line", "'../x'"]),
    "nothing left": (
        {"sets": ["loss.name=ce", "targets.mode=soft"]},
        ["nothing is left to search", "platform train"],
    ),
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_mistake_on_the_command_line_is_refused_as_one(load, name):
    options, parts = OVERRIDES[name]
    text = search(
        "loss.name: {choice: [bce, ce, focal]}",
        "loss.gamma: {uniform: [0.5, 4.0], when: {loss.name: focal}}",
        "targets.mode: {choice: [soft, hard]}",
    )
    with pytest.raises(SpecError) as refused:
        load(text, **options)
    for part in parts:
        assert part in str(refused.value)


@pytest.mark.parametrize("stem", ["a b", "é", "x" * 101])
def test_a_file_whose_name_is_no_sweep_name_asks_for_one(tmp_path, stem):
    from tuneful.space.sweep import load_sweep

    path = tmp_path / f"{stem}.yaml"
    path.write_text("search:\n" + LR, encoding="utf-8")
    with pytest.raises(SpecError, match=r"no name of a sweep.*Try: name: "):
        load_sweep(path)
