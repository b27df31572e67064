"""Every metric against scikit-learn, and what every metric must hold."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    label_ranking_average_precision_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from analysis.metrics import (
    METRICS,
    Metric,
    absent_classes,
    as_case,
    evaluate,
    macro_auc,
    macro_f1,
    mean_average_precision,
    per_class_auc,
    per_class_lwlrap,
    per_class_precision,
    per_class_recall,
)
from analysis.metrics.ranking import count_below

Case = tuple[np.ndarray, np.ndarray]


def _random(n: int = 500, classes: int = 7, seed: int = 0) -> Case:
    rng = np.random.default_rng(seed)
    return (rng.random((n, classes)) < 0.2).astype(np.float32), rng.random((n, classes)).astype(np.float32)


def _with_ties() -> Case:
    targets, scores = _random(seed=1)
    return targets, np.round(scores, 1)


def _all_tied() -> Case:
    targets, scores = _random(seed=2)
    return targets, np.full_like(scores, 0.25)


def _with_absent_and_full_classes() -> Case:
    targets, scores = _random(seed=3)
    targets[:, 1], targets[:, 2] = 0.0, 1.0
    return targets, scores


def _soft() -> Case:
    _, scores = _random(seed=4)
    rng = np.random.default_rng(5)
    return rng.choice([0.0, 0.3, 0.5, 0.500001, 1.0], size=scores.shape), scores


def _one_row() -> Case:
    return np.array([[1.0, 0.0, 1.0]]), np.array([[0.9, 0.8, 0.1]])


def _confident() -> Case:
    targets, scores = _random(seed=6)
    return targets, scores ** np.float32(30)


def _half_precision() -> Case:
    targets, scores = _random(n=3000, seed=7)
    return targets.astype(bool), scores.astype(np.float16)


def _large_and_rare() -> Case:
    rng = np.random.default_rng(8)
    targets = rng.random((20_000, 3)) < 0.01
    return targets, np.round(rng.normal(size=targets.shape) + targets, 3)


CASES: list[Callable[[], Case]] = [
    _random,
    _with_ties,
    _all_tied,
    _with_absent_and_full_classes,
    _soft,
    _one_row,
    _confident,
    _half_precision,
    _large_and_rare,
]


def _sklearn_macro(score: Callable[..., float], targets: np.ndarray, scores: np.ndarray, *, both: bool) -> float:
    """Macro mean by scikit-learn over the classes with a positive (and, for ``both``, a negative)."""
    positive = targets > 0.5
    kept = positive.any(axis=0) & (~positive.all(axis=0) if both else True)
    values = [score(positive[:, c], scores[:, c]) for c in np.flatnonzero(kept)]
    return float(np.mean(values)) if values else float("nan")


def _sklearn_f1(positive: np.ndarray, scores: np.ndarray) -> float:
    return float(f1_score(positive, scores > 0.5))


@pytest.mark.parametrize("case", CASES)
def test_macro_auc_agrees_with_sklearn(case: Callable[[], Case]) -> None:
    targets, scores = case()
    expected = _sklearn_macro(roc_auc_score, targets, scores, both=True)
    assert macro_auc(targets, scores) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("case", CASES)
def test_map_agrees_with_sklearn(case: Callable[[], Case]) -> None:
    targets, scores = case()
    expected = _sklearn_macro(average_precision_score, targets, scores, both=False)
    assert mean_average_precision(targets, scores) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("case", CASES)
def test_macro_f1_agrees_with_sklearn(case: Callable[[], Case]) -> None:
    targets, scores = case()
    expected = _sklearn_macro(_sklearn_f1, targets, scores, both=False)
    assert macro_f1(targets, scores) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("case", CASES)
def test_micro_auc_agrees_with_sklearn(case: Callable[[], Case]) -> None:
    targets, scores = case()
    expected = roc_auc_score((targets > 0.5).ravel(), scores.ravel())
    assert evaluate(targets, scores)["micro_auc"] == pytest.approx(expected, abs=1e-12)


def test_micro_auc_counts_negatives_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, scores = _with_ties()
    monkeypatch.setattr("analysis.metrics.roc_auc._CHUNK", 997)
    expected = roc_auc_score(targets.ravel(), scores.ravel())
    assert evaluate(targets, scores)["micro_auc"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_decided_scores_agree_with_sklearn(case: Callable[[], Case], average: str, name: str) -> None:
    targets, scores = case()
    truth, predicted = targets > 0.5, scores > 0.5
    reference = {"f1": f1_score, "precision": precision_score, "recall": recall_score}[name]
    occurring = np.flatnonzero(truth.any(axis=0)) if average == "macro" else None  # micro counts every decision
    expected = reference(truth, predicted, average=average, labels=occurring, zero_division=0)
    assert evaluate(targets, scores)[f"{average}_{name}"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_precision_and_recall_of_each_class_agree_with_sklearn(case: Callable[[], Case]) -> None:
    targets, scores = case()
    truth, absent = targets > 0.5, ~(targets > 0.5).any(axis=0)
    for ours, reference in ((per_class_precision, precision_score), (per_class_recall, recall_score)):
        expected = reference(truth, scores > 0.5, average=None, zero_division=0)
        assert ours(targets, scores) == pytest.approx(np.where(absent, np.nan, expected), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("case", CASES)
def test_lwlrap_is_sklearns_ranking_precision_weighted_by_labels(case: Callable[[], Case]) -> None:
    targets, scores = case()
    truth = targets > 0.5
    expected = label_ranking_average_precision_score(truth, scores, sample_weight=truth.sum(axis=1))
    assert evaluate(targets, scores)["lwlrap"] == pytest.approx(expected, abs=1e-12)
    weights, per_class = truth.sum(axis=0), per_class_lwlrap(targets, scores)
    assert np.array_equal(np.isnan(per_class), weights == 0)
    assert np.nansum(per_class * weights) / weights.sum() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_accuracy_is_sklearns_subset_accuracy(case: Callable[[], Case]) -> None:
    targets, scores = case()
    assert evaluate(targets, scores)["accuracy"] == pytest.approx(accuracy_score(targets > 0.5, scores > 0.5))


def test_absent_classes_are_skipped_and_counted() -> None:
    targets, scores = _random(seed=17)
    wider = np.pad(targets, ((0, 0), (0, 3))), np.pad(scores, ((0, 0), (0, 3)))
    values = evaluate(*wider)
    assert values.pop("absent_classes") == absent_classes(wider[0]) == 3
    for name in ("macro_auc", "map", "macro_f1", "macro_precision", "macro_recall", "lwlrap"):
        assert values[name] == pytest.approx(evaluate(targets, scores)[name], abs=1e-12), name


def test_a_class_predicted_without_ever_occurring_is_seen_by_the_micro_average_only() -> None:
    targets, scores = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.9, 0.9], [0.1, 0.9]])
    values = evaluate(targets, scores)
    assert values["macro_precision"] == 1.0
    assert values["micro_precision"] == pytest.approx(1 / 3)


def test_auc_of_a_class_without_both_labels_is_nan_and_left_out_of_the_mean() -> None:
    targets, scores = _with_absent_and_full_classes()
    per_class = per_class_auc(targets, scores)
    assert np.flatnonzero(np.isnan(per_class)).tolist() == [1, 2]
    assert macro_auc(targets, scores) == pytest.approx(np.nanmean(per_class))


def test_a_soft_secondary_weight_is_not_a_positive() -> None:
    targets, scores = np.array([[1.0], [0.3], [0.0]]), np.array([[0.9], [0.95], [0.1]])
    assert macro_auc(targets, scores) == 0.5


def test_nothing_defined_is_nan_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = evaluate(np.zeros((4, 2)), np.full((4, 2), 0.5), (np.zeros(4, int), np.arange(4.0)))
    assert values.pop("absent_classes") == 2
    assert values.pop("accuracy") == 1.0  # no label, none predicted
    assert all(np.isnan(value) for value in values.values())


def test_infinite_scores_rank_first_and_last() -> None:
    targets = np.array([[1.0], [1.0], [0.0], [0.0]])
    assert macro_auc(targets, np.array([[np.inf], [0.0], [0.0], [-np.inf]])) == 0.875


def test_a_monotone_map_of_the_scores_changes_no_rank_metric() -> None:
    targets, scores = _random(seed=9)
    logits = np.log(scores.astype(np.float64) + 1e-9)
    assert macro_auc(targets, logits) == pytest.approx(macro_auc(targets, scores), abs=1e-12)
    assert mean_average_precision(targets, logits) == pytest.approx(mean_average_precision(targets, scores), abs=1e-12)


def test_a_strided_view_scores_like_its_copy() -> None:
    targets, scores = _random(seed=10)
    views = targets[::2, ::-1], scores[::2, ::-1]
    copies = [view.copy() for view in views]
    assert evaluate(*views) == pytest.approx(evaluate(*copies), abs=0, nan_ok=True)


def test_more_classes_than_one_block_keep_their_order() -> None:
    targets, scores = _random(n=200, classes=37, seed=11)
    expected = [roc_auc_score(targets[:, c], scores[:, c]) for c in range(37)]
    assert per_class_auc(targets, scores) == pytest.approx(expected, abs=1e-12)


# --- the contract of every registered metric ---

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())

Sequenced = tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]


def _breathing(seed: int = 12) -> Sequenced:
    """Two labels, recordings of five rows with the same labels, so that every metric is defined; few levels."""
    rng = np.random.default_rng(seed)
    targets = np.repeat(rng.random((60, 2)) < 0.4, 5, axis=0)
    recording, start_s = np.repeat(rng.permutation(60), 5), np.tile(np.arange(5.0), 60)
    return targets, np.round(rng.random(targets.shape), 2).astype(np.float32), (recording, start_s)


@every_metric
def test_a_metric_is_documented(metric: Metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.direction in ("max", "min")
    assert metric.definition.endswith(".")
    assert len(metric.definition) > 40
    assert metric.source


@every_metric
def test_a_perfect_prediction_scores_one(metric: Metric) -> None:
    targets, _, sequence = _breathing()
    assert metric.compute(as_case(targets, targets * 0.8 + 0.1, sequence)) == 1.0


@every_metric
def test_a_prediction_that_knows_something_scores_better_than_one_that_knows_nothing(metric: Metric) -> None:
    targets, scores, sequence = _breathing()
    informed = metric.compute(as_case(targets, 0.5 * scores + 0.5 * targets, sequence))
    assert metric.compute(as_case(targets, scores, sequence)) < informed - 0.1


@every_metric
@pytest.mark.parametrize("case", CASES)
def test_every_value_lies_in_0_1_or_is_nan(metric: Metric, case: Callable[[], Case]) -> None:
    value = metric.compute(as_case(*case()))
    assert type(value) is float
    assert np.isnan(value) or 0.0 <= value <= 1.0


@every_metric
def test_the_order_of_rows_and_classes_does_not_matter(metric: Metric) -> None:
    targets, scores, (recording, start_s) = _breathing()
    rng = np.random.default_rng(0)
    rows, classes = rng.permutation(len(targets)), rng.permutation(targets.shape[1])[::-1]
    permuted = as_case(targets[rows][:, classes], scores[rows][:, classes], (recording[rows], start_s[rows]))
    unchanged = metric.compute(as_case(targets, scores, (recording, start_s)))
    assert metric.compute(permuted) == pytest.approx(unchanged, abs=1e-12)


@every_metric
def test_a_metric_is_deterministic_and_leaves_its_input_alone(metric: Metric) -> None:
    targets, scores, sequence = _breathing()
    before = targets.copy(), scores.copy(), sequence[0].copy(), sequence[1].copy()
    values = [metric.compute(as_case(targets, scores, sequence)) for _ in range(2)]
    assert values[0] == values[1]
    assert all(np.array_equal(a, b) for a, b in zip((targets, scores, *sequence), before, strict=True))


@every_metric
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_targets_of_every_dtype_score_alike(metric: Metric, dtype: type) -> None:
    targets, scores, sequence = _breathing()
    expected = metric.compute(as_case(targets, scores, sequence))
    assert metric.compute(as_case(targets.astype(dtype), scores, sequence)) == expected


def test_nan_scores_are_an_error_that_names_the_row() -> None:
    targets, scores = _random(seed=15)
    scores[17, 3] = np.nan
    with pytest.raises(ValueError, match=r"scores must not be NaN.*1 of 500 rows, first in row 17"):
        evaluate(targets, scores)


def test_nan_targets_are_an_error() -> None:
    targets, scores = _random(seed=16)
    targets[0, 0] = np.nan
    with pytest.raises(ValueError, match="targets must not be NaN"):
        evaluate(targets, scores)


@pytest.mark.parametrize("shapes", [((4, 2), (4, 3)), ((4, 2), (5, 2)), ((4,), (4,)), ((2, 2, 2), (2, 2, 2))])
def test_shapes_that_do_not_fit_are_an_error(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="shape"):
        evaluate(np.zeros(shapes[0]), np.zeros(shapes[1]))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_no_rows_or_no_classes_is_an_error(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one row and one class"):
        evaluate(np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize(
    ("sequence", "wrong"),
    [((np.zeros(3), np.zeros(4)), "recording"), ((np.zeros(4), np.zeros((4, 1))), "start_s"),
     ((np.zeros(4), np.array([0, 1, np.nan, 3])), "start_s must not be NaN.*row 2")],
)  # fmt: skip
def test_a_sequence_that_does_not_fit_is_an_error(sequence: tuple[np.ndarray, np.ndarray], wrong: str) -> None:
    with pytest.raises(ValueError, match=f"sequence: {wrong}"):
        evaluate(np.zeros((4, 2)), np.zeros((4, 2)), sequence)


# --- properties on drawn inputs ---

_LEVELS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0.0, 1.0, width=32)
_SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 4))


@st.composite
def _problems(draw: st.DrawFn) -> Case:
    shape = draw(_SHAPES)
    return draw(hnp.arrays(np.bool_, shape)), draw(hnp.arrays(np.float32, shape, elements=_LEVELS))


@settings(max_examples=200, deadline=None)
@given(_problems())
def test_drawn_problems_score_as_in_sklearn(problem: Case) -> None:
    targets, scores = problem
    values = evaluate(targets, scores)
    assert values["macro_auc"] == pytest.approx(
        _sklearn_macro(roc_auc_score, targets, scores, both=True), abs=1e-12, nan_ok=True
    )
    assert values["map"] == pytest.approx(
        _sklearn_macro(average_precision_score, targets, scores, both=False), abs=1e-6, nan_ok=True
    )


@settings(max_examples=100, deadline=None)
@given(_problems())
def test_reversed_scores_give_the_complementary_auc(problem: Case) -> None:
    targets, scores = problem
    assert macro_auc(targets, -scores) == pytest.approx(1.0 - macro_auc(targets, scores), abs=1e-12, nan_ok=True)


# --- counting, on sizes where it takes the bucket path ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", ["uniform", "heavy_tail", "few_levels", "one_level", "infinite", "tiny", "huge"])
def test_counts_below_thresholds_are_exact(dtype: type, shape: str) -> None:
    rng = np.random.default_rng(0)
    drawn = {
        "uniform": lambda n: rng.random(n),
        "heavy_tail": lambda n: rng.standard_cauchy(n) ** 3,
        "few_levels": lambda n: rng.integers(0, 5, n) / 5,
        "one_level": lambda n: np.full(n, 0.3),
        "infinite": lambda n: rng.choice([-np.inf, 0.0, 1.0, np.inf], n),
        "tiny": lambda n: rng.random(n) * np.finfo(dtype).smallest_subnormal * 10,
        "huge": lambda n: (rng.random(n) - 0.5) * np.finfo(dtype).max * 1.9,
    }[shape]
    values, thresholds = drawn(30_000).astype(dtype), np.sort(drawn(200).astype(dtype))
    below, not_above = count_below(values, thresholds)
    assert below.tolist() == [int((values < t).sum()) for t in thresholds]
    assert not_above.tolist() == [int((values <= t).sum()) for t in thresholds]
