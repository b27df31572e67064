"""Labels that a person reads as one, written in several ways."""

import unicodedata
from collections.abc import Iterable, Mapping

from trainers.errors import DataError


def plain(name: str) -> str:
    """A name without what tells look-alikes apart: case, space, invisible characters and Unicode form."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in folded if not letter.isspace() and unicodedata.category(letter) != "Cf")


def lookalikes(names: Iterable[str]) -> list[list[str]]:
    """The names that look the same, those of one look together, sorted."""
    spellings: dict[str, set[str]] = {}
    for name in names:
        spellings.setdefault(plain(name), set()).add(name)
    return sorted(sorted(same) for same in spellings.values() if len(same) > 1)


def refuse_lookalikes(places: Mapping[str, str]) -> None:
    """Refuse labels that look the same: a class would be two classes, each without the other's clips.

    Args:
        places: label -> FILE or FILE:LINE of its first clip.

    Raises:
        DataError: the first two, with their places.
    """
    for one, other, *_ in lookalikes(places):
        raise DataError(
            f"{places[other]}: labels that look the same: {shown(one)} ({places[one]}) and {shown(other)}. "
            "Try: one spelling"
        )


def shown(name: str) -> str:
    """In quotes; by its code points where the name alone wouldn't show how it differs."""
    ordinary = name.isprintable() and unicodedata.is_normalized("NFC", name)
    return repr(name) if ordinary and unicodedata.is_normalized("NFKC", name) else ascii(name)
