"""What a refusal offers after "Try:" is what was meant, and loads when it is pasted in."""

import math

import pytest

from trainers.config.yamlfile import as_yaml, parse_document
from trainers.errors import SpecError
from tuneful.space.arithmetic import as_arithmetic
from tuneful.space.expressions import Expression
from tuneful.space.mending import EXAMPLES
from tuneful.space.refusals import KNOWN

LR = "search: {optimizer.lr: {loguniform: [0.0001, 0.01]}}\n"
MIXING = "search: {augmentation.before_mixing: {choice: [true, false]}, targets.mode: {choice: [hard], when: {%s}}}\n"
INDICES = "search: {model.out_indices: {choice: [[2], [2, 3]]}, loss.name: {choice: [bce, ce], when: {%s}}}\n"
LOSS = "search: {loss.name: {choice: [bce, ce]}, targets.mode: {choice: [soft, hard], when: {%s}}}\n"
DERIVED = "search: {$w: {choice: [10, 11]}}\nderive: {front_end.n_fft: '%s'}\n"

SECTIONS = {  # after LR -> the fix
    "scheduler: asha": "scheduler: {name: asha}",
    "scheduler: [asha]": "scheduler: {name: asha}",
    "scheduler: no": "scheduler: {name: fifo}",
    "scheduler:": "scheduler: {name: fifo}",
    "scheduler: {name: ahsa, grace_period: 1}": "scheduler: {name: asha, grace_period: 1}",
    "scheduler: {grace_period: 2}": "scheduler: {name: asha, grace_period: 2}",
    "scheduler: {name: asha, grace_period: 2.0}": "scheduler: {name: asha, grace_period: 2}",
    "scheduler: {name: fifo, grace_period: 2}": "scheduler: {name: asha, grace_period: 2}",
    "scheduler: {name: pbt}": "scheduler: {name: pbt, mutate: [optimizer.lr]}",
    "scheduler: {name: pbt, mutate: optimizer.lr}": "scheduler: {name: pbt, mutate: [optimizer.lr]}",
    "tracking: {wandb: mine}": "tracking: {wandb: {project: mine}}",
    "tracking: mine": "tracking: {wandb: {project: mine}}",
    "tracking: {wandb: {mode: offline}}": "tracking: {wandb: {mode: offline, project: loss}}",
    "confirm: yes": "confirm: {top: 3}",
    "confirm: 2": "confirm: {top: 2}",
    "confirm: no": "confirm: null",
    "confirm: {top: 2, race: true}": "confirm: {top: 2, race: {max_repeats: 8}}",
    "confirm: {race: {alpha: 0.7}}": "confirm: {race: {alpha: 0.05}}",
    "confirm: {top: '2', splits: group, folds: 1}": "confirm: {top: 2, splits: [group], folds: [1]}",
    "early_stop: 3": "early_stop: {patience: 3}",
    "stall: 10": "stall: {trials: 10}",
    "resources: 2": "resources: {workers: 2}",
    "search_algorithm: random": "search_algorithm: {sampler: random}",
    "search_algorithm: {sampler: rnadom}": "search_algorithm: {sampler: random}",
    "objective: val/loss": "objective: {metric: val/loss}",
    "objective: macro_f1": "objective: {metric: val/macro_f1}",
    "objective: [val/map, eval_seconds]": "objective: [{metric: val/map}, {metric: eval_seconds}]",
    "objective: {metric: val/loss, mode: minimize}": "objective: {metric: val/loss, mode: min}",
    "warm_start: mel": "warm_start: [mel]",
    "warm_start: 2024-1-1": "warm_start: [2024-1-1]",
    "tracking: {2024-01-01: 3, wandb: mine}": "tracking: {wandb: {project: mine}}",
    "allow: TF005": "allow: [TF005]",
    "folds: 1": "folds: [1]",
    "folds: '0, 1'": "folds: [0, 1]",
    "max_hours: 1:30": "max_hours: 1.5",
    "max_hours: soon": "max_hours: 1.5",
    "trials: 8.0": "trials: 8",
    "trials: '8'": "trials: 8",
    "trials: 0": "trials: 20",
    "reuse: off": "reuse: false",
    "name: 2024": 'name: "2024"',
    "version: '1'": "version: 1",
    "published: recipe": "published: [recipe]",
    "epochs: 3": "set: {training.epochs: 3}",
    "epochs: '3'": "set: {training.epochs: 3}",
    "training: {epochs: 3}": "set: {training.epochs: 3}",
    "traning: {epochs: 3}": "set: {training.epochs: 3}",
    "training: {epoch: 3}": "set: {training.epochs: 3}",
    "modle: {dropout: 0.1}": "set: {model.dropout: 0.1}",
    "optimiser: {weight_decay: 0.1}": "set: {optimizer.weight_decay: 0.1}",
    "loss: ce": "set: {loss.name: ce}",
    "los: {name: ce}": "set: {loss.name: ce}",
    "segment: {duration_s: 2}": "set: {segments.duration_s: 2}",
    "set: {training: {epochs: 4}}\nbatch_size: 8": "set: {training.epochs: 4, training.batch_size: 8}",
    "training.epochs: 3": "set: {training.epochs: 3}",
    "training.epoch: 3": "set: {training.epochs: 3}",
    "optimiser.weight_decay: 0.1": "set: {optimizer.weight_decay: 0.1}",
    "training.batch_size: {int: [8, 16]}": (
        "search: {optimizer.lr: {loguniform: [0.0001, 0.01]}, training.batch_size: {int: [8, 16]}}"
    ),
    "scheduler.name: asha": "scheduler: {name: asha}",
    "confirm: {repeats: 4}\nconfirm.top: '2'": "confirm: {repeats: 4, top: 2}",
    "lr: {min: 0.1, max: 0.2}": "search: {optimizer.lr: {uniform: [0.1, 0.2]}}",
    "method: bayes": "search_algorithm: {sampler: tpe}",
}
ENTRIES = {  # (path, what stands there) -> the fix
    ("loss.name", "[bce, ce]"): "{choice: [bce, ce]}",
    ("loss.name", "bce"): "{choice: [bce]}",
    ("loss.name", "{choice: [bce, ce], log: true}"): "{choice: [bce, ce]}",
    ("loss.name", "{choice: bce}"): "{choice: [bce]}",
    ("optimizer.lr", "{values: [0.1, 0.2]}"): "{choice: [0.1, 0.2]}",
    ("optimizer.lr", "{value: 0.1}"): "{choice: [0.1]}",
    ("optimizer.lr", "{min: 0.1, max: 0.2}"): "{uniform: [0.1, 0.2]}",
    ("training.batch_size", "{min: 8, max: 64}"): "{int: [8, 64]}",
    ("optimizer.lr", "{distribution: log_uniform_values, min: 0.1, max: 0.2}"): "{loguniform: [0.1, 0.2]}",
    ("optimizer.lr", "{distribution: log_uniform, min: -9, max: -2}"): "{loguniform: [0.000123, 0.135]}",
    ("optimizer.lr", "{distribution: q_uniform, min: 0.1, max: 0.5, q: 0.2}"): "{quniform: [0.1, 0.5, 0.2]}",
    ("optimizer.lr", "{uniform: {min: 0.1, max: 0.2}}"): "{uniform: [0.1, 0.2]}",
    ("optimizer.lr", "{uniform: '0.1, 0.2'}"): "{uniform: [0.1, 0.2]}",
    ("optimizer.lr", "{choise: [0.1, 0.2]}"): "{choice: [0.1, 0.2]}",
    ("optimizer.lr", "{uniform: [0.0001, 0.1], log: true}"): "{loguniform: [0.0001, 0.1]}",
    ("optimizer.lr", "{loguniform: [0.0001, 0.1], log: true}"): "{loguniform: [0.0001, 0.1]}",
    ("optimizer.lr", "{loguniform: [0, 0.1]}"): "{loguniform: [0.0001, 0.1]}",
    ("optimizer.lr", "{uniform: [0.1, 0.5], step: 0.1}"): "{quniform: [0.1, 0.5, 0.1]}",
    ("optimizer.lr", "{uniform: [0.2, 0.1]}"): "{uniform: [0.1, 0.2]}",
    ("optimizer.lr", "{uniform: [0.2, 0.2]}"): "{choice: [0.2]}",
    ("optimizer.lr", "{uniform: [0.1]}"): "{choice: [0.1]}",
    ("model.dropout", "{quniform: [0, 0.5, 0.1], log: true}"): "{quniform: [0, 0.5, 0.1]}",
    ("model.dropout", "{quniform: [0.5, 0, 0.1]}"): "{quniform: [0, 0.5, 0.1]}",
    ("model.dropout", "{quniform: [0, 0.5, 0]}"): "{uniform: [0, 0.5]}",
    ("training.batch_size", "{int: [4, 8], step: 0}"): "{int: [4, 8]}",
    ("training.batch_size", "{int: [4.0, 64.0]}"): "{int: [4, 64]}",
    ("training.batch_size", "{int: [8, 30], step: 8}"): "{int: [8, 24], step: 8}",
    ("training.batch_size", "{int: [8, 64], log: 1}"): "{int: [8, 64], log: true}",
    ("augmentation.before_mixing", "{choice: [yes, no]}"): "{choice: [true, false]}",
    ("training.epochs", "{choice: ['3', '4']}"): "{choice: [3, 4]}",
}
CONDITIONS = {
    MIXING % "augmentation.before_mixing: 'true'": "when: {augmentation.before_mixing: true}",
    MIXING % "augmentation.before_mixing: yes": "when: {augmentation.before_mixing: true}",
    INDICES % "model.out_indices: [2, 3]": "when: {model.out_indices: [[2, 3]]}",
    LOSS % "loss.name: []": "when: {loss.name: ce}",
    LOSS % "loss.name: [bce, cee]": "when: {loss.name: [bce, ce]}",
    LOSS % "training.batch_size: '32'": "when: {training.batch_size: 32}",
    LOSS % "data.fold: 0, loss.name: cee, training.batch_size: 32": (
        "when: {data.fold: 0, loss.name: ce, training.batch_size: 32}"
    ),
}
EXPRESSIONS = {
    "2 ^ $w": "2 ** $w",
    "int(2 ** $w)": "floor(2 ** $w)",
    "ceil($w / 2) * 128": "-floor(-($w / 2)) * 128",
    "math.sqrt(4) * $w * 64": "sqrt(4) * $w * 64",
    "pow(2, $w)": "2 ** $w",
    "${w} * 64": "$w * 64",
    "abs(0 - $w) * 64": "max(0 - $w, -(0 - $w)) * 64",
}


