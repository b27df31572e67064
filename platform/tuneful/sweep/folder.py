"""A sweep's folder and the question it was made for."""

from typing import Any

from analysis.errors import RecordsError
from analysis.records.files import remove_temporaries
from analysis.records.sweep import SweepFolder

MAY_CHANGE = frozenset({"trials", "max_hours", "confirm", "resources", "allow", "name", "warnings"})
"""What may differ when the same sweep is started again: how long and on what, not what is asked."""


def adopt(folder: SweepFolder, definition: dict[str, Any]) -> None:
    """Make the folder this sweep's, or refuse when it holds the results of another question.

    Raises:
        RecordsError: names what differs.
    """
    old = folder.definition()
    if old is not None:
        different = sorted(
            name
            for name in old.keys() | definition.keys()
            if name not in MAY_CHANGE and old.get(name) != definition.get(name)
        )
        if different:
            raise RecordsError(
                f"{folder.path} holds a sweep that asked something else ({', '.join(different)} differ). "
                f"Try: --name {folder.name}-2, or remove the folder"
            )
        if old.get("resources", {}).get("workers") != definition.get("resources", {}).get("workers"):
            raise RecordsError(
                f"{folder.path}: resources.workers is part of every run's key. Try: --name {folder.name}-2"
            )
    remove_temporaries(folder.path / "trials")
    folder.write_definition(definition)
