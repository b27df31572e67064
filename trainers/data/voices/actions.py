"""What can be done about speech in a clip. `longest` and `join` are what BirdCLEF+ 2025's runs 011-2 and -3 did."""

from collections.abc import Callable
from dataclasses import dataclass

from trainers.data.voices.edits import Edit
from trainers.data.voices.stretches import Stretches, outside, total

SHORTEST_PIECE_S = 0.5
"""`join`: shorter gaps are a speaker's pauses, not song"""


@dataclass(frozen=True)
class Clip:
    """A clip with speech; times in seconds of its recording."""

    content: str
    """of its recording, SHA-256"""
    start_s: float
    end_s: float
    speech: Stretches
    """of the whole recording"""

    @property
    def pieces(self) -> Stretches:
        """The clip without the speech."""
        return outside(self.speech, self.start_s, self.end_s)


@dataclass(frozen=True)
class Left:
    """What is left of a clip."""

    start_s: float
    duration_s: float
    sound_s: float
    """what of it isn't silenced"""
    edit: Edit | None = None
    """None: the recording stays as it is"""


def drop(clip: Clip) -> Left | None:
    """Nothing."""
    del clip
    return None


def longest(clip: Clip) -> Left | None:
    """The longest stretch without speech, the first of several; no audio is written."""
    start, end = max(clip.pieces, key=lambda piece: piece[1] - piece[0], default=(0.0, 0.0))
    return Left(start, end - start, end - start)


def join(clip: Clip) -> Left | None:
    """The stretches without speech, one after the other."""
    pieces = [(start, end) for start, end in clip.pieces if end - start >= SHORTEST_PIECE_S]
    if len(pieces) < 2:
        return longest(clip)
    seconds = total(pieces)
    return Left(0.0, seconds, seconds, Edit(clip.content, "join", tuple(pieces)))


def mute(clip: Clip) -> Left | None:
    """The clip, with silence in place of the speech. The whole recording is silenced, once for all its clips."""
    length = clip.end_s - clip.start_s
    return Left(clip.start_s, length, total(clip.pieces), Edit(clip.content, "mute", tuple(clip.speech)))


ACTIONS: dict[str, Callable[[Clip], Left | None]] = {"drop": drop, "longest": longest, "join": join, "mute": mute}
"""clip -> what is left of it, or None"""
