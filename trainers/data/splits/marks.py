"""What stands in place of a fold's number where a clip is in none."""

ALWAYS_TRAINED = -1
"""The clip is training data whichever fold is held out."""

LEFT_OUT = -2
"""The clip is neither trained nor validated on."""
