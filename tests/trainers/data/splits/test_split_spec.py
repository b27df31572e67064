"""Splits as recipes and command lines ask for them."""

import pytest

from trainers.config.build import build_spec, parse_overrides
from trainers.config.yamlfile import parse_document
from trainers.errors import SpecError


def build(*overrides, recipe="{}"):
    return build_spec(parse_document(recipe), [parse_overrides(overrides)])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["scheme=stratifiet"], "data.split.scheme must be one of 'stratified', 'group', "),
        (["holdout=1"], "data.split.holdout must be < 1 or null, got 1"),
        (["holdout=0.2", "test_fold=1"], "data.split.test_fold must be null for data.split.holdout, got 1"),
        (["test_fold=4"], "data.split.test_fold must be < data.split.n_folds (4), got 4"),
        (["test_fold=0"], "data.fold must not be data.split.test_fold, got 0 for both"),
        (["n_folds=2", "test_fold=1"], "data.split.n_folds must be >= 3 for data.split.test_fold, got 2"),
        (["scheme=official", "holdout=0.2"], "data.split.holdout must be null for data.split.scheme=official, got 0.2"),
        (
            ["scheme=official", "rare_class=drop"],
            "data.split.rare_class must be as_split for data.split.scheme=officia",
        ),
        (["scheme=none", "test_fold=1"], "data.split.test_fold must be null for data.split.scheme=none, got 1"),
        (["scheme=none", "validate_where={a: 1}"], "data.split.validate_where must be {} for data.split.scheme=none"),
        (["validate_where={verified: null}"], "a list of them for verified, got None"),
        (["validate_where={rating: []}"], "a list of them for rating, got []"),
        (["validate_where=verified"], "data.split.validate_where must be a mapping of fields, got 'verified'"),
        (["rare_class=keep"], "data.split.rare_class must be one of"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_with_field_value_and_rule(overrides, message):
    with pytest.raises(SpecError) as refused:
        build(*(f"data.split.{text}" for text in overrides))
    assert message in str(refused.value)
    assert "command line" in str(refused.value)


@pytest.mark.parametrize(("setting", "only"), [("holdout=0.2", "data.split.holdout"), ("scheme=none", "scheme=none")])
def test_where_there_is_one_fold_no_other_can_be_held_out(setting, only):
    with pytest.raises(SpecError, match=rf"data\.fold must be 0 for .*{only}, got 1"):
        build(f"data.split.{setting}", "data.fold=1")


def test_of_given_folds_only_the_catalogue_knows_how_many_there_are():
    assert build("data.split.scheme=official", "data.fold=9").data.fold == 9


def test_conditions_are_replaced_as_a_whole_and_not_mixed_with_those_of_the_recipe():
    recipe = "data: {split: {validate_where: {verified: true, rating: [4, 5]}}}"
    assert build(recipe=recipe).data.split.validate_where == {"verified": True, "rating": [4, 5]}
    assert build("data.split.validate_where={site: pond}", recipe=recipe).data.split.validate_where == {"site": "pond"}
    assert build("data.split.validate_where={}", recipe=recipe).data.split.validate_where == {}
    spec = build(recipe=recipe)
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    "deciding", ["training.keep=best", "training.early_stopping_patience=3", "schedule.name=plateau"]
)
def test_nothing_is_decided_by_validation_where_there_is_none(deciding):
    with pytest.raises(SpecError, match=r"data\.split\.scheme must not be none for .*val/macro_auc is never known"):
        build("data.split.scheme=none", deciding)
    build("data.split.scheme=none", deciding, "training.monitor=train/loss")
    build("data.split.scheme=none")
