"""A terminal that shows a view again and again, and survives being resized."""

from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from tuneful.live.table import LiveTable
from tuneful.live.view import View


class Screen:
    """The live table at the bottom of a terminal; what is printed meanwhile stays above it.

    Lines that were as wide as the terminal break when it gets narrower, and the cursor can't be brought back to their
    beginning: after a change of size the screen is cleared and drawn anew.
    """

    def __init__(self, console: Console, view: Callable[[], View]) -> None:
        self._console, self._view = console, view
        self._size = console.size
        self._live = self._new()

    def start(self) -> None:
        """Begin to show it."""
        self._live.start()

    def refresh(self) -> None:
        """Show how things stand now."""
        if self._console.size != self._size:
            self._size = self._console.size
            self._live.stop()
            self._console.clear()
            self._live = self._new()
            self._live.start()
        self._live.refresh()

    def stop(self) -> None:
        """Leave the last state on the screen."""
        self._live.stop()

    def _new(self) -> Live:
        return Live(console=self._console, get_renderable=lambda: LiveTable(self._view()), auto_refresh=False)
