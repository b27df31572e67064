"""The local server of the review page: loopback only, and only for whoever knows the address it made up.

Every path begins with a fresh random token, which never leaves this machine: other users' processes and other pages
can neither read nor post. The Host header is checked, so that a name of somebody else's that is made to point at
127.0.0.1 (DNS rebinding) gets nowhere; the Origin header too, where a browser sends one.
"""

import json
import re
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from trainers.errors import DataError
from tuneful.review.answers import JSON, Answer, RefusedError, as_json, asked, bounds, headers
from tuneful.review.page import page
from tuneful.review.session import ReviewSession

LOOPBACK = "127.0.0.1"
MOST_BODY = 64 * 1024
IDLE_S = 60


class ReviewServer(ThreadingHTTPServer):
    """Serves one sitting until it is shut down."""

    daemon_threads = True

    def __init__(self, session: ReviewSession, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.session, self.token = session, secrets.token_urlsafe(24)

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`"""
        return f"http://{LOOPBACK}:{self.server_port}"

    @property
    def url(self) -> str:
        """Where the page is, token included."""
        return f"{self.origin}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tuneful", ""
    timeout = IDLE_S

    def do_GET(self) -> None:
        """The page, its data, and the sounds and spectrograms of clips."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Decisions and undos."""
        self._answer(self._post)

    def log_message(self, *_: Any) -> None:
        """Say nothing: addresses hold the token."""

    def _answer(self, respond: Callable[[str], None]) -> None:
        try:
            try:
                respond(self._path())
            except RefusedError as refused:
                self._send(as_json({"error": str(refused)}), refused.status)
            except DataError as error:
                self._send(as_json({"error": str(error)}), HTTPStatus.UNPROCESSABLE_ENTITY)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):  # the browser has gone elsewhere
            self.close_connection = True

    def _path(self) -> str:
        """What is asked for behind the token, if it may be."""
        own = {f"{name}:{self.server.server_port}" for name in (LOOPBACK, "localhost")}
        origin = self.headers.get("Origin")
        if self.headers.get("Host") not in own or (origin and origin.removeprefix("http://") not in own):
            self.close_connection = True
            raise RefusedError(HTTPStatus.FORBIDDEN, "this page is for this machine only")
        _, token, rest = [*self.path.split("/", 2), "", ""][:3]
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self.close_connection = True
            raise RefusedError(HTTPStatus.FORBIDDEN, "not the address that platform data review printed")
        return rest

    def _get(self, path: str) -> None:
        if path == "":
            nonce = secrets.token_urlsafe(16)
            self._send((page(nonce).encode(), "text/html; charset=utf-8"), nonce=nonce)
        elif path == "state":
            self._send(as_json(self.server.session.state()))
        elif found := re.fullmatch(r"clips/(\d{1,6})/(about|spectrogram\.png|sound\.wav)", path):
            self._clip(int(found[1]), found[2])
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such page")

    def _clip(self, place: int, what: str) -> None:
        session = self.server.session
        if what == "about":
            self._send(as_json(session.about(place)))
        elif what == "spectrogram.png":
            self._send((session.spectrogram(place), "image/png"))
        else:
            self._send_range((session.wav(place), "audio/wav"))

    def _post(self, path: str) -> None:
        body, session = self._body(), self.server.session
        if path == "undo":
            self._send(as_json(session.undo()))
        elif path == "decisions":
            self._send(as_json(session.decide(*asked(body))))
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such page")

    def _body(self) -> Any:
        size = self.headers.get("Content-Length", "")
        if self.headers.get("Content-Type") != JSON or not size.isdecimal() or int(size) > MOST_BODY:
            self.close_connection = True
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"a request must be {JSON} of at most {MOST_BODY} bytes")
        try:
            return json.loads(self.rfile.read(int(size)))
        except ValueError:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the request is no JSON") from None

    def _send_range(self, answer: Answer) -> None:
        """Content, or the part of it that is asked for: players seek by it (RFC 9110, 14)."""
        content, kind = answer
        part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not part or part[0] == "bytes=-":
            self._send(answer)
            return
        first, last = bounds(part[1], part[2], len(content))
        if first > last:
            self._send((b"", kind), HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"bytes */{len(content)}")
        else:
            self._send(
                (content[first : last + 1], kind), HTTPStatus.PARTIAL_CONTENT, f"bytes {first}-{last}/{len(content)}"
            )

    def _send(
        self, answer: Answer, status: HTTPStatus = HTTPStatus.OK, content_range: str = "", nonce: str = ""
    ) -> None:
        content, kind = answer
        self.send_response(status)
        for name, value in headers(kind, len(content), nonce).items():
            self.send_header(name, value)
        if content_range:
            self.send_header("Content-Range", content_range)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
