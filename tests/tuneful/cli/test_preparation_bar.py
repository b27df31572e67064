"""Bars of preparation give the terminal back: what comes next draws a table of its own there."""

import io
import time

from rich.console import Console

from tuneful.cli import shared


def test_a_bar_that_is_done_draws_no_more(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(shared, "console", console)
    with shared.preparation() as report:
        report("decoding", 0, 2)
        report("decoding", 1, 2)
        report("decoding", 2, 2)
        drawn = console.file.getvalue()
        assert "decoding" in drawn
        time.sleep(0.4)
        assert console.file.getvalue() == drawn
        report("splitting", 0, 1)
    after = console.file.getvalue()
    time.sleep(0.4)
    assert console.file.getvalue() == after
