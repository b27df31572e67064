"""The pieces of an answer: headers, JSON, what a request asks for."""

import json
from http import HTTPStatus
from typing import Any

JSON = "application/json"
MEDIA = ("image/png", "audio/wav")
Answer = tuple[bytes, str]
"""content and its type"""


class RefusedError(Exception):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


def headers(kind: str, size: int, nonce: str) -> dict[str, str]:
    """Of an answer. Nothing may be fetched, embedded or run but what this server serves."""
    own = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; " if nonce else ""
    policy = (
        f"default-src 'none'; {own}img-src 'self' data:; media-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Type": kind,
        "Content-Length": str(size),
        "Content-Security-Policy": policy,
        "Accept-Ranges": "bytes" if kind == "audio/wav" else "none",
        "Cache-Control": "private, max-age=600" if kind in MEDIA else "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def as_json(value: Any) -> Answer:
    """A value as JSON."""
    return json.dumps(value, allow_nan=False).encode(), JSON


def asked(body: Any) -> tuple[int, str, list[str] | None]:
    """The clip's place, the decision and its labels."""
    try:
        place, kind, labels = body["clip"], body["decision"], body.get("labels")
    except (TypeError, KeyError, AttributeError):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a decision has a clip and a decision") from None
    listed = labels is None or (isinstance(labels, list) and all(isinstance(name, str) for name in labels))
    if type(place) is not int or not isinstance(kind, str) or not listed:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a decision is a number, a word and a list of labels")
    return place, kind, None if labels is None else list(dict.fromkeys(labels))


def bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte of `first-last`, `first-` or `-count`."""
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
