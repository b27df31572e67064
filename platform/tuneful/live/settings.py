"""Settings of trials as a person reads them: what differs, by names as short as they can be told apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tuneful.cli.plain import plain

LONGEST = 24
"""Characters of a value; what is longer is cut."""


def differing(trials: Sequence[Mapping[str, Any]]) -> list[str]:
    """The paths whose value is not the same in all trials, in the order of the first that has them; of one all."""
    paths = list(dict.fromkeys(path for settings in trials for path in settings))
    if len(trials) < 2:
        return paths
    return [path for path in paths if len({_told(settings, path) for settings in trials}) > 1]


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Each path by its last parts, as few as tell it from the others: `lr`, `loss.name`, `mixing.name`."""
    paths = list(paths)
    names: dict[str, str] = {}
    for path in paths:
        parts = path.split(".")
        tails = (".".join(parts[-count:]) for count in range(1, len(parts) + 1))
        names[path] = next(
            (tail for tail in tails if sum(_ends(other, tail) for other in paths) == 1),
            path,
        )
    return {path: plain(name) for path, name in names.items()}


def cut_apart(names: Sequence[str], longest: int) -> list[str]:
    """Names of at most `longest` characters: cut at their ends, and in the middle where they would be alike then."""
    cut = [_cut(name, longest) for name in names]
    return [
        one if cut.count(one) == 1 else _cut_in_the_middle(name, longest) for one, name in zip(cut, names, strict=True)
    ]


def value_text(value: Any, longest: int = LONGEST) -> str:
    """A value in few characters: numbers to three digits, control characters escaped, what is long cut."""
    return _cut(_number(value) if isinstance(value, float) else plain(str(value)), longest)


def settings_text(settings: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """`lr=0.00123 name=focal`: the settings that `names` gives a name, or all by their whole paths."""
    names = {path: plain(path) for path in settings} if names is None else names
    return " ".join(f"{names[path]}={value_text(settings[path])}" for path in names if path in settings)


def _number(value: float) -> str:
    return f"{value:.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"  # Hz, not 4.8e+03


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _cut_in_the_middle(text: str, longest: int) -> str:
    tail = longest // 2
    return text if len(text) <= longest else f"{text[: longest - tail - 1]}…{text[-tail:]}"


def _ends(path: str, tail: str) -> bool:
    return path == tail or path.endswith(f".{tail}")


def _told(settings: Mapping[str, Any], path: str) -> str:
    return repr(settings[path]) if path in settings else ""
