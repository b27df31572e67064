"""Mistakes by class, group and pair against scikit-learn and plain loops."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss, precision_score, recall_score, roc_auc_score

from analysis.eda.view import Example
from analysis.errors import UserError
from analysis.mistakes import (
    by_class,
    by_column,
    by_polyphony,
    class_figure,
    co_activation,
    co_activation_figure,
    group_figure,
    hardest_clips,
    spectrogram_figure,
    top_confusions,
)
from analysis.mistakes.hardest import clip_loss
from analysis.records.clip_scores import ClipScores

CLASSES = ("owl", "<b>wren</b>", "=1+1", "never")
N = 60


@pytest.fixture(scope="module")
def clips() -> ClipScores:
    rng = np.random.default_rng(0)
    positive = rng.random((N, 4)) < [0.4, 0.3, 0.2, 0.0]
    probabilities = np.clip(0.35 * positive + rng.random((N, 4)) * 0.6, 0, 1)
    return ClipScores(tuple(f"c{i:02}" for i in range(N)), CLASSES, positive, probabilities)


def test_every_class_has_scikit_learns_scores(clips):
    table = by_class(clips)
    for k, name in enumerate(CLASSES[:3]):
        truth, scores = clips.positive[:, k], clips.probabilities[:, k]
        row = table.loc[name]
        assert row["clips"] == truth.sum()
        assert row["claimed"] == (scores > 0.5).sum()
        assert row["auc"] == pytest.approx(roc_auc_score(truth, scores))
        assert row["average_precision"] == pytest.approx(average_precision_score(truth, scores))
        for score, reference in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
            assert row[score] == pytest.approx(reference(truth, scores > 0.5))


def test_the_worst_class_comes_first_and_one_that_never_occurs_last(clips):
    table = by_class(clips)
    assert table.index[-1] == "never"
    assert np.isnan(table.loc["never", "average_precision"])
    assert table["average_precision"].iloc[:-1].is_monotonic_increasing


def test_a_group_is_scored_on_its_own_clips(clips):
    site = np.where(np.arange(N) < 25, "a", "b").astype(object)
    site[50:] = None
    about = pd.DataFrame({"clip_id": clips.clip_ids, "site": site}).sample(frac=1, random_state=0)  # in another order
    table = by_column(clips, about, "site")
    assert list(table.index) == ["a", "b", "(none)"]
    assert dict(table["clips"]) == {"a": 25, "b": 25, "(none)": 10}
    truth, scores = clips.positive[:25, :3], clips.probabilities[:25, :3]
    assert table.loc["a", "macro_auc"] == pytest.approx(roc_auc_score(truth, scores, average="macro"))
    assert table.loc["a", "labels"] == truth.sum()
    assert table.loc["a", "classes"] == 3


def test_polyphony_counts_labels(clips):
    table = by_polyphony(clips)
    numbers = clips.positive.sum(axis=1)
    expected = {
        "0": (numbers == 0).sum(),
        "1": (numbers == 1).sum(),
        "2": (numbers == 2).sum(),
        "3+": (numbers > 2).sum(),
    }
    assert dict(table["clips"]) == {level: n for level, n in expected.items() if n}


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (pd.DataFrame({"clip_id": ["c00"], "author": "x"}), "no column 'site'"),
        (pd.DataFrame({"clip_id": ["c00"], "site": "x"}), "lacks 59 of 60 clips, first: c01"),
        (pd.DataFrame({"clip_id": ["c00", "c00"], "site": "x"}), "twice: c00"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(clips, about, said):
    with pytest.raises(UserError, match=said):
        by_column(clips, about, "site")


def test_confusions_are_the_means_of_a_plain_loop(clips):
    matrix, pairs = co_activation(clips), top_confusions(clips).set_index(["true", "predicted"])
    for i, true in enumerate(CLASSES[:3]):
        for j, predicted in enumerate(CLASSES):
            if i == j:
                expected = [p[j] for t, p in zip(clips.positive, clips.probabilities, strict=True) if t[i]]
                assert matrix.loc[true, predicted] == pytest.approx(np.mean(expected))
                continue
            rows = list(zip(clips.positive, clips.probabilities, strict=True))
            here = np.array([p[j] for t, p in rows if t[i] and not t[j]])
            elsewhere = np.array([p[j] for t, p in rows if not t[i] and not t[j]])
            row = pairs.loc[(true, predicted)]
            assert matrix.loc[true, predicted] == pytest.approx(here.mean())
            assert row["clips"] == len(here)
            assert row["false_alarms"] == (here > 0.5).sum()
            assert row["excess"] == pytest.approx(here.mean() - elsewhere.mean())
            error = np.sqrt(here.var(ddof=1) / len(here) + elsewhere.var(ddof=1) / len(elsewhere))
            assert row["standard_error"] == pytest.approx(error)
    assert matrix.loc["never"].isna().all()


def test_a_class_that_is_taken_for_another_tops_the_list():
    rng = np.random.default_rng(0)
    positive = np.eye(4, dtype=bool)[rng.integers(4, size=200)]
    probabilities = rng.random((200, 4)) * 0.2
    probabilities[:, 3] = 0.9  # predicted everywhere: for nothing in particular
    probabilities[positive[:, 0], 2] = 0.6
    first = top_confusions(ClipScores(tuple(map(str, range(200))), CLASSES, positive, probabilities)).iloc[0]
    assert (first["true"], first["predicted"]) == ("owl", "=1+1")


def test_the_hardest_clips_are_those_of_the_largest_log_loss(clips):
    expected = [
        sum(log_loss([y], [p], labels=[0, 1]) for y, p in zip(truth, scores, strict=True))
        for truth, scores in zip(clips.positive, clips.probabilities, strict=True)
    ]
    assert clip_loss(clips) == pytest.approx(np.array(expected), rel=1e-4)
    table = hardest_clips(clips, 5, pd.DataFrame({"clip_id": clips.clip_ids, "path": "x.ogg"}))
    assert list(table["clip_id"]) == [clips.clip_ids[k] for k in np.argsort(expected)[::-1][:5]]
    assert list(table["path"]) == ["x.ogg"] * 5
    worst = clips.clip_ids.index(table["clip_id"][0])
    labels = clips.positive[worst]
    assert table["alarm_probability"][0] == clips.probabilities[worst][~labels].max()
    if labels.any():
        assert table["missed_probability"][0] == clips.probabilities[worst][labels].min()


def test_names_in_figures_are_text(clips):
    figures = [
        class_figure(by_class(clips)),
        group_figure(by_polyphony(clips)),
        co_activation_figure(co_activation(clips)),
    ]
    for figure in figures:
        assert "<b>wren" not in figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")


def test_the_hardest_clips_are_drawn_worst_first_with_what_was_said_of_them():
    positive = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]], bool)
    probabilities = np.array([[0.9, 0.05, 0.1, 0.0], [0.1, 0.2, 0.7, 0.3], [0.25, 0.01, 0.3, 0.6]])
    hardest = hardest_clips(ClipScores(("good", "<i>empty", "two"), CLASSES, positive, probabilities))
    pictures = [Example("", "", name, f"data:{name}", 2.0) for name in ("two", "<i>empty", "elsewhere")]
    figure = spectrogram_figure(hardest, pictures, 8000)
    assert [one.source for one in figure.layout.images] == ["data:two", "data:<i>empty"]
    first, second = (re.sub("<[^>]*>", "|", one.text) for one in figure.layout.annotations)
    assert (
        first.startswith("|two|  loss 7") and "is owl, &lt;b&gt;wren&lt;/b&gt;: &lt;b&gt;wren&lt;/b&gt; 0.01" in first
    )
    assert first.endswith(", not never (0.60)|")
    assert "|&lt;i&gt;empty|" in second and second.endswith("is nothing, not =1+1 (0.70)|")
    assert figure.layout.yaxis2.tickvals[1] == pytest.approx(np.log(1 + 1000 / 700) / np.log(1 + 8000 / 700))
    assert len(spectrogram_figure(hardest, [], 8000).layout.images) == 0
