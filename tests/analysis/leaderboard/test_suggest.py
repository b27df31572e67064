"""What to submit next: closed forms against refitted models and draws, choices on made truths."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from analysis.errors import UserError
from analysis.leaderboard.next_question import Question
from analysis.leaderboard.suggest import suggest
from analysis.leaderboard.suggestion_words import reasons
from analysis.leaderboard.surrogate import Belief, believe, features
from analysis.leaderboard.worth import draws, gains, information

NOISE = 0.3


def model() -> GaussianProcessRegressor:
    return GaussianProcessRegressor(ConstantKernel(1.0) * RBF(1.0), alpha=NOISE, optimizer=None)


@pytest.fixture
def refitted() -> tuple[np.ndarray, np.ndarray, np.ndarray, Belief]:
    rng = np.random.default_rng(0)
    known, scores, candidates = rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=(8, 2))
    mean, covariance = model().fit(known, scores).predict(candidates, return_cov=True)
    return known, scores, candidates, Belief(mean, covariance, NOISE, float(scores.max()), float(scores.std()))


def test_a_fantasy_changes_the_belief_as_refitting_with_it_does(refitted):
    known, scores, candidates, belief = refitted
    again = model().fit(np.vstack([known, candidates[3]]), np.append(scores, belief.mean[3]))
    mean, covariance = again.predict(candidates, return_cov=True)
    after = belief.after(3)
    assert after.mean == pytest.approx(mean)
    assert after.covariance == pytest.approx(covariance)
    before, left = np.trace(belief.covariance), np.trace(covariance)
    assert information(belief)[3] == pytest.approx(1 - left / before)


def test_the_expected_improvement_is_that_of_the_closed_form(refitted):
    belief = refitted[3]
    sd = np.sqrt(np.diag(belief.covariance))
    ahead = belief.mean - belief.best
    closed = ahead * stats.norm.cdf(ahead / sd) + sd * stats.norm.pdf(ahead / sd)
    drawn = draws(belief)
    assert gains(drawn, np.full(len(drawn), belief.best)) == pytest.approx(closed, abs=0.03)


def table(n: int, known: int, seed: int, slope: float) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    good = rng.normal(size=n)
    truth = 0.7 + slope * good
    columns = {"good": good, "useless": rng.normal(size=n), "loss": rng.choice(["bce", "ce"], n)}
    made = pd.DataFrame(columns, index=[f"s{k}" for k in range(n)])
    made["lb"] = truth + rng.normal(0, 0.004, n)
    made.loc[made.index[known:], "lb"] = np.nan
    return made, truth


@pytest.mark.parametrize("known", [5, 40])
def test_candidates_are_chosen_by_the_score_that_predicts(known):
    question = Question("lb", ("good", "useless"), ("loss",), teach=0.0)
    lost, at_random = [], []
    for seed in range(6):
        made, truth = table(known + 12, known, seed, 0.02)
        (one,) = suggest(made, question, 1)
        lost.append(truth[known:].max() - truth[int(one.name[1:])])
        at_random.append(truth[known:].max() - truth[known:].mean())
    assert np.mean(lost) < np.mean(at_random) / 2


def test_intervals_hold_the_scores_that_come_back():
    inside = []
    for seed in range(8):
        made, _ = table(30, 15, seed, 0.02)
        whole, _ = table(30, 30, seed, 0.02)
        found = suggest(made, Question("lb", ("good", "useless"), ("loss",)), 15)
        inside += [one.low <= whole.loc[one.name, "lb"] <= one.high for one in found]
    assert np.mean(inside) > 0.85


def test_scores_that_say_nothing_are_said_to_say_nothing():
    flat = Belief(np.full(3, 0.7), np.eye(3) * 1e-6, 1e-4, 0.71, 0.01)
    rows = pd.DataFrame({"good": [1.0, 2.0, 3.0], "lb": [np.nan] * 3}, index=list("abc"))
    assert reasons(rows, Question("lb", ("good",)), flat, 0)[0].startswith("Nothing known tells the candidates apart")


def test_a_copy_of_what_was_just_suggested_gains_nothing():
    made, _ = table(20, 10, 0, 0.02)
    question = Question("lb", ("good", "useless"), ("loss",), teach=0.0)
    (first,) = suggest(made, question, 1)
    copied = pd.concat([made, made.loc[[first.name]].set_axis(["copy"])])
    one, second = suggest(copied, question, 2)
    assert one.name == first.name and one.gain > 0
    assert second.name != "copy" or second.gain < 1e-9


def test_equal_candidates_are_spread_over_what_is_not_known():
    rng = np.random.default_rng(0)
    values = [*rng.normal(0, 0.1, 10), 3.0, 3.0, -3.0]
    made = pd.DataFrame({"a": values}, index=[f"s{k}" for k in range(13)])
    made["lb"] = [*(0.7 + 0.01 * rng.normal(size=10)), np.nan, np.nan, np.nan]
    found = suggest(made, Question("lb", ("a",), noise_sd=0.002), 2)
    assert {one.name for one in found} in ({"s10", "s12"}, {"s11", "s12"})


def test_a_loss_on_the_leaderboard_is_brought_down():
    made, truth = table(30, 20, 2, 0.02)
    question = Question("lb", ("good", "useless"), lower_is_better=frozenset({"lb"}), teach=0.0)
    (one,) = suggest(made, question, 1)
    assert truth[int(one.name[1:])] < np.median(truth[20:])
    assert one.expected == pytest.approx(truth[int(one.name[1:])], abs=0.02)


def test_reasons_name_new_values_and_scores_that_disagree():
    rows = {"a": range(10), "b": range(10, 0, -1), "loss": ["bce"] * 9 + ["focal"]}
    made = pd.DataFrame(rows, index=[f"s{k}" for k in range(10)]).assign(lb=[0.7, 0.71, 0.7, 0.72, 0.7] + [np.nan] * 5)
    found = suggest(made, Question("lb", ("a", "b"), ("loss",)), 5)
    told = next(one.reasons for one in found if one.name == "s9")
    assert "Never submitted so far: loss = focal." in told
    assert "a ranks it 1st of 10, b 10th: its score tells which of the two to believe." in told
    assert len({one.name for one in found}) == 5


def test_known_noise_is_used_as_given():
    made, _ = table(20, 10, 0, 0.02)
    rows = features(made, ("good",), ())
    scores = made["lb"].to_numpy()[:10]
    assert believe(rows[:10], scores, rows[10:], 0.007).noise_variance == pytest.approx(0.007**2)


def test_features_weigh_a_kind_of_column_once_and_fill_what_is_missing():
    made = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 3.0], "n_fft": ["1024", "2048", "1024"]})
    rows = features(made, ("a", "b"), ("n_fft",))
    assert rows[:, :2].var(axis=0)[0] == pytest.approx(0.5)
    assert rows[1, 1] == 0
    assert rows.shape == (3, 3)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question("lb"), "nothing to learn by"),
        (Question("empty", ("good",)), "0 rows have 'empty', at least 2"),
        (Question("good", ("useless",)), "all 20 rows have 'good'"),
        (Question("lb", ("good",), teach=2.0), "teach must be from 0 to 1, got 2"),
    ],
)
def test_what_cannot_be_answered_is_refused(question, message):
    made, _ = table(20, 10, 0, 0.02)
    with pytest.raises(UserError, match=message):
        suggest(made.assign(empty=np.nan), question, 1)
