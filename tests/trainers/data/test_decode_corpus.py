"""Bad recordings (tests/corpus/audio): each is refused with its message, none stops or changes the rest."""

import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from trainers.data.sources.csv import read_csv
from trainers.data.store import Store, content_hash, local

CORPUS = Path(__file__).parents[2] / "corpus" / "audio"
TABLE = YAML(typ="safe").load(CORPUS / "expected.yaml")
EXPECTED: dict[str, str | None] = {**TABLE["refused"], **dict.fromkeys(TABLE["read"])}
pytestmark = pytest.mark.timeout(30)


def make_bad_files(folder: Path) -> None:
    """What git doesn't keep, and what is large."""
    os.mkfifo(folder / "fifo.wav")
    (folder / "folder.wav").mkdir()
    (folder / "link-to-nothing.wav").symlink_to(folder / "none.wav")
    (folder / "link-to-random.wav").symlink_to("/dev/urandom")
    write_nothing(folder / "an-hour-of-nothing.flac", 8000, 3600)
    write_nothing(folder / "seven-hours-of-nothing.flac", 100, 7 * 3600)
    size = 2**32 - 100
    header = (
        b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    )
    with (folder / "sparse-4-gigabytes.wav").open("wb") as file:
        file.write(header + b"data" + struct.pack("<I", size))
        file.truncate(size + 44)


def write_nothing(path: Path, rate: int, seconds: int) -> None:
    with soundfile.SoundFile(path, "w", rate, 1) as file:
        for _ in range(seconds // 600):
            file.write(np.zeros(600 * rate, np.int16))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus with the files that are made."""
    folder = tmp_path_factory.mktemp("corpus")
    for path in CORPUS.iterdir():
        if path.name != "expected.yaml":
            (folder / path.name).write_bytes(path.read_bytes())
    make_bad_files(folder)
    return folder


@pytest.fixture(scope="module")
def said(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name -> why it is refused: when its table is read, or else when it is decoded by two workers."""
    rows = "".join(f"{name},owl\n" for name in EXPECTED)
    (folder / "t.csv").write_text(f"path,labels\n{rows}")
    read = read_csv(folder / "t.csv", folder, skip_refused=True)
    reasons = list(read.refused)
    files = [(content_hash(folder / path), folder / path) for path in read.clips["path"]]
    store = Store(8000, tmp_path_factory.mktemp("store"))
    reasons += [one.reason for one in store.decode(files, local(2)) if one.reason]
    missing = {path.name for _, path in store.missing(files)}
    by_name = {name: [reason for reason in reasons if f"{name}: " in reason] for name in EXPECTED}
    assert {name for name, found in by_name.items() if found} >= missing, "a file is swallowed"
    return {name: found[0] for name, found in by_name.items() if found}


def test_every_file_of_the_corpus_has_its_message():
    assert {path.name for path in CORPUS.iterdir()} - {"expected.yaml"} <= set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_is_refused_with_its_message_or_decoded(said, name):
    expected = EXPECTED[name]
    assert (name in said) == (expected is not None), said.get(name)
    if expected is not None:
        assert re.search(expected, said[name])
