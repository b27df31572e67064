"""The ledger of submissions: numbered, whole, never lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from analysis.errors import RecordsError
from analysis.records.submissions import (
    Member,
    Submission,
    add_submission,
    competitions,
    read_submissions,
    replace_submission,
)

ONE = Submission("birdclef-2025", "first", (Member("loss", "0123456789abcdef", 7),), 0.777)


def test_what_was_added_is_read_back_in_order(tmp_path):
    added = [add_submission(tmp_path, replace(ONE, name=name)) for name in ("b", "a")]
    assert [submission.number for submission in added] == [1, 2]
    assert read_submissions(tmp_path) == added
    assert competitions(tmp_path) == ["birdclef-2025"]
    assert read_submissions(tmp_path, "another") == []


def test_a_private_score_comes_later_and_keeps_the_number(tmp_path):
    added = add_submission(tmp_path, ONE)
    replace_submission(tmp_path, replace(added, private=0.75))
    assert read_submissions(tmp_path, ONE.competition) == [replace(added, private=0.75)]


def test_two_shells_never_share_a_number(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda number: add_submission(tmp_path, replace(ONE, name=str(number))), range(24)))
    assert sorted(submission.number for submission in added) == list(range(1, 25))
    assert len(read_submissions(tmp_path)) == 24


def test_a_damaged_record_is_said(tmp_path):
    add_submission(tmp_path, ONE)
    path = next(tmp_path.rglob("0001.json"))
    path.write_text(path.read_text().replace("0.777", "0.999"))
    with pytest.raises(RecordsError, match=r"0001\.json: damaged"):
        read_submissions(tmp_path)


@pytest.mark.parametrize("name", ["../up", "", "a/b", "x" * 81])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(RecordsError, match="competition must be"):
        add_submission(tmp_path, replace(ONE, competition=name))
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_is_a_finite_number(tmp_path, score):
    with pytest.raises(RecordsError, match="public must be a finite number"):
        add_submission(tmp_path, replace(ONE, public=score))
    assert read_submissions(tmp_path) == []


def test_the_same_predictions_are_recognised():
    assert ONE.same_as == replace(ONE, name="again", public=0.5, number=3).same_as
    assert ONE.same_as != replace(ONE, post_processing="smoothing").same_as
