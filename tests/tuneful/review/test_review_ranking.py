"""Which clips are looked at first, and by whose predictions."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.errors import DataError
from tuneful.review.out_of_fold import out_of_fold
from tuneful.review.ranking import Doubt, rank_clips

WREN, OWL, OTHER = (-4, -4, 4), (-4, 4, -4), (4, -4, -4)


def test_the_clip_with_the_wrong_label_comes_first_with_what_is_wrong_and_missing(session):
    queue = session.queue
    first = queue.clips[0]
    assert first.row["clip_id"] == "b"
    assert {(doubt.label, doubt.given) for doubt in first.doubts} == {("wren", True), ("owl", False)}
    assert first.probable[0] == ("owl", pytest.approx(expit(4), abs=1e-3))
    assert queue.ranked == 4
    assert queue.notes == ()


def test_windows_are_joined_as_the_run_joins_them(birds, make_run):
    logits = np.array([(1, 2, -3), (-2, 0, 1), (0.5, 3, 1), (-1, -1, -1)])
    for settings, expected in {
        ("mean",): lambda p: [p[:2].mean(0), p[2], p[3]],
        ("max",): lambda p: [p[:2].max(0), p[2], p[3]],
    }.items():
        run = make_run(logits, "aabc", **{"segments.aggregate": settings[0]})
        found = out_of_fold(birds, [run])
        assert found.clip_ids == ("a", "b", "c")
        np.testing.assert_allclose(found.probabilities, expected(expit(logits)), atol=1e-3)


def test_windows_are_smoothed_within_their_recording_only(birds, make_run):
    run = make_run([WREN, OWL, OWL], "aab", **{"segments.smoothing": "neighbor_average"})
    p = expit(np.array([WREN, OWL, OWL], float))
    smooth = [0.8 * p[0] + 0.2 * p[1], 0.8 * p[1] + 0.2 * p[0]]
    np.testing.assert_allclose(out_of_fold(birds, [run]).probabilities, [np.mean(smooth, axis=0), p[2]], atol=1e-3)


def test_folds_are_put_together_and_what_two_runs_held_out_is_averaged(birds, make_run):
    one, two = make_run([WREN, OWL], "ab"), make_run([WREN, OTHER], "bd", seed=5)
    found = out_of_fold(birds, [one, two])
    assert found.clip_ids == ("a", "b", "d")
    np.testing.assert_allclose(found.probabilities[1], expit(np.array([OWL, WREN], float)).mean(0), atol=1e-3)


def test_a_softmax_model_is_read_as_one(birds, make_run):
    run = make_run([WREN, OWL], "ab", **{"loss.name": "ce"})
    np.testing.assert_allclose(out_of_fold(birds, [run]).probabilities[0], softmax(np.array(WREN, float)), atol=1e-3)


def test_what_no_run_held_out_is_said(birds, make_run):
    queue = rank_clips("birds", [make_run([WREN, OWL, OWL], "abc")], 200)
    assert queue.ranked == 3
    assert "1 labelled clips are not ranked" in queue.notes[0]


def test_a_secondary_label_is_never_doubted(birds, make_run):
    clips = birds.clips.assign(secondary_labels=[[], ["owl"], [], []])
    digest = save_catalogue("birds", "csv", birds.folder, clips).digest
    queue = rank_clips("birds", [make_run([WREN, OWL, OWL, OTHER], digest=digest)], 200)
    (clip,) = [clip for clip in queue.clips if clip.row["clip_id"] == "b"]
    assert Doubt("owl", False, clip.probable[0][1]) not in clip.doubts


def test_what_was_decided_keeps_its_place_and_does_not_count_for_most(session, run):
    session.decide(0, "drop", None)
    queue = rank_clips("birds", [run], 1)
    assert queue.clips[0].row["clip_id"] == "b"
    assert len(queue.clips) == 2
    assert queue.notes == (), "the run that led to the decision is known"
    assert "b" not in set(load_catalogue("birds").clips["clip_id"])


def test_other_data_than_the_run_saw_are_said(make_run):
    queue = rank_clips("birds", [make_run([WREN, OWL, OWL], "abc", digest="0" * 16)], 200)
    assert "was trained on other data than birds holds now" in queue.notes[-1]


@pytest.mark.parametrize(
    ("settings", "ids", "message"),
    [
        ({"data.name": "frogs"}, "ab", "was trained on frogs, not on birds"),
        ({"data.label_map": "icbhi_diagnosis"}, "ab", "data.label_map=icbhi_diagnosis"),
        ({}, "xy", "none of the 2 clips that the runs held out is in birds"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(birds, make_run, settings, ids, message):
    with pytest.raises(DataError, match=message):
        out_of_fold(birds, [make_run([WREN, OWL], ids, **settings)])
