"""Sources: from a dataset as published to a catalogue."""
