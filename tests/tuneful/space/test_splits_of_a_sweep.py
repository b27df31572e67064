"""Splits in a sweep file."""

import pytest

from trainers.errors import SpecError

SEARCH = "search: {optimizer.lr: {uniform: [0.1, 1]}}\n"


def test_the_finalists_can_be_trained_again_under_any_split_that_validates(load):
    schemes = "[stratified, group, stratified_group, multilabel, multilabel_group, official]"
    sweep = load(f"{SEARCH}confirm: {{top: 1, splits: {schemes}}}")
    assert len(sweep.definition.confirm.splits) == 6
    for scheme in sweep.definition.confirm.splits:
        assert sweep.spec_for({"data.split.scheme": scheme}).data.split.scheme == scheme
    with pytest.raises(SpecError, match=r"confirm\.splits.* must be .*'official', got 'none'"):
        load(f"{SEARCH}confirm: {{top: 1, splits: [none]}}")


@pytest.mark.parametrize(
    "text",
    ["set: {data.split.scheme: none}\n" + SEARCH, "search: {data.split.scheme: {choice: [stratified, none]}}\n"],
)
def test_a_score_on_validation_needs_validation(load, text):
    with pytest.raises(
        SpecError, match=r"objective\.metric is val/macro_auc, but data\.split\.scheme=none validates on"
    ):
        load(text)
    load(text + "objective: {metric: train/loss}\n")


def test_given_folds_can_be_more_than_n_folds(load):
    assert load(f"{SEARCH}set: {{data.split.scheme: official}}\nfolds: [0, 9]").definition.folds == (0, 9)
    with pytest.raises(SpecError, match=r"folds must be < data\.split\.n_folds \(4\), got 9"):
        load(f"{SEARCH}folds: [0, 9]")


@pytest.mark.parametrize("nested", [True, False])
def test_conditions_on_validation_are_set_as_a_mapping(load, nested):
    where = (
        "data: {split: {validate_where: {verified: true}}}"
        if nested
        else ("data.split.validate_where: {verified: true}")
    )
    sweep = load(f"{SEARCH}set: {{{where}}}")
    assert sweep.spec_for({}).data.split.validate_where == {"verified": True}
    again = load(f"{SEARCH}set: {{{where}}}", sets=("data.split.validate_where={site: [pond, moor]}",))
    assert again.spec_for({}).data.split.validate_where == {"site": ["pond", "moor"]}
