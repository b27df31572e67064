"""`platform leaderboard submit` on stored predictions: scores are scikit-learn's of the mean of probabilities."""

import shutil

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import gmean, rankdata
from sklearn.metrics import roc_auc_score

from analysis.records.predictions import Predictions
from analysis.records.submissions import read_submissions

CLIPS, STARTS, CLASSES = ("t0", "t1", "t2", "t3"), (0.0, 2.0), ("bat", "owl")


@pytest.fixture
def hidden(lab, tmp_path):
    """(windows, classes) labels of the judge; the first two recordings are public."""
    present = np.array([[1, 0], [0, 1], [0, 0], [1, 1], [0, 1], [1, 0], [1, 1], [0, 0]])
    labels = [[name for name, here in zip(CLASSES, row, strict=True) if here] for row in present]
    table = {
        "clip_id": np.repeat(CLIPS, 2),
        "start_s": np.tile(STARTS, 4),
        "labels": labels,
        "part": ["public"] * 4 + ["private"] * 4,
    }
    (tmp_path / "birds" / "judge").mkdir(parents=True)
    pd.DataFrame(table).to_parquet(tmp_path / "birds" / "judge" / "labels.parquet")
    return present


def stored(logits, starts=STARTS):
    return (Predictions("test", tuple(np.repeat(CLIPS, 2)), np.tile(starts, 4), np.asarray(logits, np.float32)),)


def random_logits(seed):
    """Exact in the float16 that is stored."""
    return np.random.default_rng(seed).normal(0, 2, (8, 2)).astype(np.float16).astype(np.float32)


def test_an_ensemble_is_judged_by_the_mean_of_its_probabilities(platform, lab, hidden):
    first, second = random_logits(1), random_logits(2)
    lab.run("one", parts=stored(first))
    lab.run("two", parts=stored(second), seed=1)
    done = platform("leaderboard", "submit", "one", "two", "--name", "both")
    assert done.returncode == 0, done.stderr
    (submission,) = read_submissions(lab.results)
    mean = (expit(first) + expit(second)) / 2
    assert submission.public == pytest.approx(roc_auc_score(hidden[:4], mean[:4]))
    assert submission.private == pytest.approx(roc_auc_score(hidden[4:], mean[4:]))
    assert (submission.source, submission.name, len(submission.members)) == ("judged", "both", 2)
    again = platform("leaderboard", "submit", "one", "two")
    assert again.returncode == 2 and "--again" in again.stderr


def test_other_means_are_judged_as_they_are_called_and_are_other_submissions(platform, lab, hidden):
    logits = [random_logits(seed) for seed in (1, 2)]
    for number, own in enumerate(logits):
        lab.run(f"sweep{number}", parts=stored(own), seed=number)
    assert platform("leaderboard", "submit", "sweep0", "--mean", "rank").returncode == 2
    assert (
        "--mean must be one of arithmetic, geometric, rank"
        in platform("leaderboard", "submit", "sweep0", "--mean", "x").stderr
    )
    both = ("leaderboard", "submit", "sweep0", "sweep1")
    for mean in ("arithmetic", "geometric", "rank"):
        assert platform(*both, "--mean", mean).returncode == 0
    found = {one.post_processing: one.private for one in read_submissions(lab.results)}
    expected = {
        "": np.mean(expit(logits), axis=0),
        "geometric mean": gmean(expit(logits), axis=0),
        "rank mean": np.mean([rankdata(own, axis=0) for own in logits], axis=0),
    }
    assert found == pytest.approx({name: roc_auc_score(hidden[4:], one[4:]) for name, one in expected.items()})
    assert len(set(found.values())) > 1
    assert platform(*both, "--mean", "rank").returncode == 2, "the same submission twice"


def test_windows_are_smoothed_as_the_run_smooths_them(platform, lab, hidden):
    logits = random_logits(5)
    lab.run(parts=stored(logits), **{"segments.smoothing": "neighbor_average"})
    assert platform("leaderboard", "submit", "loss").returncode == 0
    values = expit(logits).reshape(4, 2, 2)
    smooth = (0.8 * values + 0.2 * values[:, ::-1]).reshape(8, 2)
    (submission,) = read_submissions(lab.results)
    assert submission.public == pytest.approx(roc_auc_score(hidden[:4], smooth[:4]))


def test_windows_that_are_not_the_judges_are_refused(platform, lab, hidden):
    lab.run(parts=stored(random_logits(1), starts=(0.0, 1.0)))
    done = platform("leaderboard", "submit", "loss")
    assert (done.returncode, done.stdout.count("Submission")) == (2, 0)
    assert "the judge of birds refuses: predictions lack 4 of 8 windows" in done.stderr
    assert "Try: runs with segments.duration_s" in done.stderr
    assert read_submissions(lab.results) == []


def test_data_without_a_judge_are_refused(platform, lab):
    lab.run(parts=stored(random_logits(1)))
    done = platform("leaderboard", "submit", "loss")
    assert done.returncode == 2
    assert "birds has no hidden test that could be judged here. Try: platform leaderboard add RUN" in done.stderr


def test_an_epoch_without_weights_is_refused(platform, lab, hidden):
    lab.run(parts=stored(random_logits(1)))
    done = platform("leaderboard", "submit", "loss@1")
    assert done.returncode == 2
    assert "has no weights of epoch 1, it keeps those of epoch 2. Try: @2, or no epoch" in done.stderr


def test_a_run_whose_checkpoint_is_gone_cannot_be_judged(platform, lab, hidden):
    key = lab.run(parts=stored(random_logits(1)))
    shutil.rmtree(lab.results / "sweeps/loss/runs" / key / "attempt-0001/checkpoint-0002")
    done = platform("leaderboard", "submit", "loss")
    assert done.returncode == 3 and "the checkpoint of epoch 2 is damaged or gone" in done.stderr
    assert read_submissions(lab.results) == []
