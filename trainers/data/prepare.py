"""Getting data ready before anything trains: the built-in catalogues made, the recordings decoded."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from trainers.data.catalogue import Catalogue, catalogue_folder, load_catalogue, save_catalogue
from trainers.data.sources.chorus.spec import PRESETS, RENDER_VERSION, ChorusSpec
from trainers.data.store import Store, content_hash
from trainers.home import home

Report = Callable[[str, int, int], None]


def open_catalogue(name: str, report: Report | None = None) -> Catalogue:
    """The catalogue called `name`; a built-in one is made when it isn't there or was made by another version.

    Args:
        name: as in `data.name`.
        report: called with (what is being done, done, in all).

    Raises:
        DataError: no catalogue of that name.
    """
    if name in PRESETS and not _made(name, PRESETS[name]):
        return add_chorus(name, PRESETS[name], report)
    return load_catalogue(name)


def add_chorus(name: str, spec: ChorusSpec, report: Report | None = None) -> Catalogue:
    """Make a chorus competition and add it as a catalogue called `name`."""
    from trainers.data.sources.chorus.make import make_chorus  # only here: making it needs scipy and soundfile

    folder = _chorus_folder(spec)
    tell = None if report is None else lambda done, total: report(f"making {name}", done, total)
    clips = make_chorus(spec, folder, os.cpu_count() or 1, tell)
    return save_catalogue(name, "chorus", folder, with_content(clips, folder))


def with_content(clips: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The clips with the content hash of each one's recording."""
    paths = sorted(set(clips["path"]))
    with ThreadPoolExecutor() as pool:  # hashlib works without the interpreter's lock
        hashes = dict(zip(paths, pool.map(lambda path: content_hash(folder / path), paths), strict=True))
    return clips.assign(content=clips["path"].map(hashes))


def recordings(catalogue: Catalogue) -> list[tuple[str, Path]]:
    """The content hash and the path of each recording, copies once."""
    return list(dict(zip(catalogue.clips["content"], catalogue.paths(catalogue.clips), strict=True)).items())


def prepare_store(catalogue: Catalogue, sample_rate: int, report: Report | None = None) -> None:
    """Decode what of the catalogue isn't in the store yet, on all cores of this machine.

    Raises:
        DataError: recordings that can't be decoded, each with its reason.
    """
    tell = None if report is None else lambda done, total: report(f"decoding {catalogue.name}", done, total)
    Store(sample_rate).prepare(recordings(catalogue), os.cpu_count() or 1, tell)


def _chorus_folder(spec: ChorusSpec) -> Path:
    text = f"{RENDER_VERSION} {spec.model_dump_json()}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return home() / "chorus" / digest


def _made(name: str, spec: ChorusSpec) -> bool:
    info = catalogue_folder(name) / "catalogue.json"
    return info.is_file() and load_catalogue(name).folder == _chorus_folder(spec)
