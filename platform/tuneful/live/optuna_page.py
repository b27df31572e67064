"""optuna-dashboard on a sweep's study, served on loopback until Ctrl-C. The package is optional."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from analysis.errors import UserError
from trainers.errors import SpecError
from tuneful.live.study import StudyFile

HOST = "127.0.0.1"
UPDATE_S = 5.0
INSTALL = "pip install 'tuneful[dashboard]'"
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing: a line for each request tells a person nothing."""


def installed() -> bool:
    """Whether optuna-dashboard is there."""
    from importlib.util import find_spec

    return find_spec("optuna_dashboard") is not None


def require() -> None:
    """Refuse to go on without optuna-dashboard.

    Raises:
        SpecError: it is not installed.
    """
    if not installed():
        raise SpecError(f"optuna-dashboard is not installed. Try: {INSTALL}")


def serve(study: StudyFile, port: int, tell: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C, with the trials that end meanwhile.

    Args:
        study: the study.
        port: of the page; 0: one that is free.
        tell: hears the page's address once it can be opened.

    Raises:
        SpecError: optuna-dashboard is not installed, or the port is taken.
    """
    require()
    from optuna_dashboard import wsgi  # type: ignore[import-not-found]  # optional

    try:
        server = make_server(HOST, port, guarded(wsgi(study.storage)), _Server, _Quiet)
    except OSError as error:
        raise SpecError(f"port {port} can't be used ({error.strerror}). Try: --port 0, any that is free") from None
    over = threading.Event()
    threading.Thread(target=_keep_up, args=(study, over), daemon=True, name="study").start()
    with server:
        tell(f"http://{HOST}:{server.server_port}")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return
        finally:
            over.set()


def guarded(app: App) -> App:
    """The page for reading, and for this machine's browsers only.

    The study is made from the sweep's records, so a change of it would be lost. The name that a request asks for is
    checked because a page of another site may have its own name point to 127.0.0.1.
    """

    def checked(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name = str(environ.get("HTTP_HOST", "")).rsplit(":", 1)[0]
        if name not in (HOST, "localhost") or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start("403 Forbidden", [("Content-Type", "application/json")])
            return [b'{"reason": "a study of tuneful is for reading: change the sweep"}']
        return app(environ, start)

    return checked


def _keep_up(study: StudyFile, over: threading.Event) -> None:
    while not over.wait(UPDATE_S):
        with suppress(UserError, OSError):  # a record that can't be read now; the page shows what it has
            study.update()