BY_THEMSELVES = {"extends", "max_gpu_hours", "name", "published", "recipe", "recipe_data"}
"""Fields that take any name, or need others to be set."""
PATHS = {"derive", "search", "set"}
"""Fields whose keys are paths of others."""


def pasted(text, fix, message):
    """The data of a wrong file with the fix in it: a field, an entry of `search`, a `when`, an expression."""
    data, offered = parse_document(text).data, parse_document(fix).data
    (key,) = offered
    if key in KNOWN:
        unknown = [name for name in data if name not in KNOWN]
        kept = {name: value for name, value in data.items() if name not in unknown}
        return {**kept, **offered}
    if key == "when":
        child = message.split(": ")[1]
        return {**data, "search": {**data["search"], child: {**data["search"][child], **offered}}}
    section = next(name for name in ("search", "derive") if key in data.get(name, {}))
    return {**data, section: {**data[section], **offered}}


CASES = [
    *((f"{LR}{wrong}\n", fix) for wrong, fix in SECTIONS.items()),
    *((f"search: {{{path}: {wrong}}}\n", f"{path}: {fix}") for (path, wrong), fix in ENTRIES.items()),
    *CONDITIONS.items(),
    *((DERIVED % wrong, f"front_end.n_fft: {fix}") for wrong, fix in EXPRESSIONS.items()),
]


