"""A bundle: a folder that predicts on a machine without network and without tuneful.

bundle.json           description, run keys, versions
classes.json          the classes, in the order of the columns
runs/<key>@<epoch>/   spec.json (resolved), model.safetensors
source/               the modules that the networks are made of
inference.py          recordings in, a table out
MANIFEST.json         SHA-256 of every file; its own is the bundle's digest
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import analysis
import trainers
import tuneful
from analysis.errors import UserError
from analysis.records.files import MANIFEST, write_atomically
from trainers.errors import SpecError
from trainers.models.spec import TimmSpec
from trainers.training.checkpoint_files import WEIGHTS
from tuneful.bundle.ensemble import classes_of_run
from tuneful.leaderboard.chosen import ChosenRun

SOURCES = (
    (trainers, "**/*.py"),
    (analysis, "__init__.py"),
    (analysis, "errors.py"),
    (analysis, "metrics/*.py"),
    (analysis, "proxies/__init__.py"),
    (analysis, "proxies/names.py"),
)
"""What `trainers.inference` is made of: all of the trainers, and of the analysis the names of metrics and errors."""
INFERENCE = Path(__file__).with_name("inference.py")


@dataclass(frozen=True)
class Bundle:
    """What was written."""

    digest: str
    """16 hexadecimal digits, for `platform leaderboard add --bundle`"""
    description: str
    """for the competition's site: run keys with their epochs, so that an export of it can be matched"""
    members: int
    size: int
    """bytes"""


def write_bundle(chosen: Sequence[ChosenRun], to: Path) -> Bundle:
    """Write runs as a bundle: the folder appears when all of it is there.

    Raises:
        SpecError: a network needs files beside its weights, the runs know other classes, or an epoch isn't kept.
        UserError: the folder is there already.
    """
    if to.exists():
        raise UserError(f"{to} is there already. Try: another folder, or remove it")
    classes = _common_classes(chosen)
    for one in chosen:
        _refuse_encoder(one)
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f".{to.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        made = _fill(partial, chosen, classes)
        partial.rename(to)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return made


def description_of(chosen: Sequence[ChosenRun]) -> str:
    """`tuneful 0123456789abcdef@12 fedcba9876543210@7`"""
    return " ".join(["tuneful", *(f"{one.run.key}@{one.epoch}" for one in chosen)])


def _fill(folder: Path, chosen: Sequence[ChosenRun], classes: tuple[str, ...]) -> Bundle:
    folder.mkdir()
    members = [_write_member(folder, one) for one in chosen]
    description = description_of(chosen)
    about = {"description": description, "tuneful": tuneful.__version__, "members": members}
    _write_json(folder / "bundle.json", about)
    _write_json(folder / "classes.json", classes)
    shutil.copyfile(INFERENCE, folder / "inference.py")
    _copy_sources(folder / "source")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    _write_json(folder / MANIFEST, sums)
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:16]
    return Bundle(digest, description, len(members), sum(path.stat().st_size for path in files))


def _write_member(folder: Path, one: ChosenRun) -> dict[str, Any]:
    own = folder / "runs" / f"{one.run.key}@{one.epoch}"
    own.mkdir(parents=True)
    _write_json(own / "spec.json", one.run.spec.resolved())
    shutil.copyfile(one.checkpoint / WEIGHTS, own / WEIGHTS)
    sweep, trial = one.run.folder.name, one.run.trial.name
    return {
        "folder": own.relative_to(folder).as_posix(),
        "run": one.run.key,
        "epoch": one.epoch,
        "sweep": sweep,
        "trial": trial,
    }


def _copy_sources(to: Path) -> None:
    for package, pattern in SOURCES:
        root = Path(str(package.__file__)).parent
        for path in root.glob(pattern):
            target = to / root.name / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _common_classes(chosen: Sequence[ChosenRun]) -> tuple[str, ...]:
    first = classes_of_run(chosen[0])
    for one in chosen[1:]:
        if classes_of_run(one) != first:
            raise SpecError(f"{one.run.where} knows other classes than the first run. Try: runs of one catalogue")
    return first


def _refuse_encoder(one: ChosenRun) -> None:
    if not isinstance(one.run.spec.model, TimmSpec):
        raise SpecError(
            f"{one.run.where} is an encoder of transformers, whose configuration comes from a hub: a bundle of it "
            "could not be used offline. Try: platform predict, or a run with model.name=timm"
        )


def _write_json(path: Path, value: Any) -> None:
    write_atomically(path, json.dumps(value, indent=1, ensure_ascii=False).encode())
