"""Spectrograms of example clips, a row per class, its subsets side by side."""

from analysis.eda.parts import Absent, Section, SheetRow
from analysis.eda.view import TRAIN, DataView, Example

TITLE = "What it looks like"


def sheets_section(view: DataView) -> Section | Absent:
    """Examples of the most and the least frequent classes, and of clips without labels."""
    if not view.examples:
        return Absent(TITLE, "no clip could be drawn")
    subsets = sorted({example.subset for example in view.examples}, key=lambda name: (name != TRAIN, name))
    labels = list(dict.fromkeys(example.label for example in view.examples))
    rows = [
        SheetRow(_title(view, label), [(subset, cell) for subset in subsets if (cell := _cell(view, label, subset))])
        for label in labels
    ]
    note = (
        f"Log-mel spectrograms up to {view.max_hz / 1000:.3g} kHz of a clip's start, as wide as long; loud is "
        "dark, white is 70 dB below a picture's loudest. First the most frequent classes, then the rarest, then clips "
        "without labels; the subsets side by side."
    )
    return Section(TITLE, note, sheet=rows)


def _title(view: DataView, label: str) -> str:
    return f"{label} ({view.classes['clips'][label]})" if label else "not labelled"


def _cell(view: DataView, label: str, subset: str) -> list[tuple[str, str, float]]:
    examples = [each for each in view.examples if each.label == label and each.subset == subset]
    longest = max(each.seconds for each in view.examples)
    return [(each.image, _caption(each), each.seconds / longest) for each in examples]


def _caption(example: Example) -> str:
    return f"{example.clip_id}, {example.seconds:.2g} s"
