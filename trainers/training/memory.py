"""A GPU whose memory is too little: how that is told from other errors, and how evaluation does with what there is."""

import gc
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.errors import SpecError

SIGNS = ("out of memory", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED")


class NoMemoryError(SpecError):
    """A run that doesn't fit the GPU, in smaller batches neither."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is a GPU's refusal of memory; the libraries below torch say it in words."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def release() -> None:
    """Give back what nothing refers to any more: other processes on the GPU can't have it otherwise."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@dataclass
class WithinMemory:
    """Computes rows of which none depends on another, as many at once as the device has memory for."""

    compute: Callable[[Tensor], Tensor]
    """(rows, ...) -> (rows, ...)"""
    most: int | None = None
    """rows at once, as soon as more turned out to be too many"""

    def __call__(self, rows: Tensor) -> Tensor:
        """`compute(rows)`, in parts where that is too much.

        Raises:
            NoMemoryError: the memory is too little for one row.
        """
        computed: list[Tensor] = []
        while len(rows):
            part = rows[: self.most or len(rows)]
            if (values := self._tried(part)) is None:
                self.most = _half(len(part))
            else:
                computed.append(values)
                rows = rows[len(part) :]
        return torch.cat(computed)

    def _tried(self, rows: Tensor) -> Tensor | None:
        """`compute(rows)`, or None: that was too much, and its memory is given back."""
        try:
            return self.compute(rows)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        torch.cuda.empty_cache()  # only now: the error holds on to what was computed
        return None


def _half(rows: int) -> int:
    if rows == 1:
        raise NoMemoryError(
            "the GPU's memory is too little to evaluate one window. Try: shorter segments, fewer trials per GPU, or "
            "fewer runs per trial (folds, repeats)"
        )
    return rows // 2
