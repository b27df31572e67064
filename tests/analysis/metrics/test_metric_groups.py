"""A group's metric is the metric of its rows or classes alone, and which groups there are does not hang on scores."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

from analysis.metrics import METRICS, as_case, by_class, by_column, by_frequency, by_polyphony, evaluate, metric_refusal
from analysis.metrics.groups import COLUMN_METRICS, FREQUENCY_METRICS, MOST_GROUPS, POLYPHONY_METRICS

COUNTS = np.array([3, 9, 10, 49, 50, 51, 400])


def _drawn(seed: int = 0, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.random((rows, 7)) < 0.2
    return targets, np.round(0.4 * rng.random(targets.shape) + 0.4 * targets, 2)


def _same(measured: dict[str, float], expected: dict[str, float]) -> None:
    assert measured == pytest.approx(expected, abs=1e-12, nan_ok=True)


# --- class ---


def test_a_class_by_itself_is_scikit_learns_score_of_it() -> None:
    targets, scores = _drawn()
    measured = by_class(as_case(targets, scores), "abcdefg")
    assert len(measured) == 7 * len(FREQUENCY_METRICS)
    for number, name in enumerate("abcdefg"):
        own, score = targets[:, number], scores[:, number]
        expected = {
            "macro_auc": roc_auc_score(own, score),
            "map": average_precision_score(own, score),
            "macro_f1": f1_score(own, score > 0.5),
            "macro_precision": precision_score(own, score > 0.5),
            "macro_recall": recall_score(own, score > 0.5),
        }
        _same({metric: measured[f"{metric}@class={name}"] for metric in expected}, expected)
    assert all(metric_refusal(f"val/{name}") is None for name in measured)


# --- frequency ---


def test_rare_common_and_frequent_are_disjoint_and_bounds_belong_to_common() -> None:
    targets, scores = _drawn()
    groups = {"rare": [0, 1], "common": [2, 3, 4], "frequent": [5, 6]}
    expected = {}
    for group, classes in groups.items():
        values = evaluate(targets[:, classes], scores[:, classes])
        expected |= {f"{name}@{group}": values[name] for name in FREQUENCY_METRICS}
    _same(by_frequency(as_case(targets, scores), COUNTS, 10, 50), expected)


@pytest.mark.parametrize(
    ("bounds", "groups"),
    [((None, None), set()), ((10, None), {"rare", "common"}), ((None, 50), {"frequent", "common"}),
     ((1000, 2000), {"rare", "common", "frequent"})],
)  # fmt: skip
def test_bounds_say_which_groups_there_are_even_empty_ones(bounds: tuple, groups: set[str]) -> None:
    measured = by_frequency(as_case(*_drawn()), COUNTS, *bounds)
    assert {name.partition("@")[2] for name in measured} == groups
    assert bounds != (1000, 2000) or np.isnan(measured["macro_f1@frequent"])


def test_absent_classes_of_a_group_are_skipped() -> None:
    targets, scores = _drawn()
    targets[:, 0] = False
    measured = by_frequency(as_case(targets, scores), COUNTS, 10, 50)
    assert measured["macro_f1@rare"] == pytest.approx(evaluate(targets[:, [1]], scores[:, [1]])["macro_f1"])


def test_counts_of_other_classes_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"train_counts must have the shape \(7,\), got \(6,\)"):
        by_frequency(as_case(*_drawn()), COUNTS[:-1], 10, 50)


# --- polyphony ---


def test_polyphony_groups_hold_the_rows_with_that_many_labels() -> None:
    targets, scores = _drawn()
    labels = targets.sum(axis=1)
    expected = {}
    for level, rows in {"0": labels == 0, "1": labels == 1, "2": labels == 2, "3+": labels >= 3}.items():
        values = evaluate(targets[rows], scores[rows])
        expected |= {f"{name}@polyphony={level}": values[name] for name in POLYPHONY_METRICS}
    _same(by_polyphony(as_case(targets, scores)), expected)


def test_empty_clips_have_an_accuracy_of_their_own() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of the mean of nothing
        measured = by_polyphony(as_case(np.zeros((4, 2)), np.array([[0.1, 0.1]] * 3 + [[0.9, 0.1]])))
    assert measured["accuracy@polyphony=0"] == 0.75
    assert np.isnan(measured["accuracy@polyphony=1"])


# --- columns ---


def test_each_site_is_scored_alone_and_their_mean_and_worst_are_told() -> None:
    targets, scores = _drawn()
    sites = np.array(["a", "b", "c/d=e", None], dtype=object)[np.arange(300) % 4]
    expected, values = {}, {}
    for site in ("a", "b", "c/d=e"):
        values[site] = evaluate(targets[sites == site], scores[sites == site])
        expected |= {f"{name}@site={site}": values[site][name] for name in COLUMN_METRICS}
    for name in COLUMN_METRICS:
        of_sites = [metrics[name] for metrics in values.values()]
        expected |= {f"{name}@site:mean": np.mean(of_sites), f"{name}@site:worst": np.min(of_sites)}
    _same(by_column(as_case(targets, scores), "site", sites), expected)


def test_only_the_largest_groups_are_reported_and_summarised() -> None:
    targets, scores = _drawn()
    scores[-1] = 1 - targets[-1]  # one bad row of a site of its own
    sites = np.array([f"s{row % (MOST_GROUPS + 1):02d}" for row in range(300)], dtype=object)
    sites[-1] = "single"
    measured = by_column(as_case(targets, scores), "site", sites)
    names = {name.partition("=")[2] for name in measured if "=" in name}
    assert names == {f"s{site:02d}" for site in range(MOST_GROUPS)}
    assert measured["micro_f1@site:worst"] == min(measured[f"micro_f1@site={name}"] for name in names) > 0


def test_the_worst_of_a_metric_to_be_minimised_is_its_highest(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setitem(METRICS, "macro_f1", replace(METRICS["macro_f1"], direction="min"))
    targets, scores = _drawn()
    sites = np.array(["a", "b"], dtype=object)[np.arange(300) % 2]
    measured = by_column(as_case(targets, scores), "site", sites)
    assert measured["macro_f1@site:worst"] == max(measured["macro_f1@site=a"], measured["macro_f1@site=b"])


def test_groups_that_do_not_define_a_metric_are_left_out_of_mean_and_worst() -> None:
    targets, scores = np.array([[1, 0], [0, 1], [0, 0]]), np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.1]])
    measured = by_column(as_case(targets, scores), "site", np.array(["a", "a", "b"], dtype=object))
    assert np.isnan(measured["macro_f1@site=b"])
    assert measured["macro_f1@site:mean"] == measured["macro_f1@site:worst"] == 1.0


def test_a_column_without_values_is_nan_not_an_error() -> None:
    measured = by_column(as_case(*_drawn(rows=3)), "site", np.array([None, None, None], dtype=object))
    assert set(measured) == {f"{name}@site:{how}" for name in COLUMN_METRICS for how in ("mean", "worst")}
    assert np.isnan(list(measured.values())).all()


def test_values_that_are_no_texts_are_named_by_their_text_and_missing_ones_are_no_group() -> None:
    targets, scores = _drawn()
    ratings = np.array([3.5, 4.0, np.nan, None], dtype=object)[np.arange(300) % 4]
    measured = by_column(as_case(targets, scores), "rating", ratings)
    assert {name.partition("=")[2] for name in measured if "=" in name} == {"3.5", "4.0"}
    assert measured["map@rating=3.5"] == evaluate(targets[::4], scores[::4])["map"]


def test_values_of_other_rows_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"values of site must have the shape \(300,\), got \(2,\)"):
        by_column(as_case(*_drawn()), "site", np.array(["a", "b"], dtype=object))


# --- all of them ---


def test_the_names_do_not_hang_on_the_scores_and_can_all_be_an_objective() -> None:
    targets, scores = _drawn()
    sites = np.array(["a", "b"], dtype=object)[np.arange(300) % 2]
    reported = []
    for values in (scores, np.zeros_like(scores), 1 - scores):
        case = as_case(targets, values)
        parts = by_frequency(case, COUNTS, 10, 50), by_polyphony(case), by_column(case, "site", sites)
        reported.append([name for part in parts for name in part])
    assert reported[0] == reported[1] == reported[2]
    assert [metric_refusal(f"val/{name}") for name in reported[0]] == [None] * len(reported[0])
