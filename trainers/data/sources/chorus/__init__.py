"""chorus: an embedded synthetic bioacoustic competition.

Light on purpose: ``spec`` validates settings without numpy; import ``make.make_chorus`` where audio is rendered.
"""

from trainers.data.sources.chorus.spec import PRESETS, ChorusSpec

__all__ = ["PRESETS", "ChorusSpec"]