@pytest.mark.parametrize(("text", "fix"), CASES, ids=[text.replace(LR, "").strip() for text, _ in CASES])
def test_the_fix_is_what_was_meant_and_loads(load, text, fix):
    with pytest.raises(SpecError) as refused:
        load(text)
    message = str(refused.value)
    assert message.rpartition("Try: ")[2] == fix
    load("".join(f"{key}: {as_yaml(value)}\n" for key, value in pasted(text, fix, message).items()))


def test_parts_of_a_sweep_file_of_weights_and_biases_are_translated(load):
    theirs = "program: train.py\nparameters: {learning_rate: {min: 0.1, max: 0.2}, epochs: {values: [3, 4]}}\n"
    with pytest.raises(SpecError) as refused:
        load(theirs)
    fix = str(refused.value).rpartition("Try: ")[2]
    assert fix == "search: {optimizer.lr: {uniform: [0.1, 0.2]}, training.epochs: {choice: [3, 4]}}"
    load(fix)


@pytest.mark.parametrize(
    ("wrong", "fix"),
    {
        "foo.bar: 2": "remove the line or correct the name",
        "lr: fast": "remove it, optimizer.lr stands under `search`",
        "epochs: fast": "training.epochs under `set`, with a value that it takes",
        "model: {dropout: 0.1, name: fast}": "model.name under `set`, with a value that it takes",
        "segments: {x: 1}": "fields of segments under `set`, such as segments.duration_s",
        "data: {fold: 1}": "folds, beside `search`, in place of data.fold",
        "data.fold: 1": "folds, beside `search`, in place of data.fold",
        "parameters: {lr: {values: [x]}}": "optimizer.lr under `search`, with values that it takes",
        "parameters: {seed: {values: [1, 2]}}": "`search` without seed, which is the same for all trials",
        "parameters: {foo_bar: {values: [1, 2]}}": (
            "the field that foo_bar stands for under `search`, by its dotted path such as optimizer.lr"
        ),
        "confirm: {foo: {max_repeats: 8}}": "remove the line or correct the name",
        "confirm: {top: '2', foo: {max_repeats: 8}}": "remove the line or correct the name",
    }.items(),
)
def test_what_would_not_load_is_named_without_a_value(load, wrong, fix):
    with pytest.raises(SpecError) as refused:
        load(f"{LR}{wrong}\n")
    assert str(refused.value).rpartition("Try: ")[2] == fix


