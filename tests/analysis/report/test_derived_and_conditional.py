"""Settings that follow from others are shown but not judged; the choice null is a choice like any other."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.effects import associations
from analysis.importance import Importance, parameter_importance
from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page
from analysis.report.pair_figures import pair_figure, shown_pairs
from analysis.report.trial_text import hover_texts
from analysis.search_parameters import (
    SearchParameter,
    derivation_sources,
    derived_parameters,
    search_parameters,
    shown_parameters,
)

N = 24
BATCH_LR = {
    "search": {
        "training.batch_size": {"choice": [8, 16, 32, 64]},
        "$equal_steps": {"choice": [0, 1]},
        "$base_lr": {"loguniform": [2e-4, 1e-2]},
        "$power": {"choice": [0.0, 0.5, 1.0]},
    },
    "derive": {
        "optimizer.lr": "$base_lr * (training.batch_size / 32) ** $power",
        "training.epochs": "max(1, round($epochs * (training.batch_size / 16) ** $equal_steps))",
    },
}
MEL = {
    "search": {"$window_ms": {"choice": [32, 64, 128]}, "$overlap": {"choice": [2, 4]}},
    "derive": {
        "front_end.n_fft": "round($window_ms * data.sample_rate / 1000)",
        "front_end.hop_length": "round(front_end.n_fft / $overlap)",
    },
}


def as_sweep(definition: dict[str, Any], settings: list[dict[str, Any]], scores: np.ndarray) -> SweepTables:
    """One complete trial per mapping of settings; nothing of their epochs."""
    columns = dict.fromkeys(path for each in settings for path in each)
    trials = [
        {"trial": n, "state": "complete", "score": score, "epochs": 5}
        | {f"param.{path}": each.get(path) for path in columns}
        for n, (each, score) in enumerate(zip(settings, scores, strict=True))
    ]
    return SweepTables({"name": "x", **definition}, pd.DataFrame(trials), pd.DataFrame())


@pytest.fixture(scope="module")
def batch_lr() -> SweepTables:
    """The score depends on the base rate alone."""
    rng = np.random.default_rng(1)
    settings = []
    for _ in range(N):
        size, equal, power = int(rng.choice([8, 16, 32, 64])), int(rng.integers(2)), float(rng.choice([0, 0.5, 1]))
        base = float(np.exp(rng.uniform(np.log(2e-4), np.log(1e-2))))
        derived = {
            "optimizer.lr": base * (size / 32) ** power,
            "training.epochs": max(1, round(5 * (size / 16) ** equal)),
        }
        drawn = {"training.batch_size": size, "$equal_steps": equal, "$base_lr": base, "$power": power}
        settings.append({**drawn, **derived})
    rates = np.log10([each["$base_lr"] for each in settings])
    return as_sweep(BATCH_LR, settings, 0.9 - 0.05 * (rates + 2.2) ** 2)


@pytest.fixture(scope="module")
def page(batch_lr: SweepTables) -> str:
    return sweep_page(batch_lr)


def paths_of(parameters: list[SearchParameter]) -> list[str]:
    return [parameter.path for parameter in parameters]


def found_in(tables: SweepTables, path: str) -> SearchParameter:
    return next(parameter for parameter in shown_parameters(tables) if parameter.path == path)


# ---- derived


def test_what_is_derived_is_not_judged_and_takes_no_credit(batch_lr: SweepTables, page: str) -> None:
    assert paths_of(search_parameters(batch_lr)) == list(BATCH_LR["search"])
    shares = parameter_importance(batch_lr).shares
    assert set(shares) <= set(BATCH_LR["search"])
    assert shares["$base_lr"] > 0.5
    assert "Which training.batch_size, $equal_steps, $base_lr and $power give" in page


def test_what_is_derived_is_shown_with_its_formula_and_on_a_scale_that_fits(batch_lr: SweepTables, page: str) -> None:
    rate, epochs = derived_parameters(batch_lr)
    assert epochs.choice_labels(batch_lr.trials) == ["2", "5", "10", "20"], "few values, in their order"
    assert (rate.path, rate.is_log, rate.is_choice) == ("optimizer.lr", True, False)
    assert rate.formula == BATCH_LR["derive"]["optimizer.lr"]
    assert f"Derived: {rate.formula}. The tests are of what it follows from." in page
    assert len(re.findall(r'<div class="plot" id="plot-parameter-', page)) == len(BATCH_LR["search"]) + 2
    assert "optimizer.lr = " in hover_texts(batch_lr, batch_lr.trials)[0]


def test_a_derived_setting_that_is_the_same_in_all_trials_is_not_shown() -> None:
    same = as_sweep(MEL, [{"$window_ms": 32, "$overlap": n, "front_end.n_fft": 512} for n in (2, 4)], np.array([0, 1]))
    assert derived_parameters(same) == []


def test_sources_are_followed_through_other_derivations(batch_lr: SweepTables) -> None:
    assert derivation_sources(batch_lr, "optimizer.lr") == ["training.batch_size", "$base_lr", "$power"]
    mel = as_sweep(MEL, [{}], np.array([0.5]))
    assert derivation_sources(mel, "front_end.hop_length") == ["$window_ms", "$overlap"]
    assert derivation_sources(mel, "front_end.n_fft") == ["$window_ms"]
    assert derivation_sources(mel, "$overlap") == []


def test_the_pairs_begin_with_what_goes_together_by_a_formula(batch_lr: SweepTables) -> None:
    importance = Importance({"$base_lr": 0.9, "training.batch_size": 0.06, "$power": 0.03, "$equal_steps": 0.01})
    pairs = [(across.path, up.path) for across, up in shown_pairs(batch_lr, importance)]
    assert pairs[:2] == [("training.batch_size", "optimizer.lr"), ("training.batch_size", "training.epochs")]
    assert len(pairs) == len(set(map(frozenset, pairs))) == 5
    figure = pair_figure(batch_lr, *shown_pairs(batch_lr, Importance())[0])
    assert figure is not None
    assert figure.layout.yaxis.type == "log"


def test_variables_that_only_meet_in_a_formula_are_paired_themselves() -> None:
    settings = [
        {"$window_ms": w, "$overlap": o, "front_end.n_fft": 16 * w, "front_end.hop_length": 16 * w // o}
        for w in (32, 64, 128)
        for o in (2, 4)
    ]
    mel = as_sweep(MEL, settings, np.linspace(0.5, 0.6, 6))
    assert [(a.path, b.path) for a, b in shown_pairs(mel, Importance())] == [("$window_ms", "$overlap")]


def test_dots_of_two_choices_do_not_lie_on_one_another(batch_lr: SweepTables) -> None:
    size, epochs = found_in(batch_lr, "training.batch_size"), found_in(batch_lr, "training.epochs")
    figure = pair_figure(batch_lr, size, epochs)
    assert figure is not None
    dots = np.array([(x, y) for x, y in zip(figure.data[0].x, figure.data[0].y, strict=True)])
    assert len(dots) == N
    gaps = np.linalg.norm(dots[:, None] - dots[None], axis=-1) + np.eye(N)
    assert gaps.min() > 0.05
    assert figure.data[0].marker.color[-1] == batch_lr.trials["score"].max(), "the best lies on top"


def test_a_parameter_that_could_not_be_tested_takes_nothing_from_the_others() -> None:
    pinned = {f"segments.{n}": 1 for n in range(5)}
    search = {"loss.name": {"choice": ["bce", "ce"]}, **{path: {"choice": [1]} for path in pinned}}
    settings = [{"loss.name": loss, **pinned} for loss in ("bce", "ce") for _ in range(4)]
    page = sweep_page(as_sweep({"search": search}, settings, np.linspace(0.5, 0.6, 8)))
    assert re.search(r"Goes with the score \(76% of the variance of ranks, p = \.0[23]\d, n = 8 trials\)", page)


# ---- conditions


@pytest.mark.parametrize(
    ("whens", "text"),
    [
        ([{"a": "x"}], "a is x"),
        ([{"a": ["x", "y"], "b": True}], "a is x or y and b is true"),
        ([{"a": "x", "b": "s"}, {"a": "x", "b": "h"}], "a is x and b is s or h"),
        ([{"a": "x"}, {"a": "y"}, {"a": "z"}], "a is x or y or z"),
        ([{"a": "x"}, {"b": 1}], "a is x or b is 1"),
        ([{"a": "x", "b": 1}, {"a": "x", "c": None}], "a is x, and b is 1 or c is null"),
        ([{"a": "x", "b": 1, "d": 2}, {"a": "x", "c": 3}], "a is x, and (b is 1 and d is 2) or c is 3"),
        ([{"a": "x", "b": 1}, {"a": "x"}], "a is x"),
    ],
)
def test_what_conditions_share_is_said_once(whens: list[dict[str, Any]], text: str) -> None:
    search = {"p": [{"uniform": [0, 1], "when": when} for when in whens]}
    (parameter,) = search_parameters(as_sweep({"search": search}, [{}], np.array([0.5])))
    assert parameter.condition_text() == text


# ---- null


def mixup(n: int, effect: float = 0.0) -> SweepTables:
    """Trials in turn without mixing and with each alpha; null adds the effect."""
    search = {
        "mixing.name": {"choice": ["none", "mixup"]},
        "mixing.alpha": {"choice": [None, 0.2, 0.5], "when": {"mixing.name": ["mixup"]}},
    }
    turns: list[dict[str, Any]] = [
        {"mixing.name": "none"},
        *({"mixing.name": "mixup", "mixing.alpha": alpha} for alpha in (None, 0.2, 0.5)),
    ]
    settings = [turns[number % 4] for number in range(n)]
    nulls = np.array(["mixing.alpha" in each and each["mixing.alpha"] is None for each in settings])
    scores = 0.8 + effect * nulls + 0.001 * np.random.default_rng(0).random(n)
    return as_sweep({"search": search}, settings, scores)


def test_a_conditional_null_is_a_choice_like_any_other() -> None:
    tables = mixup(24, effect=0.05)
    alpha = found_in(tables, "mixing.alpha")
    assert len(alpha.active(tables.trials)) == 18
    assert alpha.labels(alpha.active(tables.trials)).count("null") == 6
    found = next(each for each in associations(tables) if each.parameter == "mixing.alpha")
    assert found.n == 18
    assert found.p < 0.01
    assert next(iter(parameter_importance(tables).shares)) == "mixing.alpha"


def test_null_is_written_where_it_was_chosen_and_nothing_where_it_was_not_asked() -> None:
    tables = mixup(24, effect=0.05)
    without, null, number = hover_texts(tables, tables.trials)[:3]
    assert "mixing.alpha" not in without
    assert "mixing.alpha = null" in null
    assert "mixing.alpha = 0.2" in number
    assert "<span>mixing.alpha = null</span>" in sweep_page(tables)


@pytest.mark.parametrize("written", ['["pseudo"]', "['pseudo']"], ids=["now", "before"])
def test_a_list_has_one_label_however_the_table_writes_it(written: str) -> None:
    search = {"data.extra_train": {"choice": [[], ["pseudo"]]}}
    tables = as_sweep({"search": search}, [{"data.extra_train": each} for each in ("[]", written)], np.array([0, 1]))
    extra = found_in(tables, "data.extra_train")
    assert extra.choice_labels(tables.trials) == extra.labels(tables.trials) == ["[]", '["pseudo"]']
