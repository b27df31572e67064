"""Every table of `tests/corpus/csv` gets what its `expected.yaml` says, from the command as a user types it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from ruamel.yaml import YAML

from tests.trainers.data.sources import miniatures
from trainers.data.catalogue import load_catalogue

CORPUS = Path(__file__).parents[2] / "corpus" / "csv"
EXPECTED = YAML(typ="safe").load(CORPUS / "expected.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables beside the recordings that they name."""
    folder = tmp_path_factory.mktemp("corpus") / "data"
    shutil.copytree(CORPUS, folder)
    for number, name in enumerate(("a", "b", "c", "d", "../outside")):
        sound = np.random.default_rng(number).uniform(-0.5, 0.5, 4000)
        soundfile.write(folder / f"{name}.wav", sound, 2000)
    shutil.copy(folder / "a.wav", folder / "copy.wav")
    (folder / "link_out.wav").symlink_to(folder.parent / "outside.wav")
    (folder / "up").symlink_to(folder.parent)
    return folder


@pytest.fixture
def own_home(platform, tmp_path, monkeypatch) -> Path:
    """A TUNEFUL_HOME that isn't there yet."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    return tmp_path / "own-home"


def values(column: pd.Series) -> list:
    """A catalogue's column as YAML would have it."""
    plain = [list(value) if isinstance(value, np.ndarray) else value for value in column]
    return [None if not isinstance(value, list) and pd.isna(value) else value for value in plain]


def test_every_table_has_its_expectation():
    assert {path.stem for path in CORPUS.glob("*.csv")} == {*EXPECTED["refused"], *EXPECTED["read"]}


@pytest.mark.parametrize(("name", "message"), EXPECTED["refused"].items(), ids=EXPECTED["refused"])
def test_a_bad_table_is_refused_by_name_place_and_fix_and_leaves_nothing(folder, own_home, platform, name, message):
    done = platform("data", "add", "csv", str(folder / f"{name}.csv"), "--name", "bad")
    assert done.returncode == 2
    assert re.search(rf"{name}\.csv{message}" if message.startswith(":") else message, done.stderr), done.stderr
    assert done.stderr.startswith(f"Error: {folder}/{name}.csv")
    assert re.search(r"Try: |Did you mean|the file is empty|Known: ", done.stderr)
    assert re.fullmatch(r"[^\x00-\x09\x0b-\x1f\u200b-\u202e]{1,1200}", done.stderr), "not fit for a terminal"
    assert not own_home.exists()


@pytest.mark.parametrize(("name", "wanted"), EXPECTED["read"].items(), ids=EXPECTED["read"])
def test_an_odd_table_is_read_as_it_says(folder, own_home, platform, name, wanted):
    done = platform("data", "add", "csv", str(folder / f"{name}.csv"), "--name", "odd")
    assert done.returncode == 0, done.stderr
    clips = load_catalogue("odd").clips
    columns = {column: listed for column, listed in wanted.items() if column != "notes"}
    assert {column: values(clips[column]) for column in columns} == columns
    said = done.stdout.split("Added odd:")[0]
    assert re.search(wanted["notes"], said) if "notes" in wanted else not said


def test_a_root_that_is_not_there_is_said_once(folder, own_home, platform):
    done = platform("data", "add", "csv", str(folder / "crlf.csv"), "--root", str(folder / "none"), "--name", "bad")
    assert (done.returncode, own_home.exists()) == (2, False)
    assert done.stderr == (
        f"Error: {folder}/none: no such folder. Try: --root with the folder that the paths are relative to\n"
    )


def test_an_absolute_path_below_the_root_is_the_relative_one(folder, own_home, platform, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(f"path,labels\n{folder}/a.wav,owl\n")
    assert platform("data", "add", "csv", str(table), "--root", str(folder), "--name", "odd").returncode == 0
    assert list(load_catalogue("odd").clips["clip_id"]) == ["a.wav"]


# ---- the datasets' own tables are read by the same rules


def ragged(text: bytes) -> bytes:
    first, second, *rest = text.splitlines(keepends=True)
    return first + second.rstrip() + b",more\n" + b"".join(rest)


def in_latin1(text: bytes) -> bytes:
    return text + "\xe9".encode("latin-1")


def in_utf16(text: bytes) -> bytes:
    return text.decode().encode("utf-16")


def with_nul(text: bytes) -> bytes:
    return text.replace(b"\n", b"\n\0", 1)


def header_twice(text: bytes) -> bytes:
    header, rest = text.split(b"\n", 1)
    return header.rstrip() + b"," + header.split(b",")[0] + b"\n" + rest.replace(b"\n", b",x\n")


def semicolons(text: bytes) -> bytes:
    return text.replace(b",", b";")


def header_alone(text: bytes) -> bytes:
    return text.split(b"\n", 1)[0]


DATASETS = {
    "birdclef": (miniatures.make_birdclef, "train.csv"),
    "anuraset": (miniatures.make_anuraset, "metadata.csv"),
    "fsdkaggle": (miniatures.make_fsdkaggle2018, "train.csv"),
    "icbhi": (miniatures.make_icbhi, "ICBHI_challenge_train_test.txt"),
}
SPOILS: dict[Callable[[bytes], bytes], str] = {
    ragged: r":2: \d+ cells, the header has \d+\. Try: quote cells",
    in_latin1: r":\d+: not UTF-8 text .*Try: iconv -f latin1",
    in_utf16: r":1: UTF-16, not UTF-8 text\. Try: iconv -f utf-16",
    with_nul: r":2: a NUL byte",
    header_twice: r":1: the column '\w+' is there twice",
    semicolons: r":1: cells are not separated by commas",
    header_alone: r": no rows below the header",
}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, (make, _) in DATASETS.items()}


@pytest.mark.parametrize(
    ("source", "spoil"),
    [(source, spoil) for source in DATASETS for spoil in SPOILS if source != "icbhi" or spoil in (in_latin1, with_nul)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_datasets_table_that_is_spoilt_is_refused(datasets, own_home, platform, source, spoil):
    table = next(datasets[source].rglob(DATASETS[source][1]))
    sound = table.read_bytes()
    try:
        table.write_bytes(spoil(sound))
        done = platform("data", "add", source, str(datasets[source]), "--name", "bad")
    finally:
        table.write_bytes(sound)
    assert done.returncode == 2
    assert re.search(re.escape(table.name) + SPOILS[spoil], done.stderr), done.stderr
    assert not own_home.exists()
