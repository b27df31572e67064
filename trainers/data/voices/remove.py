"""A catalogue without voices: its clips with speech dropped, cut, joined or silenced."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trainers.config.paths import nearest
from trainers.data.catalogue import Catalogue, catalogue_folder, check_name, load_catalogue, save_catalogue
from trainers.data.prepare import Report
from trainers.data.sources.chorus.spec import PRESETS
from trainers.data.voices.actions import ACTIONS, Clip, Left
from trainers.data.voices.detect import Speech
from trainers.data.voices.edits import Edit, Edited, write_edits
from trainers.data.voices.summary import speech_in_clips
from trainers.errors import DataError, SpecError
from trainers.home import home

SOURCE = "voices"
DONE, SECONDS = "extra_voice", "extra_voice_s"
"""Columns: what was done about the speech in a clip, and how many seconds of it there were; null without any."""
ORIGINALS = "original"
"""Link to the recordings of the old catalogue, beside those that were written anew: the paths in the new catalogue,
and so its digest, don't depend on where the two lie."""


@dataclass(frozen=True)
class Wish:
    """What is to become of clips with speech."""

    name: str
    """of the new catalogue"""
    action: str
    """of ACTIONS"""
    least_s: float = 1.0
    """a clip of which less is left goes, too"""
    subsets: tuple[str, ...] = ()
    """whose clips are meant; none: all"""

    def __post_init__(self) -> None:
        """Refuse an action that isn't there, and a length that is none."""
        if self.action not in ACTIONS:
            raise SpecError(f"no action is called {self.action!r}. {nearest(self.action, ACTIONS)}")
        if not 0 < self.least_s < float("inf"):
            raise SpecError(f"what is left of a clip must be > 0 s, got {self.least_s:g}. Try: 1")


@dataclass(frozen=True)
class Removal:
    """A new catalogue, and what became of the clips with speech."""

    catalogue: Catalogue
    changed: int
    dropped: int
    classes_lost: tuple[str, ...]
    """that no training clip has any more"""


def remove_voices(
    catalogue: Catalogue, speech: Mapping[str, Speech], wish: Wish, report: Report | None = None
) -> Removal:
    """Keep a catalogue without speech under a new name; the old one and its recordings stay as they are.

    Raises:
        DataError: the name is taken by other data, there is no speech, nothing is left, or a recording can't be
            decoded.
    """
    refuse_name(wish.name, catalogue.name)
    seconds = speech_in_clips(catalogue.clips, speech)
    spoken = catalogue.clips[(seconds > 0) & _meant(catalogue, wish)]
    if spoken.empty:
        raise DataError(f"no clip of {catalogue.name} that is meant holds speech. Try: {catalogue.name} as it is")
    left = {index: one for index, one in _left(spoken, speech, wish) if one.sound_s >= wish.least_s}
    kept = catalogue.clips.drop(index=spoken.index.difference(list(left)))
    if kept.empty:
        raise DataError(f"nothing of {catalogue.name} would be left. Try: --do mute, or a shorter --least-s")
    written, folder = _write(catalogue, left.values(), report)
    changed = _changed(kept, left, written, _meant(catalogue, wish))
    _note(changed, wish.action, seconds[list(left)])
    saved = save_catalogue(wish.name, SOURCE, folder, changed)
    lost = sorted(set(catalogue.classes) - set(saved.classes))
    return Removal(saved, len(left), len(spoken) - len(left), tuple(lost))


def refuse_name(name: str, old: str) -> None:
    """Raise DataError unless the new catalogue may have that name: free, or that of another one without voices."""
    check_name(name)
    if name in PRESETS:
        raise DataError(f"{name} is a built-in catalogue. Try: another name")
    if name == old:
        raise DataError(f"{name} is the catalogue itself, which stays as it is. Try: another name")
    if (catalogue_folder(name) / "catalogue.json").exists() and load_catalogue(name).source != SOURCE:
        raise DataError(f"{name} is a catalogue of other data. Try: another name")


def _meant(catalogue: Catalogue, wish: Wish) -> pd.Series:
    """Whether each clip is of the subsets that are meant."""
    subsets = catalogue.clips["subset"].fillna("train")
    for name in wish.subsets:
        if name not in set(subsets):
            raise DataError(f"{catalogue.name} has no subset {name!r}. {nearest(name, sorted(set(subsets)))}")
    return subsets.isin(wish.subsets or set(subsets))


def _left(spoken: pd.DataFrame, speech: Mapping[str, Speech], wish: Wish) -> Iterable[tuple[int, Left]]:
    columns = spoken[["content", "start_s", "duration_s"]]
    for index, content, start, length in columns.itertuples():
        left = ACTIONS[wish.action](Clip(content, start, start + length, speech[content].stretches))
        if left is not None:
            yield index, left


def _write(catalogue: Catalogue, left: Iterable[Left], report: Report | None) -> tuple[dict[Edit, Edited], Path]:
    """Write the recordings that change; without any, the folder stays the old one."""
    edits = sorted({one.edit for one in left if one.edit is not None}, key=lambda edit: edit.stem)
    if not edits:
        return {}, catalogue.folder
    text = json.dumps([catalogue.digest, [edit.stem for edit in edits]])
    folder = home() / "voices" / hashlib.sha256(text.encode()).hexdigest()[:12]
    originals = dict(zip(catalogue.clips["content"], catalogue.paths(catalogue.clips), strict=True))
    written = write_edits([(edit, originals[edit.content]) for edit in edits], folder, report)
    _link(folder / ORIGINALS, catalogue.folder)
    return written, folder


def _link(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.symlink_to(target, target_is_directory=True)
    temporary.replace(link)


def _changed(
    kept: pd.DataFrame, left: Mapping[int, Left], written: Mapping[Edit, Edited], meant: pd.Series
) -> pd.DataFrame:
    """The rows of the new catalogue."""
    rows = kept.astype(object)
    if written:
        rows["path"] = [str(Path(ORIGINALS) / path) for path in rows["path"]]
    for index, one in left.items():
        rows.loc[index, ["start_s", "duration_s"]] = one.start_s, one.duration_s
        if one.edit is not None and one.edit.change == "join":
            file = written[one.edit]
            rows.loc[index, ["path", "content", "duration_s"]] = file.path.name, file.content, file.duration_s
    # A silenced recording is one for all its clips, those without speech too: they may be each other's context.
    silenced = {edit.content: file for edit, file in written.items() if edit.change == "mute"}
    alike = rows.index[rows["content"].isin(silenced) & meant[rows.index]]
    files = [silenced[content] for content in rows.loc[alike, "content"]]
    rows.loc[alike, "path"] = [file.path.name for file in files]
    rows.loc[alike, "content"] = [file.content for file in files]
    return rows


def _note(rows: pd.DataFrame, action: str, seconds: pd.Series) -> None:
    if seconds.empty:
        return
    for column in (DONE, SECONDS):
        if column not in rows:
            rows[column] = pd.Series(None, index=rows.index, dtype=object)
    rows.loc[seconds.index, DONE] = action
    rows.loc[seconds.index, SECONDS] = seconds
