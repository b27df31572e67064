"""Tables of anyone's recordings: what is read, what is refused, and what the refusal says."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from trainers.data.catalogue import catalogue_names, load_catalogue, save_catalogue
from trainers.data.sources.assemble import SourceResult
from trainers.data.sources.csv import read_csv
from trainers.errors import DataError

Read = Callable[..., SourceResult]


@pytest.fixture
def root(audio: Callable[..., Path]) -> Path:
    for name in ("a.wav", "b.wav", "c.wav"):
        path = audio(name, seconds=2)
    return path.parent


@pytest.fixture
def read(tmp_path: Path, root: Path) -> Read:
    """`read(text)`: the clips of a table of that text."""

    def from_text(text: str | bytes, **options: object) -> SourceResult:
        table = tmp_path / "table.csv"
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_csv(table, root, **options)

    return from_text


def refusal(read: Read, text: str | bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(text)
    return str(caught.value)


# ---- what is read


def test_a_table_becomes_a_catalogue_with_everything_filled_in(read, root, home):
    result = read(
        "path,labels,secondary_labels,author,start_s,duration_s,verified,rating,mood\n"
        "a.wav,robin;wren,owl,Kim,0.5,1,yes,4.5,happy\n"
        "b.wav,,,,,,,,\n"
    )
    assert (result.notes, result.refused) == ([], [])
    clips = save_catalogue("mine", "csv", root, result.clips).clips
    first, second = clips.iloc[0], clips.iloc[1]
    assert list(first["labels"]) == ["robin", "wren"]
    assert list(first["secondary_labels"]) == ["owl"]
    assert (first["author"], first["start_s"], first["duration_s"]) == ("Kim", 0.5, 1.0)
    assert (first["verified"], first["rating"], first["extra_mood"]) == (True, 4.5, "happy")
    assert (first["clip_id"], first["recording_id"], first["subset"]) == ("a.wav@0.5", "a.wav", "train")
    assert (list(second["labels"]), second["duration_s"], pd.isna(second["author"])) == ([], 2.0, True)
    assert load_catalogue("mine").classes == ("owl", "robin", "wren")


@pytest.mark.parametrize("name", ["NA", "null", "007", "1e5", "nan", "None", "TRUE", "-", "=1+1", "<b>", "é"])
def test_names_stay_the_text_they_are(read, root, home, name):
    table = f"path,labels,clip_id,author,recording_id\na.wav,{name},{name},{name},{name}\n"
    clips = save_catalogue("mine", "csv", root, read(table).clips).clips
    assert list(clips["labels"][0]) == [name]
    assert clips[["clip_id", "author", "recording_id"]].iloc[0].tolist() == [name] * 3


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffpath,labels\na.wav,robin\n",
        "path,labels\r\na.wav,robin\r\n",
        "path,labels\n\na.wav,robin\n\n\n",
        " path , labels \n a.wav , robin \n",
        '"path","labels"\n"a.wav","robin"',
        "labels,path\nrobin,a.wav\n",
        "path,labels\na.wav, robin ; ;robin;\n",
    ],
)
def test_byte_order_marks_line_ends_blank_lines_and_spaces_do_not_matter(read, text):
    (clip,) = read(text).clips.to_dict("records")
    assert (clip["path"], clip["labels"]) == ("a.wav", ["robin"])


def test_label_weights_are_numbers(read, root, home):
    result = read("path,labels,label_weights\na.wav,owl;bat,0.5;0.5\nb.wav,owl,\n")
    assert list(save_catalogue("mine", "csv", root, result.clips).clips["label_weights"][0]) == [0.5, 0.5]


def test_a_column_named_content_is_not_taken_for_the_hash(read):
    (clip,) = read("path,labels,content\na.wav,owl,birds\n").clips.to_dict("records")
    assert clip["extra_content"] == "birds"
    assert len(clip["content"]) == 64


def test_only_the_subset_train_has_labels_to_learn_from(read):
    clips = read("path,labels,subset\na.wav,owl,train\nb.wav,owl,target\nc.wav,owl,\n").clips
    assert [None if labels is None else list(labels) for labels in clips["labels"]] == [["owl"], None, ["owl"]]


def test_the_same_audio_under_two_names_is_one_recording_and_said(read, root):
    (root / "copy.wav").write_bytes((root / "a.wav").read_bytes())
    result = read("path,labels,recording_id\na.wav,owl,r1\ncopy.wav,owl,r2\nb.wav,owl,r2\nc.wav,owl,r3\n")
    assert list(result.clips["recording_id"]) == ["r1", "r1", "r1", "r3"]  # b.wav belongs to r2, which is r1
    assert result.notes == ["1 files are copies of others under another name: counted as the same recording"]


def test_clips_of_one_recording_keep_it(read):
    clips = read("path,labels,start_s,duration_s\na.wav,owl,0,1\na.wav,bat,1,1\n").clips
    assert list(clips["recording_id"]) == ["a.wav", "a.wav"]
    assert list(clips["clip_id"]) == ["a.wav", "a.wav@1"]


def test_a_clip_may_end_a_hundredth_late_and_ends_with_its_file(read):
    (clip,) = read("path,labels,start_s,duration_s\na.wav,owl,1,1.01\n").clips.to_dict("records")
    assert clip["duration_s"] == 1.0


# ---- what is refused: the table (bad ones: tests/corpus/csv)


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: no such table"):
        read_csv(tmp_path / "none.csv", tmp_path)


# ---- what is refused: recordings


def cut_in_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def outside(root: Path, name: str = "secret.wav") -> Path:
    path = root.parent / name
    soundfile.write(path, np.zeros(100), 8000)
    return path


def absolute(root: Path) -> str:
    return str(outside(root))


def above(root: Path) -> str:
    outside(root)
    return "../secret.wav"


def link_out(root: Path) -> str:
    (root / "link.wav").symlink_to(outside(root))
    return "link.wav"


def folder_link_out(root: Path) -> str:
    outside(root)
    (root / "up").symlink_to(root.parent)
    return "up/secret.wav"


def loop(root: Path) -> str:
    (root / "loop.wav").symlink_to(root / "loop.wav")
    return "loop.wav"


def fifo(root: Path) -> str:
    os.mkfifo(root / "fifo.wav")
    return "fifo.wav"


def folder(root: Path) -> str:
    (root / "folder.wav").mkdir()
    return "folder.wav"


def half(extension: str, **options: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        path = root / f"half.{extension}"
        soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 40_000), 8000, **options)
        cut_in_half(path)
        return path.name

    return make


def no_frames(root: Path) -> str:
    soundfile.write(root / "empty.wav", np.zeros(0), 8000)
    return "empty.wav"


def no_bytes(root: Path) -> str:
    (root / "nothing.wav").touch()
    return "nothing.wav"


def text_inside(root: Path) -> str:
    (root / "text.flac").write_text("I am no audio. " * 100)
    return "text.flac"


def claims_much(root: Path) -> str:
    content = bytearray((root / "a.wav").read_bytes())
    content[40:44] = (2**32 - 10).to_bytes(4, "little")  # the size of the data chunk: 4 GB
    (root / "much.wav").write_bytes(content)
    return "much.wav"


def many_channels(root: Path) -> str:
    soundfile.write(root / "many.wav", np.zeros((10, 200)), 8000)
    return "many.wav"


RECORDINGS = {
    "missing": (lambda _: "none.wav", "no such recording"),
    "absolute": (absolute, "leaves the folder"),
    "above": (above, "leaves the folder"),
    "a link out": (link_out, "leaves the folder"),
    "a linked folder": (folder_link_out, "leaves the folder"),
    "a loop of links": (loop, ""),
    "a very long name": (lambda _: "x" * 5000, "characters)"),
    "a FIFO": (fifo, "not a regular file"),
    "a folder": (folder, "not a regular file"),
    "half a wav": (half("wav"), "cut short"),
    "half an ogg": (half("ogg"), "cut short"),
    "no frames": (no_frames, "holds no samples"),
    "no bytes": (no_bytes, "not readable as audio"),
    "text": (text_inside, "not readable as audio"),
    "claims of 4 GB": (claims_much, "cut short"),
    "200 channels": (many_channels, "implausible header: 200 channels"),
}


@pytest.mark.parametrize("case", RECORDINGS.values(), ids=RECORDINGS)
def test_a_bad_recording_is_refused_with_file_line_and_fix_or_left_out(read, root, case):
    make, message = case
    text = f"path,labels\na.wav,owl\n{make(root)},owl\nb.wav,bat\n"
    said = refusal(read, text)
    assert re.search(r"1 recording is refused:\n  \S*table\.csv:3: ", said)
    assert message in said
    assert "Try: mend or remove them, or add the data again with --skip-refused" in said
    left = read(text, skip_refused=True)
    assert list(left.clips["path"]) == ["a.wav", "b.wav"]
    assert len(left.refused) == 1
    assert "table.csv:3" in left.refused[0]


def test_all_refused_recordings_are_counted_and_the_first_are_named(read):
    said = refusal(read, "path,labels\n" + "".join(f"none{i}.wav,owl\n" for i in range(8)))
    assert "8 recordings are refused" in said
    assert said.count("no such recording") == 5
    assert "and 3 more" in said


def test_a_table_whose_recordings_are_all_refused_is_refused(read):
    with pytest.raises(DataError, match="no clips are left"):
        read("path,labels\nnone.wav,owl\n", skip_refused=True)


def test_a_link_that_stays_inside_is_fine(read, root):
    (root / "link.wav").symlink_to(root / "a.wav")
    assert len(read("path,labels\nlink.wav,owl\n").clips) == 1


def test_a_refused_table_adds_nothing(read, home):
    refusal(read, "path,labels\nnone.wav,owl\n")
    assert catalogue_names() == sorted(name for name in catalogue_names() if name.startswith("chorus"))
    assert not home.exists()


def test_the_clips_are_a_plain_table(read):
    assert isinstance(read("path,labels\na.wav,owl\n").clips, pd.DataFrame)