@pytest.mark.parametrize(
    ("wrong", "right"),
    {
        "confirm: {top: 3, repeats: 2, rase: {max_repeats: 8}}": "confirm.race",
        "confirm: {top: '3', rac: {max_repeats: 8}}": "confirm.race",
        "tracking: {wandbb: {project: loss}}": "tracking.wandb",
        "race: {max_repeats: 8}": "confirm.race",
        "schedular: {name: asha}": "scheduler",
        "trails: 8": "trials",
    }.items(),
)
def test_a_misspelt_section_is_renamed_and_keeps_what_it_holds(load, wrong, right):
    with pytest.raises(SpecError) as refused:
        load(f"{LR}{wrong}\n")
    assert str(refused.value).endswith(f"Did you mean {right}?")


@pytest.mark.parametrize("field", sorted(set(KNOWN) - BY_THEMSELVES))
@pytest.mark.parametrize("wrong", ["[[]]", "{x: 1}", "{2024-01-01: x}", "-1", "2024-01-01", "true", "null"])
def test_whatever_stands_in_a_field_its_fix_loads(load, field, wrong):
    own = "" if field == "search" else LR
    text = f"{own}{field}: {wrong}\n"
    try:
        load(text)
    except SpecError as error:
        fix = str(error).rpartition("Try: ")[2]
        assert "Undefined" not in fix
        if field in PATHS and wrong.startswith("{"):
            assert fix == "the dotted path of a field, such as optimizer.lr"
            return
        assert fix.startswith(f"{field}: ")
        load(f"{own}{fix}\n")


def test_every_example_loads(load):
    for name, example in EXAMPLES.items():
        if "." not in name and name != "max_gpu_hours":
            load(f"{'' if name == 'search' else LR}{name}: {as_yaml(example)}\n")


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_arithmetic_is_the_same_in_our_words(text):
    ours = as_arithmetic(text)
    assert as_arithmetic(ours) is None, "is written so already"
    python = text.replace("^", "**").replace("${w}", "w").replace("$w", "w")
    for w in (1.0, 3.0, 7.5):
        expected = eval(python, {"w": w, "math": math, "ceil": math.ceil})
        assert Expression(ours).value({"$w": w}.__getitem__) == pytest.approx(expected)


def test_a_choice_between_expressions_is_sent_to_search(load):
    with pytest.raises(SpecError, match=r"Try: front_end\.n_fft under `search`, as a list of entries"):
        load(DERIVED % "512 if $w > 10 else 1024")
