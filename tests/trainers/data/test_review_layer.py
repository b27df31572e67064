"""Decisions by hand: replayed, undone, cut off by a kill, and gone from the digest when they are taken back."""

import json
from pathlib import Path

import pandas as pd
import pytest

from trainers.data.catalogue import Catalogue, catalogue_folder, load_catalogue, save_catalogue
from trainers.data.layers.review import review_counts, review_sentence
from trainers.data.layers.review_log import append, decision, read_review, undo
from trainers.data.summary import summary
from trainers.errors import DataError


def table() -> pd.DataFrame:
    """Six clips; an extra column of whole numbers with a gap, which pandas reads as floats."""
    return pd.DataFrame(
        {
            "clip_id": list("abcdef"),
            "path": [f"{name}.wav" for name in "abcdef"],
            "recording_id": list("abcdef"),
            "start_s": 0.0,
            "duration_s": 1.0,
            "labels": [["wren"], ["owl"], [], ["wren", "owl"], None, ["wren"]],
            "label_weights": [None, None, None, [0.5, 0.5], None, None],
            "secondary_labels": [["owl"], None, [], [], [], []],
            "content": [name * 64 for name in "abcdef"],
            "extra_count": pd.array([1, None, 3, 4, 5, 6], "Int64"),
        }
    )


@pytest.fixture
def birds(home: Path) -> Catalogue:
    return save_catalogue("birds", "csv", Path("/nowhere"), table())


def log() -> Path:
    return catalogue_folder("birds") / "review.jsonl"


def decide(birds: Catalogue, clip_id: str, kind: str, labels: list[str] | None = None) -> None:
    row = birds.clips.set_index("clip_id", drop=False).loc[clip_id]
    append(log(), [decision(row, kind, labels, ["run"])])


def labels_of(clips: pd.DataFrame) -> dict[str, list[str] | None]:
    pairs = zip(clips["clip_id"], clips["labels"], strict=True)
    return {clip_id: None if labels is None else list(labels) for clip_id, labels in pairs}


def test_dropped_clips_are_gone_and_relabelled_ones_have_their_new_labels(birds: Catalogue) -> None:
    decide(birds, "b", "drop")
    decide(birds, "a", "relabel", ["owl"])
    decide(birds, "d", "relabel", [])
    decide(birds, "f", "keep")
    clips = load_catalogue("birds").clips
    expected = {"a": ["owl"], "c": [], "d": [], "e": None, "f": ["wren"]}
    assert labels_of(clips) == expected
    assert list(clips.index) == list(range(5))
    by_id = clips.set_index("clip_id")
    assert list(by_id["secondary_labels"]["a"]) == []
    assert by_id["label_weights"]["d"] is None


def test_the_last_decision_about_a_clip_holds_and_undoing_it_brings_the_one_before_back(birds: Catalogue) -> None:
    decide(birds, "a", "relabel", ["owl"])
    decide(birds, "a", "drop")
    assert "a" not in labels_of(load_catalogue("birds").clips)
    undo(log())
    assert labels_of(load_catalogue("birds").clips)["a"] == ["owl"]
    decide(birds, "a", "keep")
    assert labels_of(load_catalogue("birds").clips)["a"] == ["wren"]


def test_undoing_everything_gives_the_old_digest_and_a_log_that_only_grew(birds: Catalogue) -> None:
    decide(birds, "a", "drop")
    decide(birds, "b", "relabel", ["wren"])
    assert load_catalogue("birds").digest != birds.digest
    before = log().read_bytes()
    assert [entry["clip_id"] for entry in undo(log(), 2)] == ["b", "a"]
    assert load_catalogue("birds").digest == birds.digest
    assert log().read_bytes().startswith(before)
    assert [entry["seq"] for entry in read_review(log()).entries] == [1, 2, 3, 4]


def test_keeping_changes_no_digest(birds: Catalogue) -> None:
    decide(birds, "a", "keep")
    assert load_catalogue("birds").digest == birds.digest


def test_more_than_stands_is_not_undone(birds: Catalogue) -> None:
    decide(birds, "a", "drop")
    undo(log())
    with pytest.raises(DataError, match="1 decisions can't be undone, 0 stand"):
        undo(log())


@pytest.mark.parametrize("keep", [-1, -40])
def test_a_line_that_was_cut_off_is_ignored_said_and_repaired_by_the_next(birds: Catalogue, keep: int) -> None:
    decide(birds, "a", "drop")
    decide(birds, "b", "drop")
    log().write_bytes(log().read_bytes()[:keep])
    assert set(labels_of(load_catalogue("birds").clips)) == set("bcdef")
    counts = review_counts(catalogue_folder("birds"))
    assert counts is not None
    assert "the last line was cut off" in review_sentence(counts)
    decide(birds, "c", "drop")
    review = read_review(log())
    assert not review.torn
    assert [entry["clip_id"] for entry in review.entries] == ["a", "c"]


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [b"{}", *lines[1:]],
        lambda lines: [lines[0][:-9], *lines[1:]],
        lambda lines: lines[1:],
        lambda lines: [lines[0].replace(b"drop", b"burn"), *lines[1:]],
        lambda lines: [lines[0].replace(b'"labels": null', b'"labels": ["owl"]'), *lines[1:]],
    ],
)
def test_a_damaged_line_is_refused_with_its_place_and_nothing_is_appended(birds: Catalogue, change) -> None:  # type: ignore[no-untyped-def]
    decide(birds, "a", "drop")
    decide(birds, "b", "drop")
    damaged = b"\n".join(change(log().read_bytes().split(b"\n")))
    log().write_bytes(damaged)
    for act in (lambda: load_catalogue("birds"), lambda: decide(birds, "c", "drop")):
        with pytest.raises(DataError, match=r"review\.jsonl:1: damaged"):
            act()
    assert log().read_bytes() == damaged


def test_a_decision_about_another_content_or_a_clip_that_is_gone_is_ignored_and_counted(birds: Catalogue) -> None:
    decide(birds, "a", "drop")
    clips = birds.clips.assign(content=["z" * 64, *birds.clips["content"][1:]])
    again = save_catalogue("birds", "csv", Path("/nowhere"), clips)
    assert set(labels_of(again.clips)) == set("abcdef")
    assert summary(again)["review"] == {"dropped": 0, "relabelled": 0, "kept": 0, "gone": 1, "torn": 0}


def test_adding_the_data_again_keeps_the_decisions(birds: Catalogue) -> None:
    decide(birds, "a", "drop")
    decided = load_catalogue("birds").digest
    assert save_catalogue("birds", "csv", Path("/nowhere"), table()).digest == decided
    assert load_catalogue("birds", without="review").digest == birds.digest


def test_two_people_at_once_lose_no_decision(birds: Catalogue) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: decide(birds, "a", "keep"), range(40)))
    lines = log().read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, 41))


def test_what_was_the_label_before_is_on_record(birds: Catalogue) -> None:
    decide(birds, "e", "relabel", ["owl"])
    (entry,) = read_review(log()).entries
    assert entry["before"] is None
    assert entry["labels"] == ["owl"]
    assert entry["runs"] == ["run"]
