"""From waveform to network input."""
