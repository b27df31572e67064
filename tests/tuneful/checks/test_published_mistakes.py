"""The three published mistakes, repeated on datasets in their published layouts: `platform check` names each of them
with its evidence, and is silent once it is mended."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from tests.trainers.data.sources.miniatures import (
    CYCLES,
    make_anuraset,
    make_fsdkaggle2018,
    make_icbhi,
    write_audio,
)
from trainers.data.catalogue import save_catalogue
from trainers.data.sources.registry import SOURCES

TINY = ("training.batch_size=4", "training.epochs=8")


@pytest.fixture
def added(platform, tmp_path, monkeypatch):
    """`added("icbhi", folder, "name", ...)`: `platform data add`, in a home of its own."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))

    def add(source, path, name, *more):
        done = platform("data", "add", source, str(path), "--name", name, *more)
        assert done.returncode == 0, done.stderr

    return add


@pytest.fixture
def found(platform):
    """`found(file, *settings)`: the findings of `platform check --json` by code, which ends as errors want it."""

    def check(file, *settings):
        said = platform("check", str(file), *settings, "--json")
        findings = {finding["code"]: finding for finding in json.loads(said.stdout)}
        errors = any(finding["severity"] == "error" and not finding["allowed"] for finding in findings.values())
        assert said.returncode == (2 if errors else 0)
        return findings

    return check


# ---- ICBHI 2017: a patient's cycles once per recording of that patient (fabiocat93/icbhi_2017_challenge, s04)

PATIENT, RECORDINGS = "130", 22


def make_icbhi_of_a_busy_patient(folder: Path) -> Path:
    """The miniature with a patient who was recorded 22 times."""
    make_icbhi(folder)
    (there,) = folder.glob(f"{PATIENT}_*.wav")
    for number in range(1, RECORDINGS):
        stem = f"{PATIENT}_{number}b1_Ll_mc_AKGC417L"
        write_audio(folder / f"{stem}.wav", stem, 2.0, 4_000)
        shutil.copy(there.with_suffix(".txt"), folder / f"{stem}.txt")
    return folder


def cycles_as_released(folder: Path) -> pd.DataFrame:
    """The released loop: for each row of split.csv (a recording), all cycles of its patient."""
    cycles = SOURCES["icbhi"].read(folder, False).clips
    split = cycles.drop_duplicates("path")[["subject"]]
    return split.merge(cycles, on="subject")


def test_the_22_fold_mistake_of_icbhi_is_named_with_how_often(added, found, tmp_path):
    folder = make_icbhi_of_a_busy_patient(tmp_path / "icbhi")
    added("icbhi", folder, "once")
    again = cycles_as_released(folder)
    save_catalogue("released", "icbhi", folder, again)
    finding = found("icbhi2017_ast", "data.name=released", "data.split.test_fold=null", *TINY)["TF008"]
    n = len(CYCLES)
    recordings = (2, 1, 3, RECORDINGS, 2, 1)  # of each patient; 31 in all
    counted = n * sum(k * k for k in recordings)
    assert len(again) == counted
    repeated = counted - n * sum(recordings)
    evidence = f"{repeated} of {counted} ({100 * repeated / counted:.0f} %) rows repeat the (recording, start, end)"
    assert evidence in finding["evidence"]
    assert f"up to {RECORDINGS} times the same and {counted / n / sum(recordings):.3g} times" in finding["evidence"]
    assert f"in {2 + 3 + RECORDINGS + 2} recordings" in finding["evidence"]
    assert finding["severity"] == "error"
    mended = found("icbhi2017_ast", "data.name=once", *TINY)
    assert not {"TF001", "TF004", "TF006", "TF007", "TF008", "TF009"} & set(mended)


def test_a_table_with_the_22_fold_mistake_does_not_even_become_a_catalogue(platform, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))
    folder = make_icbhi(tmp_path / "icbhi")
    table = cycles_as_released(folder)[["path", "labels", "start_s", "duration_s", "subject"]]
    table.assign(labels=table["labels"].map(";".join)).to_csv(folder / "cycles.csv", index=False)
    refused = platform("data", "add", "csv", str(folder / "cycles.csv"), "--name", "cycles")
    assert refused.returncode == 2
    assert re.search(r"cycles\.csv:\d+: the same clip as .*cycles\.csv:\d+", refused.stderr)


# ---- Freesound 2018: windows are split, not clips (daisukelab's kernel, approach X)

