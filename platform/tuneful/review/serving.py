"""The review page while somebody works with it: served until Ctrl-C, opened in a browser."""

import os
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from trainers.errors import DataError
from tuneful.review.server import ReviewServer
from tuneful.review.session import ReviewSession


def serve(session: ReviewSession, port: int, browser: bool, tell: Callable[[str], None]) -> None:
    """Serve a sitting until Ctrl-C.

    Args:
        session: the sitting.
        port: of the page; 0: one that is free.
        browser: open the page in one, where there is one.
        tell: hears the page's address once it can be opened.

    Raises:
        DataError: the port is taken.
    """
    try:
        server = ReviewServer(session, port)
    except OSError as error:
        raise DataError(f"port {port} can't be used ({error.strerror}). Try: --port 0, any that is free") from None
    with server, _opened(server.url) if browser else _nothing():
        tell(server.url)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return


@contextmanager
def _opened(url: str) -> Iterator[None]:
    """The page in a browser.

    Whoever is logged in to the machine sees the arguments of other people's processes, so the browser is given a file
    that only this user can read, and that leads to the page.
    """
    descriptor, name = tempfile.mkstemp(prefix="tuneful-review-", suffix=".html")
    with os.fdopen(descriptor, "w") as file:
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={escape(url)}"><title>Review</title>')
    threading.Thread(target=webbrowser.open, args=(Path(name).as_uri(),), daemon=True).start()
    try:
        yield
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
