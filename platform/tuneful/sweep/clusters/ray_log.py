"""What Ray says of itself, kept in the sweep's `ray.log`: its loggers at once, its processes' logs at the end."""

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

FILE = "ray.log"
LOGGERS = ("ray", "ray.tune", "ray.train")
PARTS = (
    "raylet.*",
    "gcs_server.*",
    "monitor.err",
    "dashboard*.err",
    "dashboard.log",
    "python-core-driver-*",
    "worker-*",
)
"""Files of Ray's session that tell why something died."""
TAIL_BYTES = 20_000
"""Kept of each of them."""
LONGEST_BYTES = 4_000_000
"""A log of earlier starts beyond this is begun anew."""


class _Handler(logging.FileHandler):
    """A log that can't be written is gone without: Python would print a traceback for each line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Append a line, opening the file at the first."""
        with contextlib.suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, logging's own name
        """Nothing."""


@contextlib.contextmanager
def kept_ray_log(folder: Path, session_logs: Path) -> Iterator[None]:
    """Keep Ray's chatter in the folder of a sweep for the time of the context, and off the terminal.

    Args:
        folder: of the sweep.
        session_logs: where Ray's processes write theirs; it is gone with the cluster.
    """
    path = folder / FILE
    with contextlib.suppress(OSError):
        if path.exists() and path.stat().st_size > LONGEST_BYTES:
            path.unlink()
    handler = _Handler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    before = [_redirect(logging.getLogger(name), handler) for name in LOGGERS]
    try:
        yield
    finally:
        for logger, handlers, propagate, level in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        handler.close()
        with contextlib.suppress(OSError):  # a log must not be why a sweep fails
            _append_tails(path, session_logs)


def _redirect(
    logger: logging.Logger, handler: logging.Handler
) -> tuple[logging.Logger, list[logging.Handler], bool, int]:
    before = (logger, list(logger.handlers), logger.propagate, logger.level)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    return before


def _append_tails(path: Path, session_logs: Path) -> None:
    with path.open("ab") as log:
        log.write(f"==== Ray's processes, {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        for part in sorted({file for pattern in PARTS for file in session_logs.glob(pattern)}):
            if part.stat().st_size:
                log.write(f"---- {part.name}\n".encode() + _tail(part) + b"\n")


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read()
