"""What was found out about a catalogue since it was added: a file each beside its table, applied when it is opened."""

from trainers.data.layers.registry import LAYERS, Layer, apply_layers

__all__ = ["LAYERS", "Layer", "apply_layers"]
