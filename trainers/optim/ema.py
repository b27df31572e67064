"""A moving average of the weights."""

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Ema(AveragedModel):
    """Exponential moving average of a model's parameters (Polyak & Juditsky 1992), on torch's AveragedModel.

    The average starts as the weights of the given model; with every update it becomes
    decay * average + (1 - decay) * weights. Buffers are the model's latest: the statistics of batch normalisation are
    averages of their own already, and counters have no mean.

    `module` is the averaged model, in evaluation mode; its `state_dict()` is all that is needed to go on.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]
        self.module.requires_grad_(False).eval()
        self.n_averaged.fill_(1)  # at 0 torch takes the first update's weights whole, also after a resume

    def update(self, model: nn.Module) -> None:
        """Take the weights after another optimizer step; `model` is the one given at first, not a wrapper of it."""
        self.update_parameters(model)
