"""The labelled soundscapes of BirdCLEF: windows of five seconds, in the tables of 2021 and of 2026."""

from pathlib import Path
from typing import Any

from trainers.data.sources.assemble import Row
from trainers.data.sources.layout import recordings_below
from trainers.data.sources.moments import seconds, stamp_of
from trainers.data.sources.table import Table, read_table
from trainers.errors import DataError

LABEL_TABLES = ("train_soundscape_labels.csv", "train_soundscapes_labels.csv")
SOUNDSCAPE = "soundscape"
WINDOW_S = 5.0
NO_CALL = "nocall"


def labelled_windows(table: Path, folder: Path) -> tuple[list[Row], list[str]]:
    """The windows of a table as clips; `nocall` is an empty list of labels.

    Windows that the table repeats (2026 does) become one clip with the labels of all its rows.

    Args:
        table: one of `LABEL_TABLES`.
        folder: where the soundscapes are, beside the table.

    Returns:
        The clips, and what was noticed.

    Raises:
        DataError: a cell that can't be read, with its line.
    """
    rows = read_table(table, ())
    read = _of_2021 if "row_id" in rows.header else _of_2026
    windows: dict[tuple[str, float, float], Row] = {}
    repeated = 0
    for row in read(rows, folder):
        values = row.values
        first = windows.setdefault((values["path"], values["start_s"], values["duration_s"]), row)
        if first is not row:
            repeated += 1
            first.values["labels"] = list(dict.fromkeys([*first.values["labels"], *values["labels"]]))
    notes = [f"{table.name}: {repeated} rows repeat a window: their labels are joined"] if repeated else []
    return list(windows.values()), notes


def _of_2021(table: Table, folder: Path) -> list[Row]:
    """`row_id, site, audio_id, seconds, birds`: `seconds` is the end; the file is <audio_id>_<site>_<date>.ogg."""
    _check(table, ("row_id", "site", "audio_id", "seconds", "birds"))
    files = {"_".join(Path(name).stem.split("_")[:2]): name for name in recordings_below(folder)[0]}
    rows = []
    for place, cells in table.records():
        recording = f"{cells['audio_id'].strip()}_{cells['site'].strip()}"
        end = _time("seconds", cells["seconds"], place)
        window = (files.get(recording, f"{recording}_*.ogg"), end - WINDOW_S, WINDOW_S)
        values = {"clip_id": cells["row_id"].strip(), **_window(folder, *window, cells["birds"].split())}
        rows.append(Row(place, {**values, "site": cells["site"].strip()}))
    return rows


def _of_2026(table: Table, folder: Path) -> list[Row]:
    """`filename, start, end, primary_label`: times as hh:mm:ss, labels separated by `;`."""
    _check(table, ("filename", "start", "end", "primary_label"))
    rows = []
    for place, cells in table.records():
        start, end = _time("start", cells["start"], place), _time("end", cells["end"], place)
        labels = [name.strip() for name in cells["primary_label"].split(";") if name.strip()]
        name = cells["filename"].strip()
        values = {"clip_id": f"{Path(name).stem}_{end:.10g}", **_window(folder, name, start, end - start, labels)}
        rows.append(Row(place, values))
        if end <= start:
            raise DataError(f"{place}: the window ends at {end:g} s, before it starts at {start:g} s")
    return rows


def _check(table: Table, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in table.header]
    if missing:
        raise DataError(f"{table.path}:1: no column is called {missing[0]!r}. Known: {', '.join(table.header)}")


def _window(folder: Path, name: str, start: float, duration: float, labels: list[str]) -> dict[str, Any]:
    site, when = stamp_of(Path(name).stem)
    return {
        "path": f"{folder.name}/{name}",
        "start_s": start,
        "duration_s": duration,
        "labels": list(dict.fromkeys(label for label in labels if label != NO_CALL)),
        "site": site,
        "recorded_at": when,
        "collection": SOUNDSCAPE,
    }


def _time(name: str, text: str, place: str) -> float:
    value = seconds(text)
    if value is None:
        raise DataError(f"{place}: {name} is {text!r}, want a time. Try: 65 or 00:01:05")
    return value
