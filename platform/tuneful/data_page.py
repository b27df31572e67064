"""The page of a catalogue: its recordings measured, examples drawn, all put together."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from analysis.eda import DataView, catalogue_page
from analysis.records.files import write_atomically
from trainers.data.audio_facts.collect import audio_facts
from trainers.data.audio_facts.examples import example_clips
from trainers.data.catalogue import Catalogue
from trainers.data.sources.spelling import lookalikes

NAMED = ("author", "site", "subject", "collection")


def data_view(catalogue: Catalogue, sample: int, report: Callable[[str, int, int], None] | None = None) -> DataView:
    """Look at a catalogue, for a page or a notebook: ``class_figure(data_view(catalogue, 100)).show()``.

    Args:
        catalogue: what is looked at.
        sample: how many recordings are measured at most; with 0, none is opened and no example is drawn.
        report: called with (what is being done, done, in all).
    """
    audio = audio_facts(catalogue, sample, report)
    view = DataView(
        catalogue.name, catalogue.source, catalogue.digest, catalogue.clips, audio, spellings=_spellings(catalogue)
    )
    if not sample:
        return view
    examples, max_hz = example_clips(catalogue, view)
    return replace(view, examples=examples, max_hz=max_hz)


def write_data_page(view: DataView, path: Path) -> None:
    """Write the page whole or not at all.

    Raises:
        RecordsError: it can't be written there.
    """
    write_atomically(path, catalogue_page(view).encode())


def _spellings(catalogue: Catalogue) -> dict[str, list[list[str]]]:
    clips = catalogue.clips
    names = {"label": {*clips["labels"].explode().dropna(), *clips["secondary_labels"].explode().dropna()}}
    names |= {column: set(clips[column].dropna()) for column in NAMED}
    return {column: same for column, values in names.items() if (same := lookalikes(values))}
