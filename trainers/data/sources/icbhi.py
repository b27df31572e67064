"""ICBHI 2017 (Rocha et al. 2018): respiratory sounds, annotated by breathing cycle.

    <patient>_<recording index>_<chest location>_<mode>_<device>.wav
    <the same>.txt                       begin, end, crackles, wheezes: a line per cycle, separated by tabs, no header
    ICBHI_challenge_train_test.txt       recording, train or test (optional): the column `fold`
    patient_diagnosis.csv or ICBHI_Challenge_diagnosis.txt    patient, diagnosis (optional): `extra_diagnosis`

A clip is a cycle, once. (fabiocat93/icbhi_2017_challenge took all cycles of a patient for each of the patient's
recordings, so that its training cycles came 22 times.) `subject` is the patient, `site` the place on the chest.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainers.data.sources.assemble import Row, SourceResult, assemble
from trainers.data.sources.layout import check_folder, first_of, nothing_there
from trainers.data.sources.table import number, read_lines
from trainers.errors import DataError

FOLDERS = (".", "ICBHI_final_database", "audio_and_txt_files")
SPLITS = ("ICBHI_challenge_train_test.txt", "ICBHI_Challenge_train_test.txt")
DIAGNOSES = ("patient_diagnosis.csv", "ICBHI_Challenge_diagnosis.txt", "ICBHI_challenge_diagnosis.txt")
FLAGS = {"0": False, "1": True}
SIDES = ("train", "test")


def read_icbhi(path: Path, skip_refused: bool = False) -> SourceResult:
    """Read the ICBHI 2017 recordings with their cycles.

    Args:
        path: the folder of the recordings, or the one above it.
        skip_refused: leave recordings and cycles out that can't be used instead of refusing the dataset.

    Raises:
        DataError: not such a folder, or what is wrong with FILE:LINE.
    """
    check_folder(path, "ICBHI 2017")
    folder = next((path / name for name in FOLDERS if any((path / name).glob("*_*_*_*_*.wav"))), None)
    if folder is None:
        raise nothing_there(path, "ICBHI 2017", "<patient>_<index>_<location>_<mode>_<device>.wav")
    sides, diagnoses = _pairs(path, folder, SPLITS), _pairs(path, folder, DIAGNOSES)
    _check_sides(sides)
    recordings = sorted(file for file in folder.glob("*.wav") if not file.name.startswith("."))
    rows: list[Row] = []
    refused: list[str] = []
    for recording in recordings:
        try:
            cycles, reasons = _cycles(recording, _about(recording, sides, diagnoses))
        except DataError as error:
            cycles, reasons = [], [str(error)]
        rows += cycles
        refused += reasons
    result = assemble(rows, folder, folder, skip_refused, refused)
    return replace(result, notes=[*_split_notes(recordings, sides), *result.notes])


def _pairs(path: Path, folder: Path, names: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """key -> (value, FILE:LINE) of an optional table of two columns without a header."""
    file = first_of(path, names) or first_of(folder, names)
    pairs = {}
    for place, line in read_lines(file) if file else ():
        cells = [cell.strip() for cell in re.split(r"[\t,]", line)]
        if len(cells) != 2:
            raise DataError(f"{place}: {len(cells)} columns, want 2 separated by a tab or a comma. Try: the file as is")
        pairs[cells[0]] = (cells[1], place)
    return pairs


def _check_sides(sides: dict[str, tuple[str, str]]) -> None:
    for side, place in sides.values():
        if side not in SIDES:
            raise DataError(f"{place}: {side!r}, want train or test. Try: the file as is")


def _about(recording: Path, sides: dict[str, tuple[str, str]], diagnoses: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """What a recording's name and the tables beside it say of all its cycles."""
    parts = recording.stem.split("_")
    if len(parts) != 5:
        raise DataError(f"{recording}: not named <patient>_<index>_<location>_<mode>_<device>.wav. Try: the file as is")
    patient, index, location, mode, device = parts
    return {
        "path": recording.name,
        "subject": patient,
        "site": location,
        "fold": sides[recording.stem][0] if recording.stem in sides else None,
        "extra_recording_index": index,
        "extra_mode": mode,
        "extra_device": device,
        "extra_diagnosis": diagnoses[patient][0] if patient in diagnoses else None,
    }


def _cycles(recording: Path, about: dict[str, Any]) -> tuple[list[Row], list[str]]:
    """The cycles of a recording as clips, and why others can't be used.

    Raises:
        DataError: none can, as there are no annotations.
    """
    annotation = recording.with_suffix(".txt")
    if not annotation.is_file():
        raise DataError(f"{recording}: its annotations ({annotation.name}) are missing")
    lines = read_lines(annotation)
    if not lines:
        raise DataError(f"{annotation}: no cycles: the file is empty")
    rows, refused = [], []
    for place, line in lines:
        try:
            rows.append(Row(place, {**about, **_cycle(line, place)}))
        except DataError as error:
            refused.append(str(error))
    return rows, refused


def _cycle(line: str, place: str) -> dict[str, Any]:
    cells = line.split()
    if len(cells) != 4 or cells[2] not in FLAGS or cells[3] not in FLAGS:
        raise DataError(f"{place}: {line[:60]!r}, want begin, end, crackles (0 or 1), wheezes (0 or 1)")
    start, end = (number(name, cell, place) or 0.0 for name, cell in zip(("begin_s", "end_s"), cells, strict=False))
    if end <= start:
        raise DataError(f"{place}: the cycle ends at {end:g} s, not after its start at {start:g} s")
    flags = {"crackle": FLAGS[cells[2]], "wheeze": FLAGS[cells[3]]}
    labels = [label for label, there in flags.items() if there]
    return {"start_s": start, "duration_s": end - start, "labels": labels}


def _split_notes(recordings: list[Path], sides: dict[str, tuple[str, str]]) -> list[str]:
    """What the official split leaves open, and whom it tears apart."""
    if not sides:
        return []
    stems = [recording.stem for recording in recordings]
    missing = [stem for stem in stems if stem not in sides]
    patients = {side: {stem.split("_")[0] for stem in stems if sides.get(stem, ("",))[0] == side} for side in SIDES}
    torn = sorted(patients["train"] & patients["test"])
    return [
        *([f"{len(missing)} recordings are not in the official split, such as {missing[0]}"] if missing else []),
        *([f"the official split has patients on both sides: {', '.join(torn)}"] if torn else []),
    ]
