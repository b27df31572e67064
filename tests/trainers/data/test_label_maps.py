"""ICBHI's four scenarios, excluded classes, empty clips."""

import numpy as np
import pandas as pd
import pytest

from trainers.data.label_maps import LABEL_MAPS, apply_labels
from trainers.data.spec import DataSpec
from trainers.errors import DataError

CYCLES = [[], ["crackle"], ["wheeze"], ["crackle", "wheeze"], ["wheeze", "crackle"], None]


def clips(labels: list, **columns: list) -> pd.DataFrame:
    """Rows of a catalogue as Parquet gives them: lists are arrays, and the index is not 0, 1, ..."""
    n = len(labels)
    table = {
        "clip_id": [f"c{i}" for i in range(n)],
        "labels": [None if own is None else np.array(own, object) for own in labels],
        "label_weights": columns.pop("label_weights", [None] * n),
        "secondary_labels": columns.pop("secondary_labels", [np.array([], object)] * n),
        **columns,
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in table.items()}).set_index(
        np.repeat(7, n)
    )


def labels_of(frame: pd.DataFrame) -> list:
    return [None if own is None else list(own) for own in frame["labels"]]


def mapped(frame: pd.DataFrame, **data: object) -> list:
    return labels_of(apply_labels(frame, DataSpec(**data)))


@pytest.mark.parametrize(
    ("label_map", "expected"),
    [
        ("none", CYCLES),
        ("icbhi_normal_abnormal", [["normal"], *[["abnormal"]] * 4, None]),
        ("icbhi_abnormal", [["crackle"], ["wheeze"], ["both"], ["both"], None]),
        ("icbhi_four", [["none"], ["crackle"], ["wheeze"], ["both"], ["both"], None]),
        ("icbhi_diagnosis", [["COPD"], ["URTI"], ["COPD"], ["Healthy"], ["COPD"], None]),
    ],
)
def test_the_four_scenarios(label_map, expected):
    table = clips(CYCLES, extra_diagnosis=["COPD", "URTI", "COPD", "Healthy", "COPD", None])
    assert mapped(table, label_map=label_map) == expected


# ---- the contract of every registered label map


def test_every_label_map_is_a_choice_of_the_spec_and_the_other_way_round():
    choices = DataSpec.model_json_schema()["properties"]["label_map"]["enum"]
    assert set(LABEL_MAPS) == set(choices)


@pytest.fixture(params=sorted(LABEL_MAPS))
def label_map(request) -> str:
    return request.param


def cycles() -> pd.DataFrame:
    return clips(CYCLES, extra_diagnosis=["COPD"] * 5 + [None])


def test_the_catalogues_own_clips_stay_as_they_are(label_map):
    before, table = cycles(), cycles()
    after = apply_labels(table, DataSpec(label_map=label_map))
    after["labels"] = "changed"
    pd.testing.assert_frame_equal(table, before)


def test_the_index_counts_from_0_and_columns_stay(label_map):
    after = apply_labels(cycles(), DataSpec(label_map=label_map))
    assert list(after.index) == list(range(len(after)))
    assert list(after.columns) == list(cycles().columns)
    assert after["clip_id"].is_unique


def test_unlabelled_clips_are_kept_unlabelled(label_map):
    only = apply_labels(cycles().tail(1), DataSpec(label_map=label_map, drop_empty=True))
    assert labels_of(only) == [None]


def test_no_clips_are_no_mistake(label_map):
    assert len(apply_labels(cycles().head(0), DataSpec(label_map=label_map, drop_empty=True))) == 0


def test_an_icbhi_map_gives_one_label_per_clip(label_map):
    found = mapped(cycles().head(5), label_map=label_map)
    if label_map != "none":
        assert {len(own) for own in found} == {1}


def test_pseudo_labels_of_a_run_with_the_map_stay(label_map):
    name = {"none": "crackle", "icbhi_normal_abnormal": "abnormal", "icbhi_diagnosis": "COPD"}.get(label_map, "both")
    table = clips([[name], ["crackle"]], label_weights=[np.array([0.7]), None], extra_diagnosis=[None, "URTI"])
    after = apply_labels(table, DataSpec(label_map=label_map))
    assert labels_of(after)[0] == [name]
    assert list(after["label_weights"][0]) == [0.7]


# ---- mistakes


@pytest.mark.parametrize("name", ["icbhi_normal_abnormal", "icbhi_abnormal", "icbhi_four"])
@pytest.mark.parametrize("column", ["labels", "secondary_labels"])
def test_a_catalogue_of_something_else_is_refused_with_its_labels(name, column):
    table = clips([["crackle"], ["crackle"]])
    table[column] = [["owl"], ["crackle"]]
    with pytest.raises(DataError, match=r"crackle, wheeze or with nothing, but the catalogue has owl\. Try: "):
        apply_labels(table, DataSpec(label_map=name))


def test_a_diagnosis_that_is_not_there_is_named():
    with pytest.raises(DataError, match="needs the column extra_diagnosis"):
        apply_labels(clips(CYCLES), DataSpec(label_map="icbhi_diagnosis"))
    table = clips(CYCLES, extra_diagnosis=["COPD", None, "COPD", "COPD", None, None])
    with pytest.raises(DataError, match=r"empty for 2 \(c1 is the first\)"):
        apply_labels(table, DataSpec(label_map="icbhi_diagnosis"))


@pytest.mark.parametrize(("name", "hint"), [("owll", "Did you mean owl?"), ("zebra", "Known: bat, owl")])
def test_a_class_that_does_not_exist_cannot_be_excluded(name, hint):
    with pytest.raises(DataError) as refusal:
        apply_labels(clips([["owl"], ["bat"]]), DataSpec(exclude_classes=(name,)))
    assert f"no clip has the label '{name}'" in str(refusal.value)
    assert hint in str(refusal.value)


# ---- excluded classes and empty clips


def birds() -> pd.DataFrame:
    return clips(
        [["owl", "bat", "wren"], ["bat"], [], None, ["bat"]],
        label_weights=[np.array([0.9, 0.2, 0.5]), None, None, None, None],
        secondary_labels=[np.array(["bat"], object), np.array([], object), np.array([], object), None, ["wren"]],
    )


def test_an_excluded_class_is_taken_off_clips_that_stay():
    after = apply_labels(birds(), DataSpec(exclude_classes=("bat",)))
    assert labels_of(after) == [["owl", "wren"], [], [], None, []]
    assert [own if own is None else list(own) for own in after["secondary_labels"]] == [[], [], [], None, ["wren"]]
    assert after["label_weights"].tolist() == [[0.9, 0.5], None, None, None, None]


def test_empty_clips_are_dropped_after_classes_are_excluded():
    """As AnuraSet-36 is made of AnuraSet. A clip with something in the background is not empty."""
    after = apply_labels(birds(), DataSpec(exclude_classes=("bat",), drop_empty=True))
    assert list(after["clip_id"]) == ["c0", "c3", "c4"]
    assert list(apply_labels(birds(), DataSpec(drop_empty=True))["clip_id"]) == ["c0", "c1", "c3", "c4"]


def test_classes_are_excluded_by_their_mapped_names():
    table = clips(CYCLES)
    assert mapped(table, label_map="icbhi_four", exclude_classes=("none",), drop_empty=True) == [
        ["crackle"],
        ["wheeze"],
        ["both"],
        ["both"],
        None,
    ]
    with pytest.raises(DataError, match="abnormal, normal"):
        apply_labels(table, DataSpec(label_map="icbhi_normal_abnormal", exclude_classes=("wheeze",)))