WINDOW_S, STRIDE, MIN_REST = 0.3, 0.9, 0.2


def windows_as_released(folder: Path) -> pd.DataFrame:
    """The released table of windows: each of a clip's windows is an example of its own; the last is right-aligned."""
    clips = pd.read_csv(folder / "train.csv")
    rows = []
    for fname, label in clips[["fname", "label"]].itertuples(index=False):
        seconds = soundfile.info(folder / "audio_train" / fname).duration
        for start in window_starts(seconds):
            path = f"audio_train/{fname}"
            rows.append((path, label, start, WINDOW_S, f"{fname}@{start:.2f}"))
    return pd.DataFrame(rows, columns=["path", "labels", "start_s", "duration_s", "recording_id"])


def window_starts(seconds: float) -> list[float]:
    step, starts = STRIDE * WINDOW_S, [0.0]
    while starts[-1] + step + WINDOW_S <= seconds:
        starts.append(round(starts[-1] + step, 4))
    rest = seconds - starts[-1] - WINDOW_S
    return [*starts, round(seconds - WINDOW_S, 4)] if rest >= MIN_REST * WINDOW_S else starts


def test_the_window_leak_of_freesound_is_named_with_how_many_clips(added, found, tmp_path):
    folder = make_fsdkaggle2018(tmp_path / "fsd")
    windows = windows_as_released(folder)
    windows.to_csv(folder / "windows.csv", index=False)
    added("csv", folder / "windows.csv", "windows")
    recipe = ("fsdkaggle2018_x", "segments.duration_s=0.3", *TINY)
    findings = found(*recipe, "data.name=windows")
    for code, what in (("TF001", "validation clips are of"), ("TF007", "validation clips overlap in time with")):
        assert findings[code]["severity"] == "error"
        hit, held_out = map(int, re.search(rf"(\d+) of (\d+) \(\d+ %\) {what}", findings[code]["evidence"]).groups())
        assert abs(held_out - len(windows) / 5) <= 1
        assert hit > held_out / 2  # of a clip's windows, all others are rarely in the same fifth
    # as the fix says, and as published
    windows.drop(columns="recording_id").to_csv(folder / "mended.csv", index=False)
    added("csv", folder / "mended.csv", "mended")
    added("fsdkaggle", folder, "clips")
    for name in ("mended", "clips"):
        assert not {"TF001", "TF007"} & set(found(*recipe, f"data.name={name}"))


# ---- AnuraSet: the best of all epochs, and of all trials, by the test split (ilyassmoummad/Mix2; soundclim/anuraset)

SEARCH = """
version: 1
recipe: anuraset_mix2
set: {data: {name: anuraset, split: {scheme: SCHEME}}, training: {batch_size: 4, epochs: 8, keep: KEEP}}
search: {mixing.alpha: {choice: [0.2, 0.5, 1.0]}}
objective: {metric: val/macro_f1, epoch: EPOCH}
trials: 3
confirm: {top: 1, splits: [official]}
"""


def test_selection_on_the_test_of_anuraset_is_named_for_epochs(added, found, tmp_path):
    added("anuraset", make_anuraset(tmp_path / "anuraset"), "anuraset")
    official = ("anuraset_mix2", "data.split.scheme=official", *TINY)
    finding = found(*official)["TF012"]
    assert finding["evidence"] == (
        "anuraset, official fold 0: training.keep=best choose among 8 evaluations of val/macro_f1 on the published "
        "test split"
    )
    for part in finding["fix"].split():
        assert part in ("training.keep=last", "training.early_stopping_patience=null")
    assert not {"TF012", "TF013"} & set(found(*official, *finding["fix"].split()))


def write_search(path, scheme, keep="last", epoch="last"):
    text = SEARCH.replace("SCHEME", scheme).replace("KEEP", keep).replace("EPOCH", epoch)
    path.write_text(text)
    return path


def test_selection_on_the_test_of_anuraset_is_named_for_trials(added, found, tmp_path):
    added("anuraset", make_anuraset(tmp_path / "anuraset"), "anuraset")
    finding = found(write_search(tmp_path / "oracle.yaml", "official"))["TF027"]
    assert "val/macro_f1 on the published test split chooses the best of 3 trials" in finding["evidence"]
    assert "anuraset, official fold 0" in finding["evidence"]
    mended = found(write_search(tmp_path / "mended.yaml", "stratified_group"))
    assert not {"TF012", "TF027"} & set(mended)
