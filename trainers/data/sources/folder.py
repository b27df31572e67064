"""A folder per class: ROOT/<class>/**/*.wav (or ogg, flac, mp3, opus). Folders further below don't matter."""

from dataclasses import replace
from pathlib import Path

from trainers.data.sources.assemble import Row, SourceResult, assemble
from trainers.data.sources.layout import check_folder, nothing_there, recordings_below
from trainers.errors import DataError


def read_folder(path: Path, skip_refused: bool = False) -> SourceResult:
    """Read a folder whose subfolders are classes; names that begin with a dot are skipped.

    Args:
        path: the folder.
        skip_refused: leave recordings out that can't be used instead of refusing the folder.

    Raises:
        DataError: no such folder, no recordings in its subfolders, or recordings beside them.
    """
    check_folder(path, "class-per-folder")
    names, others = recordings_below(path)
    loose = [name for name in names if "/" not in name]
    if not names:
        raise nothing_there(path, "class-per-folder", "a recording in <class>/ (wav, ogg, flac, mp3, opus)")
    if loose:
        raise DataError(f"{path}: {len(loose)} recordings are in no class, such as {loose[0]}. Try: a folder per class")
    rows = [Row(str(path / name), {"path": name, "labels": [name.partition("/")[0]]}) for name in names]
    result = assemble(rows, path, path, skip_refused)
    notes = [f"{others} files that are no recordings are left alone"] if others else []
    return replace(result, notes=[*notes, *result.notes])
