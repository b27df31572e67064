"""The sound event detection head: attention over frames, per class."""

import torch
from torch import Tensor, nn

from trainers.poolings.spec import AttentionPoolingSpec


class AttentionHead(nn.Module):
    """(batch, features, frames) -> (batch, classes) logits, and frame-wise logits besides.

    After the attention block of PANNs (Kong et al. 2019) and BirdCLEF 2023's first place: a layer of width `hidden`,
    then per class c and frame t a logit z[c, t] and a weight a[c, t] = softmax over t of tanh(score[c, t]).
    A clip's logit is sum over t of a[c, t] z[c, t]. PANNs weighs probabilities, sigmoid(z), in that place; losses here
    take logits, so logits are weighed, as BirdCLEF 2023 did in training.

    In evaluation `frame_share` w blends in the most active frame: (1 - w) clip + w max over t of z[c, t].
    """

    def __init__(self, spec: AttentionPoolingSpec, width: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.frame_share = spec.frame_share
        inner = spec.hidden or width
        self.hidden: nn.Module = (
            nn.Sequential(nn.Dropout(dropout / 2), nn.Conv1d(width, inner, 1), nn.ReLU(), nn.Dropout(dropout))
            if spec.hidden
            else nn.Dropout(dropout)
        )
        self.attention = nn.Conv1d(inner, n_classes, 1)
        self.classes = nn.Conv1d(inner, n_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, features, frames) -> (batch, classes) logits."""
        x = self.hidden(x)
        frames = self.classes(x)
        clip: Tensor = (torch.softmax(torch.tanh(self.attention(x)), dim=-1) * frames).sum(-1)
        if self.training or self.frame_share == 0:
            return clip
        blend: Tensor = (1 - self.frame_share) * clip + self.frame_share * frames.amax(-1)
        return blend

    def frames(self, x: Tensor) -> Tensor:
        """(batch, features, frames) -> (batch, classes, frames) logits."""
        return self.classes(self.hidden(x))  # type: ignore[no-any-return]
