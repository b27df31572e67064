"""Mistakes in what is derived, tried first, stopped and optimised: refused with line, rule and fix."""

import re

import pytest

from trainers.errors import SpecError

LR = "search: {optimizer.lr: {uniform: [0.1, 1]}}\n"
X = "search: {$x: {choice: [1, 2]}}\n"
FOCAL = "search: {loss.name: {choice: [bce, focal]}, loss.gamma: {quniform: [1, 2, 0.5], when: {loss.name: focal}}}\n"
RERENDER = LR + "set: {proxies: [{name: rerender}]}\n"

REFUSED = {
    # derive
    "unknown name": (X + "derive:\n  optimizer.lr: $x * trainin.epochs\n", 3, ["Did you mean training.epochs?"]),
    "unknown variable": (X + "derive:\n  optimizer.lr: $y * 2\n", 3, ["$y is no variable", "Known: $x"]),
    "unknown target": (X + "derive:\n  optimizer.rl: $x\n", 3, ["optimizer.rl is no field"]),
    "target that is a variable": (X + "derive:\n  $y: $x\n", 3, ["$y is a variable, only fields"]),
    "target that is a text": (X + "derive:\n  loss.name: $x\n", 3, ["loss.name is no number"]),
    "target that is true or false": (X + "derive:\n  model.freeze: $x\n", 3, ["model.freeze is no number"]),
    "derived fold": (X + "derive:\n  data.fold: $x\n", 3, ["data.fold can't be derived", "folds: [0, 1]"]),
    "derived sample rate": (X + "derive:\n  data.sample_rate: $x * 16000\n", 3, ["decoded before", "choice: [16000"]),
    "no expression": (X + "derive:\n  optimizer.lr: $x *\n", 3, ["is no expression", "Allowed: numbers"]),
    "a call": (X + "derive:\n  optimizer.lr: open($x)\n", 3, ["open, which is no function", "sqrt"]),
    "a number": (X + "derive:\n  optimizer.lr: 3\n", 3, ["must be an expression, got 3", "set: {optimizer.lr: 3}"]),
    "division by zero at a corner": (
        "search: {$x: {choice: [4, 0]}}\nderive:\n  optimizer.lr: 1 / $x\n",
        3,
        ["optimizer.lr: 1 / $x divides by zero (where $x = 0)"],
    ),
    "text in arithmetic": (X + "derive:\n  optimizer.lr: $x * loss.name\n", 3, ["needs loss.name as a number"]),
    "null in arithmetic": (X + "derive:\n  optimizer.lr: $x * front_end.f_max\n", 3, ["it is null", "a number for"]),
    "fraction of a whole field": (
        X + "derive:\n  front_end.hop_length: front_end.n_fft / (3 * $x)\n",
        3,
        ["= 341.333, but front_end.hop_length is a whole number", "round(front_end.n_fft / (3 * $x))"],
    ),
    "fraction between the corners": (
        "search: {$x: {uniform: [0.5, 2.0]}}\nderive:\n  front_end.n_mels: $x * 64\n",
        3,
        ["front_end.n_mels is a whole number", "round($x * 64)"],
    ),
    "value that the field refuses": (
        "search: {front_end.n_fft: {choice: [512, 1024]}}\nderive:\n  front_end.hop_length: front_end.n_fft * 2\n",
        3,
        ["must be <= n_fft (512), got 1024", "is derived as front_end.n_fft * 2", "values of front_end.n_fft"],
    ),
    "circle": (
        X + "derive:\n  front_end.f_min: front_end.f_max / $x\n  front_end.f_max: 2 * front_end.f_min\n",
        (3, 4),
        ["derive leads in a circle", "front_end.f_min", "front_end.f_max"],
    ),
    "derived from itself": (X + "derive:\n  optimizer.lr: optimizer.lr * $x\n", 3, ["circle"]),
    "derived and searched": (LR + "derive:\n  optimizer.lr: 1 / 2\n", 3, ["is derived, and searched at", ":1"]),
    "derived and set": (X + "set: {optimizer.lr: 1}\nderive:\n  optimizer.lr: $x\n", 4, ["and set at", ":2"]),
    "derived for another variant": (X + "derive:\n  loss.gamma: $x\n", 3, ["loss.name=bce", "set: {loss.name: focal}"]),
    "condition on what is derived": (
        "search: {$x: {choice: [1, 2]}, model.dropout: {choice: [0.1], when: {seed: 1, training.epochs: 2}}}\n"
        "derive: {training.epochs: 2 * $x}\n",
        1,
        ["training.epochs is derived", "a condition on what it is derived from"],
    ),
    "variable without use": (LR.replace("}}", "}, $x: {choice: [1]}}"), 1, ["$x is used by no expression"]),
    "set variable without use": (LR + "set: {$x: 1}\n", 2, ["$x is used by no expression"]),
    "name of a variable": ("search: {$a-b: {choice: [1]}}\n", 1, ["'$a-b' is no name of a variable", "$a_b"]),
    "variable under a condition that is needed always": (
        "search: {loss.name: {choice: [bce, ce]}, $x: {choice: [1], when: {loss.name: ce}}}\n"
        "derive:\n  optimizer.lr: $x / 10\n",
        3,
        ["needs $x, which has no value there", "$x without conditions"],
    ),
    "condition on an unknown variable": (
        "search: {loss.name: {choice: [bce, ce], when: {$x: 1}}}\n",
        1,
        ["$x is no variable of this sweep"],
    ),
    # published
    "unknown path of a point": (LR + "published: [{optimizer.rl: 1}]\n", 2, ["optimizer.rl is no field"]),
    "path that is not searched": (LR + "published: [{seed: 1}]\n", 2, ["seed is not searched", "optimizer.lr"]),
    "value outside the range": (LR + "published:\n  - {optimizer.lr: 2}\n", 3, ["takes 0.1 to 1, got 2", "wider"]),
    "value between steps": (FOCAL + "published: [{loss.name: focal, loss.gamma: 1.2}]\n", 2, ["step 0.5, got 1.2"]),
    "condition not met": (
        FOCAL + "published: [{loss.name: bce, loss.gamma: 1}]\n",
        2,
        ["the point has loss.name = bce"],
    ),
    "condition not said": (FOCAL + "published: [{loss.gamma: 1}]\n", 2, ["the point has no loss.name"]),
    "recipe outside the range": (
        LR + "published: [recipe]\n",
        2,
        ["published recipe: optimizer.lr takes 0.1 to 1, got 0.004"],
    ),
    "recipe without the variable": (
        X + "derive: {optimizer.lr: $x / 9}\npublished: [recipe]\n",
        3,
        ["the recipe has no value of $x"],
    ),
    "point that is a word": (LR + "published: [recip]\n", 2, ["settings by path or `recipe`, got 'recip'"]),
    # objectives
    "metric of a proxy that is not computed": (
        LR + "objective: {metric: rerender/macro_auc}\n",
        2,
        ["measured with proxies=[{name: rerender}] only"],
    ),
    "metric that a proxy has not": (
        RERENDER + "objective: {metric: rerender/confidence}\n",
        3,
        ["the proxy rerender reports macro_auc"],
    ),
    "metric of a proxy for a scheduler": (
        RERENDER + "scheduler: {name: asha}\nobjective: {metric: rerender/map}\n",
        4,
        ["score after every epoch", "fifo"],
    ),
    "metric of a proxy at its best epoch": (
        RERENDER + "objective: {metric: rerender/map, epoch: best}\n",
        3,
        ["must be last", "epoch: last"],
    ),
    "time alone": (LR + "objective: {metric: eval_seconds}\n", 2, ["finds the run that does least", "val/macro_auc"]),
    "slowest": (
        LR + "objective: [{metric: val/map}, {metric: eval_seconds, mode: max}]\n",
        2,
        ["worst eval_seconds", "min"],
    ),
    # samplers
    "grid over a range": (
        LR + "search_algorithm: {sampler: grid}\n",
        1,
        ["a range without steps", "{quniform: [0.1, 1, 0.225]}"],
    ),
    "grid over a log range": (
        "search: {optimizer.lr: {loguniform: [0.01, 1]}}\nsearch_algorithm: {sampler: grid}\n",
        1,
        ["{choice: [0.01, 0.1, 1]}"],
    ),
    "more trials than the grid": (
        X + "derive: {optimizer.lr: $x / 9}\nsearch_algorithm: {sampler: grid}\ntrials: 3\n",
        4,
        ["trials must be <= the 2 combinations of the grid, got 3", "trials: 2"],
    ),
    "endless grid": (
        "search: {training.batch_size: {int: [1, 400]}, training.eval_batch_size: {int: [1, 400]}}\n"
        "search_algorithm: {sampler: grid}\n",
        None,
        ["more than 100000 combinations", "sampler: tpe"],
    ),
    "cmaes over choices": (
        FOCAL + "search_algorithm: {sampler: cmaes}\n",
        2,
        ["needs 2 ranges without conditions, the space has 0", "sampler: tpe"],
    ),
    # schedulers and ends
    "hyperband without rungs": (
        LR + "set: {training.epochs: 6}\nscheduler: {name: hyperband}\n",
        3,
        ["brackets 3: those from epoch 9 on leave no rung before the last epoch (6)", "scheduler.brackets: 2"],
    ),
    "hyperband's grace": (LR + "scheduler: {name: hyperband, grace_period: 7}\n", 2, ["grace_period must be <=", "6"]),
    "median of too few": (LR + "trials: 3\nscheduler: {name: median}\n", 3, ["min_trials must be < trials (3)"]),
    "early stop after the end": (LR + "early_stop: {patience: 6}\n", 2, ["patience must be < training.epochs (6)"]),
    "pbt without mutations": (LR + "scheduler: {name: pbt}\n", 2, ["scheduler.mutate is missing", "[optimizer.lr]"]),
    "pbt of what is not searched": (
        LR + "scheduler: {name: pbt, mutate: [model.dropout]}\n",
        2,
        ["is not searched", "mutate: [optimizer.lr]"],
    ),
    "pbt of the network": (
        "search: {model.backbone: {choice: [a, b]}}\nscheduler: {name: pbt, mutate: [model.backbone]}\n",
        2,
        ["must stay as it is while a trial trains"],
    ),
    "pbt of the batch by a variable": (
        X + "derive: {training.batch_size: 8 * $x}\nscheduler: {name: pbt, mutate: [$x]}\n",
        3,
        ["$x changes training.batch_size"],
    ),
    "pbt of what is conditional": (
        FOCAL + "scheduler: {name: pbt, mutate: [loss.gamma]}\n",
        2,
        ["is searched under a condition"],
    ),
    "pbt of what decides": (
        "search: {targets.smoothing: {choice: [0.0, 0.1]}, "
        "model.dropout: {choice: [0.1], when: {targets.smoothing: 0.1}}}\n"
        "scheduler: {name: pbt, mutate: [targets.smoothing]}\n",
        2,
        ["decides what else is searched"],
    ),
    "pbt at the end": (
        LR + "scheduler: {name: pbt, interval: 6, mutate: [optimizer.lr]}\n",
        2,
        ["interval must be < training.epochs"],
    ),
    "pbt of three": (
        LR + "trials: 3\nscheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        2,
        ["trials must be >= 4", "got 3"],
    ),
    "pbt for two objectives": (
        LR + "objective: [{metric: val/map}, {metric: val/loss}]\nscheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        2,
        ["follows one objective"],
    ),
    "pbt with a confirmation": (
        LR + "confirm: {top: 1}\nscheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        2,
        ["confirm doesn't go with scheduler.name=pbt"],
    ),
    "pbt with a stall": (
        LR + "stall: {trials: 2}\nscheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        2,
        ["stall doesn't go with scheduler.name=pbt"],
    ),
    "pbt with patience": (
        LR + "early_stop: {patience: 2}\nscheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        2,
        ["early_stop doesn't go with scheduler.name=pbt"],
    ),
    "pbt of searched epochs": (
        "search: {optimizer.lr: {uniform: [0.1, 1]}, training.epochs: {int: [4, 6]}}\n"
        "scheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        1,
        ["take over from each other midway", "training.epochs"],
    ),
    "pbt on a grid": (
        "search: {optimizer.lr: {choice: [0.1, 0.2, 0.3, 0.4]}}\nsearch_algorithm: {sampler: grid}\n"
        "scheduler: {name: pbt, mutate: [optimizer.lr]}\n",
        2,
        ["changes settings on the way"],
    ),
    "a proxy that early_stop leaves out": (
        RERENDER + "objective: [{metric: val/map}, {metric: rerender/map}]\nearly_stop: {patience: 2}\n",
        3,
        ["objective.metric rerender/map is measured after the last epoch", "training.keep: best"],
    ),
    "race of nobody": (LR + "confirm: {top: 1, race: {}}\n", 2, ["confirm.race needs two finalists"]),
    "race that is over": (LR + "confirm: {repeats: 3, race: {max_repeats: 3}}\n", 2, ["must be > confirm.repeats (3)"]),
    "GPU hours without GPUs": (LR + "max_gpu_hours: 3\n", 2, ["resources.gpus_per_worker is 0", "max_hours: 3"]),
    "a range of sample rates": (
        "search: {data.sample_rate: {int: [16000, 32000], step: 8000}}\n",
        1,
        ["data.sample_rate is searched in a range", "Try: data.sample_rate: {choice: [16000, 32000]}"],
    ),
    "warm start from itself": (LR + "warm_start: [loss]\n", 2, ["names the sweep itself (loss)"]),
    "warm start twice": (LR + "warm_start: [a, a]\n", 2, ["warm_start holds a value twice"]),
    "tracking without a project": (LR + "tracking: {wandb: {}}\n", 2, ["tracking.wandb.project is missing"]),
    # extends
    "extends nothing": ("extends: lose\n", 1, ["lose: no such sweep file", "Known: ", "loss"]),
    "extends no name": ("extends: {a: b}\n", 1, ["name or the path", "extends: loss"]),
    "extends itself": ("extends: loss.yaml\n", 1, ["extends leads in a circle", "loss.yaml <- "]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_refused_with_its_line_and_the_fix(load, name, monkeypatch):
    monkeypatch.setattr("tuneful.space.sampler_limits.find_spec", lambda _: True)
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
    assert message.count("Try: ") <= 1, message


def test_a_package_that_is_not_there_is_named_before_anything_starts(load, monkeypatch):
    monkeypatch.setattr("tuneful.space.sampler_limits.find_spec", lambda _: None)
    monkeypatch.setattr("tuneful.space.variants.find_spec", lambda _: None)
    with pytest.raises(SpecError, match=r"loss\.yaml:2: .*cmaes needs the package cmaes\. Try: pip install cmaes"):
        load(LR + "search_algorithm: {sampler: cmaes}\n")
    with pytest.raises(SpecError, match=r"loss\.yaml:2: model\.name=encoder needs transformers.* pip install 'tuneful"):
        load(LR + "set: {model.name: encoder}\n")


ALLOWED = {
    "metric of a proxy": (RERENDER + "objective: [{metric: val/map}, {metric: rerender/map}]\n", []),
    "metric of a proxy alone": (RERENDER + "objective: {metric: rerender/map}\n", []),
    "metric of a proxy of the best epoch": (
        LR + "set: {proxies: [{name: rerender}], training.keep: best}\nearly_stop: {patience: 2}\n"
        "objective: [{metric: val/map}, {metric: rerender/map}]\n",
        [],
    ),
    "levels of robustness": (
        LR + "set: {proxies: [{name: robustness, label: loud, snr_db: [20, -5]}]}\n"
        "objective: [{metric: val/map}, {metric: loud/macro_auc@snr=-5}]\n",
        [],
    ),
    "distance to the target": (
        LR
        + "set: {proxies: [{name: embeddings}]}\nobjective: [{metric: val/map}, {metric: embeddings/mmd, mode: min}]\n",
        [],
    ),
    "score against time": (
        LR + "search_algorithm: {sampler: nsga2}\nobjective: [{metric: val/map}, {metric: eval_seconds}]\n",
        [],
    ),
    "population": (LR + "scheduler: {name: pbt, mutate: [optimizer.lr]}\n", []),
    "population by a variable": (
        X + "derive: {optimizer.lr: $x / 9}\ntrials: 4\nscheduler: {name: pbt, mutate: [$x]}\n",
        ["the search ends"],
    ),
    "gp with conditions": (FOCAL + "trials: 2\nsearch_algorithm: {sampler: gp}\n", ["at random: loss.gamma"]),
    "cmaes with choices": (
        "search: {optimizer.lr: {uniform: [0.1, 1]}, model.dropout: {uniform: [0, 0.5]}, "
        "loss.name: {choice: [bce, ce]}}\n"
        "search_algorithm: {sampler: cmaes}\n",
        ["conditions or choices at random: loss.name"],
    ),
    "evolution of one objective": (LR + "search_algorithm: {sampler: nsga2}\n", ["for several objectives"]),
    "gp that doesn't see what is stopped": (
        LR + "trials: 9\nscheduler: {name: asha}\nsearch_algorithm: {sampler: gp}\n",
        ["gp learns nothing from the trials that scheduler.name=asha stops"],
    ),
    "a part of the grid": (
        FOCAL + "trials: 3\nsearch_algorithm: {sampler: grid}\n",
        ["the grid holds 4 combinations, trials are 3: 1 is left out"],
    ),
    "a grid of whole numbers by their logarithms": (
        "search: {training.batch_size: {int: [8, 50], log: true}}\nsearch_algorithm: {sampler: grid}\n",
        ["all 43: log says how often others draw them. Try: training.batch_size: {choice: [8, 16, 32, 50]}"],
    ),
    "a stall that can't be": (LR + "stall: {trials: 20}\n", ["stall.trials 20 is never reached with 20 trials"]),
    "more points than trials": (
        LR + "trials: 1\npublished: [{optimizer.lr: 0.2}, {optimizer.lr: 0.3}]\n",
        ["holds 2 points, trials are 1"],
    ),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_is_warned_of_where_it_looks_like_a_mistake(load, name, monkeypatch):
    monkeypatch.setattr("tuneful.space.sampler_limits.find_spec", lambda _: True)
    text, warnings = ALLOWED[name]
    found = load(text).warnings
    assert len(found) == len(warnings), found
    assert all(part in warning for part, warning in zip(warnings, found, strict=True))
