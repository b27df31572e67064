"""One sitting: the queue, what was decided of it, and the sounds of its clips."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainers.data.layers.review import KEY
from trainers.data.layers.review_log import DECISIONS, RELABEL, UNDO, append, decision, read_review
from trainers.errors import DataError
from tuneful.review.ranking import Queue, ReviewClip
from tuneful.review.sound import MOST_S, Sound, frequency_ticks, read_sound, spectrogram_png, wav

CACHED = 6
"""Sounds kept for the player and the spectrogram: the clip that is open, and those before and after it."""


class ReviewSession:
    """What the page asks for and what it does. Safe to use from several threads."""

    def __init__(self, queue: Queue, path: Path) -> None:
        self.queue, self.path = queue, path
        self._places = {_key(clip): place for place, clip in enumerate(queue.clips)}
        self._own: list[int] = []
        """numbers of this sitting's decisions that stand, in order"""
        self._sound = lru_cache(CACHED)(self._read_sound)
        self.wav = lru_cache(CACHED)(lambda place: wav(self._sound(place)))
        self.spectrogram = lru_cache(2 * CACHED)(lambda place: spectrogram_png(self._sound(place)))

    def state(self) -> dict[str, Any]:
        """Everything the page shows but sounds, ready for JSON."""
        queue = self.queue
        return {
            "name": queue.catalogue.name,
            "classes": queue.labels,
            "ranked": queue.ranked,
            "suspected": queue.suspected,
            "notes": queue.notes,
            "clips": [clip.as_json() for clip in queue.clips],
            **self.decided(),
        }

    def decided(self) -> dict[str, Any]:
        """What holds now of the queue's clips, by place, and whether this sitting has something to undo."""
        effective = read_review(self.path).effective
        decisions = {
            self._places[key]: {"decision": entry["decision"], "labels": entry["labels"]}
            for key, entry in effective.items()
            if key in self._places
        }
        return {"decisions": decisions, "undoable": len(self._own)}

    def decide(self, place: int, kind: str, labels: Sequence[str] | None) -> dict[str, Any]:
        """Record a decision about the clip at a place of the queue; returns `decided()`.

        Raises:
            DataError: no such clip, decision or label, or the log can't be written.
        """
        clip = self._clip(place)
        self._refuse(kind, labels)
        review = append(self.path, [decision(clip.row, kind, labels, self.queue.runs)])
        self._own.append(review.entries[-1]["seq"])
        return self.decided()

    def undo(self) -> dict[str, Any]:
        """Take this sitting's last decision back; returns `decided()` with the `place` of its clip.

        Raises:
            DataError: there is none, or the log can't be written.
        """
        if not self._own:
            raise DataError("nothing was decided in this sitting. Try: platform data review NAME --undo 1")
        seq = self._own[-1]
        review = append(self.path, [{"decision": UNDO, "undoes": seq}])
        self._own.remove(seq)
        entry = review.entries[seq - 1]
        return {"place": self._places[entry["clip_id"], entry["content"]], **self.decided()}

    def counts(self) -> Counter[str]:
        """This sitting's decisions that stand, by kind."""
        own = set(self._own)
        return Counter(entry["decision"] for entry in read_review(self.path).standing if entry["seq"] in own)

    def about(self, place: int) -> dict[str, Any]:
        """What the page writes around a clip's spectrogram."""
        sound = self._sound(place)
        return {
            "duration_s": sound.duration_s,
            "rate_hz": sound.rate,
            "gain_db": sound.gain_db,
            "ticks": frequency_ticks(sound.rate),
            "cut": f"the first {MOST_S / 60:g} minutes" if sound.cut else "",
        }

    def _clip(self, place: int) -> ReviewClip:
        if not 0 <= place < len(self.queue.clips):
            raise DataError(f"the queue has no clip {place}, it has {len(self.queue.clips)}. Try: reload the page")
        return self.queue.clips[place]

    def _read_sound(self, place: int) -> Sound:
        row = self._clip(place).row
        return read_sound(self.queue.catalogue.folder / row["path"], row["start_s"], row["duration_s"])

    def _refuse(self, kind: str, labels: Sequence[str] | None) -> None:
        if kind not in DECISIONS or (kind == RELABEL) == (labels is None):
            raise DataError(f"{kind!r} with labels {labels!r} is no decision. Try: keep, drop, or relabel with labels")
        if unknown := sorted(set(labels or ()) - set(self.queue.labels)):
            raise DataError(
                f"no clip of {self.queue.catalogue.name} has the label {unknown[0]!r}. Try: one that is there"
            )


def _key(clip: ReviewClip) -> tuple[str, str]:
    return clip.row[KEY[0]], clip.row[KEY[1]]
