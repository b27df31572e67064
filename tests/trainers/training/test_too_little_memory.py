"""A GPU whose memory is too little: what counts as that, and evaluation in batches that fit."""

import pytest
import torch

from trainers.training.memory import NoMemoryError, WithinMemory, is_out_of_memory

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.fixture
def gpu():
    """`gpu(3)`: doubles rows, three at most at once; `gpu.seen` are the rows asked for."""

    def of(room):
        def compute(rows):
            of.seen.append(len(rows))
            if len(rows) > room:
                raise torch.OutOfMemoryError(FULL)
            return rows * 2

        return compute

    of.seen = []
    return of


@pytest.mark.parametrize("room", [1, 2, 3, 10, 99])
@pytest.mark.parametrize("n", [1, 7, 10])
def test_smaller_batches_give_the_same_rows(gpu, room, n):
    rows = torch.arange(float(n)).reshape(n, 1)
    assert torch.equal(WithinMemory(gpu(room))(rows), rows * 2)


def test_what_was_too_much_is_not_tried_again(gpu):
    compute = WithinMemory(gpu(3))
    compute(torch.zeros(8, 1))
    assert gpu.seen == [8, 4, 2, 2, 2, 2]
    compute(torch.zeros(5, 1))
    assert gpu.seen[6:] == [2, 2, 1]


def test_a_row_that_does_not_fit_is_told(gpu):
    with pytest.raises(NoMemoryError, match=r"too little to evaluate one window\. Try: "):
        WithinMemory(gpu(0))(torch.zeros(4, 1))


def test_other_errors_come_as_they_are():
    def broken(_):
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        WithinMemory(broken)(torch.zeros(4, 1))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError(FULL), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("shape mismatch"), False),
        (MemoryError("out of memory"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_only_a_gpus_refusal_counts(error, expected):
    assert is_out_of_memory(error) is expected
