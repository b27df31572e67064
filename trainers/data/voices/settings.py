"""How sure and how long speech must be to count. Imports nothing heavy."""

import math
from dataclasses import asdict, dataclass, fields

from trainers.errors import SpecError


@dataclass(frozen=True)
class SpeechSettings:
    """The settings of `silero_vad.get_speech_timestamps`, by its names and with its defaults."""

    threshold: float = 0.5
    """Frames of at least this probability are speech; it goes on until one is 0.15 below."""
    min_speech_duration_ms: int = 250
    """Shorter stretches don't count."""
    min_silence_duration_ms: int = 100
    """Shorter pauses belong to the speech around them."""
    speech_pad_ms: int = 30
    """What is added to a stretch on both sides."""

    def __post_init__(self) -> None:
        """Refuse a threshold that is no probability, and negative times."""
        if not 0 < self.threshold < 1:
            raise SpecError(f"threshold must be > 0 and < 1, got {self.threshold:g}. Try: 0.5")
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if not math.isfinite(value) or value < 0:
                raise SpecError(f"{field.name} must be >= 0 ms, got {value:g}. Try: {field.default}")

    def as_dict(self) -> dict[str, float]:
        """The settings by silero's names."""
        return asdict(self)
