"""Tune pickles what it is given into its own state, which tuneful never reads back."""

from typing import Any


class Unsaved:
    """Pickles as an empty shell, so that Tune's state needs no copy of consoles, locks and studies."""

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: the ledger is the record."""
        return {}
