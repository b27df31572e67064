"""Catalogues without speech. `talk` has it from 2 to 3 and 3.2 to 4 s, `chat` almost everywhere, `song` none."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trainers.data.catalogue import Catalogue, load_catalogue, save_catalogue
from trainers.data.decode import decode
from trainers.data.store import content_hash
from trainers.data.voices.audio import FADE_S
from trainers.data.voices.detect import Speech
from trainers.data.voices.remove import Removal, Wish, remove_voices
from trainers.data.voices.summary import voices_table
from trainers.errors import DataError, SpecError

RATE = 8000
Found = Mapping[str, Speech]
KEPT = ["clip_id", "recording_id", "author", "subset", "extra_country"]

pytestmark = pytest.mark.usefixtures("in_threads")


def removed(birds: Catalogue, speech: Found, action: str, **wish: object) -> Removal:
    before = {path: path.read_bytes() for path in birds.folder.iterdir()}
    removal = remove_voices(birds, speech, Wish("quiet", action, **wish))  # type: ignore[arg-type]
    assert {path: path.read_bytes() for path in birds.folder.iterdir()} == before
    assert load_catalogue("birds").digest == birds.digest
    return removal


def by_id(catalogue: Catalogue) -> pd.DataFrame:
    return catalogue.clips.set_index("clip_id")


def same_but_for_the_speech(new: Catalogue, old: Catalogue) -> None:
    left = old.clips[old.clips["clip_id"].isin(new.clips["clip_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(new.clips[KEPT], left[KEPT])
    assert [None if x is None else list(x) for x in new.clips["labels"]] == [
        None if x is None else list(x) for x in left["labels"]
    ]


def test_drop_leaves_the_clips_without(birds: Catalogue, speech: Found) -> None:
    removal = removed(birds, speech, "drop")
    assert list(removal.catalogue.clips["clip_id"]) == ["talk-2", "song"]
    assert (removal.changed, removal.dropped, removal.classes_lost) == (0, 2, ("wren",))
    same_but_for_the_speech(removal.catalogue, birds)
    assert removal.catalogue.folder == birds.folder


def test_longest_cuts_to_the_longest_stretch_without(birds: Catalogue, speech: Found) -> None:
    removal = removed(birds, speech, "longest")
    clip = by_id(removal.catalogue).loc["talk-1"]
    assert (clip["start_s"], clip["duration_s"], clip["path"]) == (1.0, 1.0, "talk.wav")
    assert clip["extra_voice"] == "longest"
    assert clip["extra_voice_s"] == pytest.approx(1.8)
    assert "chat" not in by_id(removal.catalogue).index
    assert by_id(removal.catalogue)["extra_voice"].isna().sum() == 2
    assert (removal.changed, removal.dropped) == (1, 1)
    same_but_for_the_speech(removal.catalogue, birds)


def test_join_writes_what_is_left_and_skips_a_speakers_pause(birds: Catalogue, speech: Found) -> None:
    removal = removed(birds, speech, "join")
    new = removal.catalogue
    same_but_for_the_speech(new, birds)
    path = dict(zip(new.clips["clip_id"], new.paths(new.clips), strict=True))["talk-1"]
    clip = by_id(new).loc["talk-1"]
    assert (clip["start_s"], clip["content"], clip["extra_voice"]) == (0.0, content_hash(path), "join")
    heard, original = decode(path, RATE), decode(birds.folder / "talk.wav", RATE)
    assert clip["duration_s"] == len(heard) / RATE == pytest.approx(2 - FADE_S)
    fade = round(FADE_S * RATE)
    np.testing.assert_array_equal(heard[: RATE - fade], original[RATE : 2 * RATE - fade])
    np.testing.assert_array_equal(heard[-RATE + fade :], original[4 * RATE + fade : 5 * RATE])
    for clip_id in ("talk-2", "song"):
        untouched = dict(zip(new.clips["clip_id"], new.paths(new.clips), strict=True))[clip_id]
        assert untouched.resolve().parent == birds.folder
        assert by_id(new).loc[clip_id, "content"] == content_hash(untouched)


def test_mute_silences_a_recording_once_for_all_its_clips(birds: Catalogue, speech: Found) -> None:
    removal = removed(birds, speech, "mute")
    new = removal.catalogue
    same_but_for_the_speech(new, birds)
    paths = dict(zip(new.clips["clip_id"], new.paths(new.clips), strict=True))
    assert paths["talk-1"] == paths["talk-2"] != paths["song"]
    clips = by_id(new)
    assert clips.loc["talk-1", "content"] == clips.loc["talk-2", "content"] == content_hash(paths["talk-1"])
    assert clips["extra_voice"].dropna().to_dict() == {"talk-1": "mute"}
    assert list(clips.loc[["talk-1", "talk-2"], "duration_s"]) == [4.0, 3.0]
    heard, original = decode(paths["talk-1"], RATE), decode(birds.folder / "talk.wav", RATE)
    spoken = np.zeros(8 * RATE, bool)
    spoken[2 * RATE : 3 * RATE] = spoken[round(3.2 * RATE) : 4 * RATE] = True
    np.testing.assert_array_equal(heard[~spoken], original[~spoken])
    assert np.mean(heard[spoken] == 0) > 0.95


def test_what_is_left_must_be_long_enough(birds: Catalogue, speech: Found) -> None:
    assert removed(birds, speech, "longest", least_s=1.01).dropped == 2
    kept = removed(birds, speech, "longest", least_s=0.05)
    assert kept.dropped == 0
    assert by_id(kept.catalogue).loc["chat", "duration_s"] == pytest.approx(0.1)


def test_other_subsets_stay_as_they_are(birds: Catalogue, speech: Found) -> None:
    removal = removed(birds, speech, "drop", subsets=("train",))
    assert list(removal.catalogue.clips["clip_id"]) == ["talk-2", "song", "chat"]
    with pytest.raises(DataError, match=r"no subset 'trian'.*train"):
        removed(birds, speech, "drop", subsets=("trian",))


def test_the_digest_doesnt_say_where_things_lie(
    birds: Catalogue, speech: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = removed(birds, speech, "join").catalogue
    moved = birds.folder.rename(tmp_path / "moved")
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "another" / "home"))
    there = removed(save_catalogue("birds", "csv", moved, birds.clips), speech, "join").catalogue
    assert here.folder != there.folder
    assert here.digest == there.digest


def test_names_that_are_taken_and_wishes_that_mean_nothing_are_refused(birds: Catalogue, speech: Found) -> None:
    save_catalogue("other", "csv", birds.folder, birds.clips)
    for name in ("birds", "other", "chorus", "a/b"):
        with pytest.raises(DataError, match="Try:"):
            remove_voices(birds, speech, Wish(name, "drop"))
    with pytest.raises(SpecError, match=r"lngest.*longest"):
        Wish("quiet", "lngest")
    with pytest.raises(SpecError, match="> 0 s"):
        Wish("quiet", "join", least_s=0)
    silent = dict.fromkeys(speech, Speech((), (), ()))
    with pytest.raises(DataError, match="no clip of birds"):
        remove_voices(birds, silent, Wish("quiet", "drop"))
    everywhere = dict.fromkeys(speech, Speech((0.0,), (8.0,), (1.0,)))
    with pytest.raises(DataError, match="nothing of birds"):
        remove_voices(birds, everywhere, Wish("quiet", "drop"))


def test_a_catalogue_without_voices_can_be_made_again_and_cleaned_again(birds: Catalogue, speech: Found) -> None:
    removed(birds, speech, "drop")
    quiet = removed(birds, speech, "longest").catalogue
    first = {content: Speech((0.0,), (1.5,), (1.0,)) for content in quiet.clips["content"]}
    second = remove_voices(quiet, first, Wish("quieter", "mute", least_s=0.4)).catalogue
    assert by_id(second)["extra_voice"].dropna().to_dict() == {"talk-1": "mute", "song": "mute"}
    assert by_id(second).loc["talk-1", "extra_voice_s"] == pytest.approx(0.5)


def test_the_table_counts_clips_and_hours_by_subset_label_and_author(birds: Catalogue, speech: Found) -> None:
    table = voices_table(birds.clips, speech)
    assert (table["clips"], table["clips_with_speech"]) == (4, 2)
    assert table["hours"] == pytest.approx(23 / 3600)
    assert table["hours_of_speech"] == pytest.approx((1.8 + 7.9) / 3600)
    assert [row["value"] for row in table["by"]["subset"]] == ["target", "train"]
    assert [(row["value"], row["clips"]) for row in table["by"]["author"]] == [("bob", 1), ("ann", 2)]
    assert [(row["value"], row["clips_with_speech"]) for row in table["by"]["label"]] == [("wren", 1)]
    assert table["by"]["collection"] == []
