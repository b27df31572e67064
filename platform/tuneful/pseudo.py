"""From finished runs to a catalogue with pseudo-labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from trainers.data.catalogue import Catalogue, catalogue_folder, check_name, load_catalogue, save_catalogue
from trainers.data.prepare import open_catalogue
from trainers.data.sources.chorus.spec import PRESETS
from trainers.data.sources.pseudo import (
    PseudoLabels,
    PseudoOptions,
    Teacher,
    class_table,
    extended_clips,
    pseudo_label,
)
from trainers.errors import DataError
from tuneful.finished import FinishedRun
from tuneful.repeat import train_command

SOURCE = "pseudo"
SAMPLING_SHARE = 0.4
"""BirdCLEF+ 2025, 2nd place: `sampling_prob`"""


@dataclass(frozen=True)
class Pseudo:
    """A catalogue that was extended by pseudo-labels."""

    catalogue: Catalogue
    extends: str
    """name of the catalogue whose rows it has, too"""
    labels: PseudoLabels
    classes: pd.DataFrame
    """`trainers.data.sources.pseudo.class_table`"""
    command: str
    """trains the first run's configuration on it"""
    notes: tuple[str, ...]


def add_pseudo(name: str, runs: Sequence[FinishedRun], options: PseudoOptions) -> Pseudo:
    """Keep the runs' catalogue with pseudo-labelled clips under a new name; nothing is decoded or predicted.

    Raises:
        DataError: the name is taken by data that are no pseudo-labels, or the runs don't fit (`pseudo_label`).
    """
    extends = runs[0].spec.data.name
    _refuse_name(name, extends)
    catalogue = open_catalogue(extends)
    teachers = [_teacher(run) for run in runs]
    labels = pseudo_label(catalogue, teachers, options)
    for run in runs:
        if not run.trained_on(catalogue.digest):
            raise DataError(
                f"{run.where} was trained on other data than {extends} holds now, or by another version of tuneful. "
                "Try: train it again"
            )
    saved = save_catalogue(name, SOURCE, catalogue.folder, extended_clips(catalogue, labels))
    command = train_command(_recipe(runs[0]), runs[0].spec, _changes(name, options))
    return Pseudo(saved, extends, labels, class_table(catalogue, labels), command, tuple(_notes(runs)))


def _refuse_name(name: str, extends: str) -> None:
    check_name(name)
    if name in PRESETS:
        raise DataError(f"{name} is a built-in catalogue. Try: another name")
    if name == extends:
        raise DataError(f"{name} is what the runs were trained on, and stays as it is. Try: another name")
    if (catalogue_folder(name) / "catalogue.json").exists() and load_catalogue(name).source != SOURCE:
        raise DataError(f"{name} is a catalogue of recordings, not of pseudo-labels. Try: another name")


def _teacher(run: FinishedRun) -> Teacher:
    parts, classes = run.predictions()
    return Teacher(run.key, run.spec, tuple(parts), classes)


def _recipe(run: FinishedRun) -> str:
    return str((run.folder.definition() or {}).get("recipe", "chorus"))


def _changes(name: str, options: PseudoOptions) -> dict[str, object]:
    return {"data.name": name, "data.extra_train": [options.into], "sampling.extra_share": SAMPLING_SHARE}


def _notes(runs: Sequence[FinishedRun]) -> list[str]:
    """What a validation score after this would not say by itself."""
    held_out = {run.spec.data.model_dump_json(include={"split", "fold"}) for run in runs}
    if len(held_out) == 1:
        return []
    return [
        "the runs held out different clips, so those that any fold validates on have taught a pseudo-label: "
        "validation after this is flattered. For a clean one take runs of one split and fold, and validate on it"
    ]
