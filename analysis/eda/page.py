"""The page of a catalogue: one HTML file that needs nothing else, figures first."""

from collections.abc import Callable

from analysis.eda.amounts import durations_section, values_section
from analysis.eda.bandwidth import bandwidth_section
from analysis.eda.classes import classes_section
from analysis.eda.columns import missing_section, spellings_section
from analysis.eda.labels import labels_section
from analysis.eda.origins import COLUMNS, origins_section, single_source
from analysis.eda.parts import Absent, Section
from analysis.eda.place_and_time import place_section, time_section
from analysis.eda.problems import problem_counts, problems_section
from analysis.eda.sheets import sheets_section
from analysis.eda.sound import formats_section, levels_section
from analysis.eda.view import DataView
from analysis.report.html import render
from analysis.report.words import count, listed

SECTIONS: tuple[Callable[[DataView], Section | Absent], ...] = (
    classes_section,
    labels_section,
    origins_section,
    sheets_section,
    bandwidth_section,
    problems_section,
    levels_section,
    formats_section,
    durations_section,
    values_section,
    time_section,
    place_section,
    missing_section,
    spellings_section,
)
"""In the order of the page."""


def catalogue_page(view: DataView) -> str:
    """Return the look at a catalogue as one self-contained HTML page.

    As the sweep's report: nothing is fetched, every name is text. A section without data is one line at the end that
    says why. Counts are aggregated before they are drawn: the page of 30,000 clips of 250 classes has about 6 MB, of
    which plotly's script is 4.7.
    """
    parts = [section(view) for section in SECTIONS]
    return render(
        "eda/page.html.j2",
        name=view.name,
        source=view.source,
        digest=view.digest,
        tiles=tiles(view),
        answer=answer(view),
        warnings=warnings(view),
        sections=[part for part in parts if isinstance(part, Section)],
        absent=[part for part in parts if isinstance(part, Absent)],
    )


def answer(view: DataView) -> str:
    """The catalogue in a sentence."""
    clips, hours = view.clips, view.clips["duration_s"].sum() / 3600
    amount = f"{hours:,.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
    return f"{len(clips):,} clips of {len(view.classes):,} classes, {amount}"


def tiles(view: DataView) -> list[tuple[str, str]]:
    """Label and value of the numbers at the top."""
    hours = view.clips["duration_s"].sum() / 3600
    return [
        ("clips", f"{len(view.clips):,}"),
        ("recordings", f"{view.clips['recording_id'].nunique():,}"),
        ("hours", f"{hours:,.1f}" if hours >= 10 else f"{hours:.2f}"),
        ("classes", f"{len(view.classes):,}"),
        ("subsets", f"{view.subset.nunique()}"),
        ("unlabelled clips", f"{view.clips['labels'].isna().sum():,}"),
        ("recordings measured", f"{len(view.measured):,}"),
    ]


def warnings(view: DataView) -> list[str]:
    """What spoils results when nobody looks: dependence on one source, recordings to listen to, double names."""
    return [*_dependence(view), *_sound(view), *_names(view)]


def _dependence(view: DataView) -> list[str]:
    found = []
    for column, plural in COLUMNS.items():
        if len(view.classes) and view.labelled[column].nunique() > 1 and (alone := single_source(view, column)):
            found.append(
                f"{alone} of {len(view.classes)} classes have all their clips from one {column}: scores on other "
                f"{plural} can't be measured for them, and random folds flatter."
            )
    return found


def _sound(view: DataView) -> list[str]:
    if view.measured.empty:
        return []
    counts = [f"{n} {name}" for name, n in problem_counts(view).items() if n]
    unread = int(view.audio["reason"].notna().sum())
    counts += [f"{unread} unreadable"] if unread else []
    return [f"Of {count(len(view.audio), 'recording')} looked at, {listed(counts)}."] if counts else []


def _names(view: DataView) -> list[str]:
    doubled = sum(len(sets) for sets in view.spellings.values())
    return [f"{count(doubled, 'name')} with several spellings."] if doubled else []
