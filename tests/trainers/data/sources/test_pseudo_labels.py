"""Pseudo-labels: what an explicit loop over windows makes, and no clip that would leak or contradict the runs."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis.records.predictions import Predictions
from trainers.config.build import Layer, build_spec, parse_overrides
from trainers.config.yamlfile import Document
from trainers.data.catalogue import Catalogue, catalogue_folder, load_catalogue, save_catalogue
from trainers.data.sources.pseudo import PseudoOptions, Teacher, class_table, extended_clips, pseudo_label
from trainers.errors import DataError, SpecError

CLASSES = ("bat", "owl", "wren")
SECONDS = 5.0
WINDOWS = (("t1", 0.0), ("t1", 5.0), ("t1", 7.4), ("t2", 4.0), ("t3", 0.0))
"""(clip, start) of the subset `target`; t1 is 12.4 s from second 30 of its recording on, t2 8 s, t3 3 s"""


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "clip_id": ["a", "b", "t1", "t2", "t3", "u1"],
            "path": ["a.wav", "b.wav", "t1.wav", "t2.wav", "t3.wav", "u1.wav"],
            "recording_id": ["rec-a", "rec-b", "rec-1", "rec-2", "rec-3", "rec-u"],
            "start_s": [0.0, 1.5, 30.0, 0.0, 0.0, 0.0],
            "duration_s": [9.0, 9.0, 12.4, 8.0, 3.0, 5.0],
            "labels": [["owl", "bat"], ["wren"], None, None, None, None],
            "label_weights": [None, [0.75], None, None, None, None],
            "secondary_labels": [["wren"], [], [], [], [], []],
            "site": ["x", None, "north", "south", None, "north"],
            "rating": [4.5, None, None, None, None, None],
            "subset": ["train", None, "target", "target", "target", "other"],
            "verified": [True, None, None, None, None, None],
            "content": ["ha", "hb", "h1", "h2", "h3", "hu"],
            "extra_count": pd.array([1, None, 3, None, 5, 6], dtype="Int64"),
        }
    )


@pytest.fixture
def birds(home, tmp_path) -> Catalogue:
    return save_catalogue("birds", "csv", tmp_path, rows())


def logits_of(seed: int) -> np.ndarray:
    """(windows, classes), as large as trained networks make them"""
    return np.random.default_rng(seed).normal(0, 3, (len(WINDOWS), len(CLASSES))).astype(np.float16).astype(np.float32)


def part(subset: str, logits: np.ndarray, windows=WINDOWS) -> Predictions:
    ids, starts = zip(*windows, strict=True)
    return Predictions(subset, ids, np.array(starts, np.float32), logits)


def teacher(logits: np.ndarray, *settings: str, key: str = "k0", **changes: object) -> Teacher:
    spec = build_spec(Document({}, "none", {}), [Layer({"data.name": "birds"}), parse_overrides(settings)])
    held_out = Predictions("val", ("a",), np.zeros(1), np.full((1, len(CLASSES)), 9.0, np.float32))
    return replace(Teacher(key, spec, (held_out, part("target", logits)), CLASSES), **changes)


def probability(row: np.ndarray, c: int, loss: str) -> float:
    if loss == "ce":
        return math.exp(row[c]) / sum(math.exp(x) for x in row)
    return 1 / (1 + math.exp(-row[c]))


def by_loop(runs: list[tuple[np.ndarray, str]], primary: float, trim: float) -> list[dict[str, object]]:
    """The clips of `WINDOWS`, one after the other."""
    clips = rows().set_index("clip_id")
    found = []
    for number, (clip_id, start) in enumerate(WINDOWS):
        weights = {}
        for c, name in enumerate(CLASSES):
            weights[name] = sum(probability(logits[number].astype(float), c, loss) for logits, loss in runs) / len(runs)
        if max(weights.values()) < primary:
            continue
        kept = sorted(((w, name) for name, w in weights.items() if w >= trim), reverse=True)
        found.append(
            {
                "path": clips.loc[clip_id, "path"],
                "start_s": clips.loc[clip_id, "start_s"] + start,
                "duration_s": min(SECONDS, clips.loc[clip_id, "duration_s"] - start),
                "labels": [name for _, name in kept],
                "label_weights": [weight for weight, _ in kept],
            }
        )
    return found


# ---- what is made


@pytest.mark.parametrize("losses", [("bce",), ("ce",), ("focal",), ("bce", "ce", "asymmetric")], ids="+".join)
@pytest.mark.parametrize("thresholds", [(0.5, 0.1), (0.8, 0.8), (0.2, 1e-6)])
def test_every_clip_is_that_of_a_loop_over_windows(birds, losses, thresholds):
    runs = [(logits_of(seed), loss) for seed, loss in enumerate(losses)]
    teachers = [teacher(logits, f"loss.name={loss}") for logits, loss in runs]
    made = pseudo_label(birds, teachers, PseudoOptions((), "pseudo", *thresholds))
    expected = by_loop(runs, *thresholds)
    assert len(expected) > 0
    assert (len(made.clips), made.windows, made.labelled) == (len(expected), len(WINDOWS), 0)
    for row, want in zip(made.clips.to_dict("records"), expected, strict=True):
        assert (row["path"], row["labels"]) == (want["path"], want["labels"])
        for name in ("start_s", "duration_s", "label_weights"):
            assert row[name] == pytest.approx(want[name], abs=1e-6), name


def test_a_probability_just_at_a_threshold_counts_and_just_below_it_does_not(birds):
    logits = np.full((5, 3), -20.0, np.float32)
    logits[0, 0], logits[1, 0] = 0.0, -1e-3
    logits[0, 1], logits[0, 2] = math.log(1 / 4), math.log(1 / 4) - 1e-3  # 0.2, 0.1999
    made = pseudo_label(birds, [teacher(logits)], PseudoOptions(trim_min_prob=1 / 5 - 1e-8))
    assert list(made.clips["clip_id"]) == ["pseudo:t1@0"]
    assert made.clips["labels"][0] == ["bat", "owl"]


def test_a_clip_has_its_recordings_metadata_and_says_where_its_labels_are_from(birds):
    teachers = [teacher(logits_of(0) + 9, key="k0"), teacher(logits_of(1) + 9, key="k1")]
    clips = pseudo_label(birds, teachers, PseudoOptions(into="soft")).clips
    assert list(clips["clip_id"]) == ["soft:t1@0", "soft:t1@5", "soft:t1@7.4", "soft:t2@4", "soft:t3@0"]
    assert list(clips["start_s"]) == pytest.approx([30.0, 35.0, 37.4, 4.0, 0.0])
    assert list(clips["duration_s"]) == pytest.approx([5, 5, 5, 4, 3])
    assert list(clips["recording_id"]) == ["rec-1"] * 3 + ["rec-2", "rec-3"]
    assert list(clips["content"]) == ["h1"] * 3 + ["h2", "h3"]
    assert list(clips["site"].fillna("nowhere")) == ["north"] * 3 + ["south", "nowhere"]
    assert set(clips["subset"]) == {"soft"}
    assert set(clips["verified"]) == {False}
    assert set(clips["extra_pseudo_from"]) == {"k0;k1"}
    assert all(list(labels) == [] for labels in clips["secondary_labels"])


def test_the_order_of_runs_changes_no_weight_beyond_rounding_and_the_same_again_is_the_same(birds):
    one, two = teacher(logits_of(0), key="k0"), teacher(logits_of(1), key="k1")
    first, again, turned = (
        pseudo_label(birds, runs, PseudoOptions()).clips for runs in ([one, two], [one, two], [two, one])
    )
    pd.testing.assert_frame_equal(first, again)
    assert list(first["clip_id"]) == list(turned["clip_id"])
    np.testing.assert_allclose(np.concatenate(first["label_weights"]), np.concatenate(turned["label_weights"]))


def test_saved_the_old_rows_are_as_they_were_and_the_new_ones_come_back(birds, tmp_path):
    made = pseudo_label(birds, [teacher(logits_of(0))], PseudoOptions())
    saved = save_catalogue("more", "pseudo", birds.folder, extended_clips(birds, made))
    old, new = (pq.read_table(catalogue_folder(name) / "catalogue.parquet").to_pylist() for name in ("birds", "more"))
    for before, after in zip(old, new, strict=False):
        assert after.pop("extra_pseudo_from") is None
        assert after == {name: pytest.approx(v) if isinstance(v, float) else v for name, v in before.items()}
    assert saved.classes == birds.classes
    assert [row["labels"] for row in new[len(old) :]] == list(made.clips["labels"])
    assert [row["label_weights"] for row in new[len(old) :]] == list(made.clips["label_weights"])
    assert load_catalogue("birds").digest == birds.digest != saved.digest
    assert set(saved.paths(saved.subset("pseudo"))) <= set(birds.paths(birds.clips))


def test_several_subsets_are_labelled_together_when_they_are_named(birds):
    both = (part("target", logits_of(0) + 9), part("other", np.full((1, 3), 2.0, np.float32), (("u1", 0.0),)))
    run = teacher(logits_of(0), parts=both)
    made = pseudo_label(birds, [run], PseudoOptions(("other", "target", "other")))
    assert (made.windows, made.subsets) == (6, ("other", "target"))
    assert list(made.clips["path"][:2]) == ["u1.wav", "t1.wav"]
    assert len(pseudo_label(birds, [run], PseudoOptions(("other",))).clips) == 1


def test_windows_that_start_at_the_same_sample_are_one_clip(birds):
    windows = (("t1", 0.0), ("t1", 0.0), ("t1", 5.0))
    run = teacher(logits_of(0), parts=(part("target", np.full((3, 3), 1.0, np.float32), windows),))
    assert list(pseudo_label(birds, [run], PseudoOptions()).clips["clip_id"]) == ["pseudo:t1@0", "pseudo:t1@5"]


def test_the_table_of_classes_counts_clips_first_labels_and_weights(birds):
    logits = np.full((5, 3), -20.0, np.float32)
    logits[0] = [2.0, 1.0, -20.0]
    logits[3] = [0.5, 3.0, -20.0]
    table = class_table(birds, pseudo_label(birds, [teacher(logits)], PseudoOptions())).set_index("class")
    assert table[["train", "pseudo", "first"]].to_dict("index") == {
        "bat": {"train": 1, "pseudo": 2, "first": 1},
        "owl": {"train": 1, "pseudo": 2, "first": 1},
        "wren": {"train": 1, "pseudo": 0, "first": 0},
    }
    assert list(table.index) == ["bat", "owl", "wren"]
    sigmoid = [probability(logits[row], 0, "bce") for row in (0, 3)]
    assert table.loc["bat", "mean_weight"] == pytest.approx(sum(sigmoid) / 2)
    assert math.isnan(table.loc["wren", "mean_weight"])


# ---- what would leak


@pytest.mark.parametrize("column", ["recording_id", "content"])
def test_windows_of_labelled_recordings_are_left_out_and_counted(home, tmp_path, column):
    table = rows()
    table.loc[2, column] = table.loc[1, column]  # t1 is b's recording, or a copy of it
    catalogue = save_catalogue("birds", "csv", tmp_path, table)
    made = pseudo_label(catalogue, [teacher(logits_of(0) + 9)], PseudoOptions())
    assert (made.windows, made.labelled) == (5, 3)
    assert set(made.clips["path"]) == {"t2.wav", "t3.wav"}


def test_nothing_but_labelled_recordings_is_refused(home, tmp_path):
    catalogue = save_catalogue("birds", "csv", tmp_path, rows().assign(content="same"))
    with pytest.raises(DataError, match="all 5 windows are of recordings that are labelled already"):
        pseudo_label(catalogue, [teacher(logits_of(0) + 9)], PseudoOptions())


def test_an_unlabelled_clip_of_the_training_subset_is_no_leak(home, tmp_path):
    catalogue = save_catalogue("birds", "csv", tmp_path, rows().assign(subset=None))
    run = teacher(logits_of(0), parts=(part("train", logits_of(0) + 9),))
    assert len(pseudo_label(catalogue, [run], PseudoOptions()).clips) == 5


def test_a_second_round_labels_the_same_recordings_under_another_name(birds):
    first = pseudo_label(birds, [teacher(logits_of(0) + 9)], PseudoOptions())
    more = save_catalogue("more", "pseudo", birds.folder, extended_clips(birds, first))
    run = teacher(logits_of(1) + 9, "data.name=more", key="k9")
    with pytest.raises(DataError, match=r"more has a subset 'pseudo' already\. Try: another, such as pseudo-2"):
        pseudo_label(more, [run], PseudoOptions())
    second = pseudo_label(more, [run], PseudoOptions(into="pseudo-2"))
    assert (len(second.clips), second.labelled) == (5, 0)
    assert set(second.clips["extra_pseudo_from"]) == {"k9"}
    assert extended_clips(more, second)["clip_id"].is_unique


# ---- what doesn't fit

BAD = np.full((5, 3), 1.0, np.float32)
LOGITS = logits_of(0) + 9
ALONE = {
    "another catalogue": (teacher(LOGITS, "data.name=frogs"), "was trained on frogs, not on birds"),
    "mapped labels": (teacher(LOGITS, "data.label_map=icbhi_four"), "data.label_map=none"),
    "neighbours": (teacher(LOGITS, "segments.context_clips=1"), "segments.context_clips=0"),
    "other classes": (teacher(LOGITS, classes=("bat", "owl", "lark")), r"classes that birds hasn't got \(lark\)"),
    "no unlabelled subset": (teacher(LOGITS, parts=()), r"no logits of an unlabelled subset .*data.predict=\[target\]"),
    "two subsets": (
        teacher(LOGITS, parts=(part("target", LOGITS), part("other", LOGITS))),
        "predicts target, other. Try: name the subset to label",
    ),
    "no numbers": (teacher(np.where(LOGITS > 10, np.nan, LOGITS)), "no finite numbers"),
    "unsure": (teacher(BAD - 21), r"no window of 5 has a label of probability >= 0\.5, the highest is 0\.000"),
    "unknown clips": (
        teacher(LOGITS, parts=(part("target", LOGITS, (*WINDOWS[:4], ("t9", 0.0))),)),
        "1 predicted clips, such as t9, are not in target of birds",
    ),
    "windows beyond the end": (
        teacher(LOGITS, parts=(part("target", LOGITS, (*WINDOWS[:4], ("t3", 3.0))),)),
        "1 windows start after the end of their clips, such as t3",
    ),
}


@pytest.mark.parametrize("what", ALONE)
def test_a_run_that_does_not_fit_is_refused_with_the_way_out(birds, what):
    run, message = ALONE[what]
    with pytest.raises(DataError, match=message) as refused:
        pseudo_label(birds, [run], PseudoOptions())
    assert "Try: " in str(refused.value)


def test_a_subset_that_was_not_predicted_is_refused_with_those_that_were(birds):
    with pytest.raises(DataError, match=r"logits of the subset 'tagret' .*it has: target\)"):
        pseudo_label(birds, [teacher(LOGITS)], PseudoOptions(("tagret",)))


SHIFTED = (*WINDOWS[:4], ("t3", 0.01))
TOGETHER = {
    "other windows": teacher(LOGITS, key="k1", parts=(part("target", LOGITS, SHIFTED),)),
    "fewer windows": teacher(LOGITS, key="k1", parts=(part("target", LOGITS[:4], WINDOWS[:4]),)),
    "other order": teacher(LOGITS, key="k1", parts=(part("target", LOGITS, WINDOWS[::-1]),)),
    "longer windows": teacher(LOGITS, "segments.duration_s=6", key="k1"),
    "other classes": teacher(LOGITS[:, :2], key="k1", classes=CLASSES[:2]),
}


@pytest.mark.parametrize("what", TOGETHER)
def test_runs_that_disagree_are_no_ensemble(birds, what):
    with pytest.raises(DataError, match=r"runs k0 and k1 .* other (windows|classes) .*Try: "):
        pseudo_label(birds, [teacher(LOGITS), TOGETHER[what]], PseudoOptions())


def test_starts_that_differ_by_a_sample_are_the_same_window(birds):
    nearly = tuple((clip_id, start + 5e-5) for clip_id, start in WINDOWS)
    other = teacher(LOGITS, key="k1", parts=(part("target", LOGITS, nearly),))
    assert len(pseudo_label(birds, [teacher(LOGITS), other], PseudoOptions()).clips) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"primary_label_min_prob": 0.0}, "primary_label_min_prob must be > 0 and <= 1, got 0"),
        ({"primary_label_min_prob": 1.1}, "primary_label_min_prob must be > 0 and <= 1, got 1.1"),
        ({"primary_label_min_prob": math.nan}, "primary_label_min_prob must be > 0"),
        ({"trim_min_prob": 0.6}, r"trim_min_prob must be > 0 and <= primary_label_min_prob \(0.5\), got 0.6"),
        ({"trim_min_prob": 0.0}, "trim_min_prob must be > 0"),
        ({"into": "train"}, "can't be called 'train'"),
        ({"into": "val"}, "can't be called 'val'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        PseudoOptions(**options)


def test_a_subset_name_that_is_none_is_refused():
    with pytest.raises(DataError, match="can't be used"):
        PseudoOptions(into="a b")
