"""What training does to a batch between the parts of the network: mixing, augmentation."""

from torch import Tensor


class Changes:
    """Hooks that a network calls while it computes. This base changes nothing; training overrides what it needs.

    Every method may return another batch size than it was given, once per forward pass.
    """

    def waveform(self, x: Tensor) -> Tensor:
        """(batch, samples) before the front end."""
        return x

    def spectrogram(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) between front end and backbone. Encoders have none."""
        return x

    def stage(self, number: int, x: Tensor) -> Tensor:  # noqa: ARG002  # part of the interface
        """The output of stage `number` of the backbone, batch first, in the family's own layout."""
        return x

    def embedding(self, x: Tensor) -> Tensor:
        """(batch, features), or (batch, features, frames) before an attention head."""
        return x
