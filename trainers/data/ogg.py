"""Whether an Ogg file is all there: libsndfile reads one that was cut within its last page as a shorter one."""

import os
from pathlib import Path

HEADER_BYTES = 27
MOST_SEGMENTS = 255
LONGEST_PAGE_BYTES = HEADER_BYTES + MOST_SEGMENTS + MOST_SEGMENTS * 255
"""A page's header has up to 255 lacing values, each of up to 255 bytes (RFC 3533, section 6)."""
CAPTURE_PATTERN = b"OggS\0"
"""Every page begins with it: the four letters and version 0."""
END_OF_STREAM = 0x04


def is_cut(path: Path) -> bool:
    """Whether the last page of an Ogg file is incomplete or isn't marked as the end of its stream.

    Bytes after the last page, such as tags, do no harm.
    """
    tail = _tail(path)
    start = tail.rfind(CAPTURE_PATTERN)
    if start < 0:  # the end of a page that is cut lies no farther from its beginning than this
        return False
    page = tail[start:]
    return len(page) < HEADER_BYTES or len(page) < _length(page) or not page[5] & END_OF_STREAM


def _length(page: bytes) -> int:
    """Bytes of a page by its header; of one whose header is cut, at least as many as that lacks."""
    segments = page[HEADER_BYTES - 1]
    return HEADER_BYTES + segments + sum(page[HEADER_BYTES : HEADER_BYTES + segments])


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - LONGEST_PAGE_BYTES))
        return file.read()
