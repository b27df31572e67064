"""Spectrograms of example clips, a row per class, a column per subset."""

from analysis.eda.parts import Absent, Section, SheetRow
from analysis.eda.view import TRAIN, DataView, Example

TITLE = "What it looks like"


def sheets_section(view: DataView) -> Section | Absent:
    """Examples of the most and the least frequent classes, and of clips without labels."""
    if not view.examples:
        return Absent(TITLE, "no clip could be drawn")
    subsets = sorted({example.subset for example in view.examples}, key=lambda name: (name != TRAIN, name))
    labels = list(dict.fromkeys(example.label for example in view.examples))
    rows = [SheetRow(_title(view, label), [_cell(view, label, subset) for subset in subsets]) for label in labels]
    note = (
        f"Log-mel spectrograms up to {view.max_hz / 1000:g} kHz from a clip's start, as wide as they are long, loud is "
        "dark, white is 70 dB below a picture's loudest. First the most frequent classes, then the rarest, then clips "
        "without labels; the subsets side by side."
    )
    return Section(TITLE, note, sheet=rows, sheet_header=subsets)


def _title(view: DataView, label: str) -> str:
    return f"{label} ({view.classes['clips'][label]})" if label else "not labelled"


def _cell(view: DataView, label: str, subset: str) -> list[tuple[str, str, float]]:
    examples = [each for each in view.examples if each.label == label and each.subset == subset]
    longest = max(each.seconds for each in view.examples)
    return [(each.image, _caption(each), each.seconds / longest) for each in examples]


def _caption(example: Example) -> str:
    return f"{example.clip_id}, {example.seconds:.2g} s"
