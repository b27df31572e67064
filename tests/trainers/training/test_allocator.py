"""Freed memory stays with the process, and no number changes by it."""

import subprocess
import sys

import pytest

from trainers.training.allocator import GIB, M_MMAP_THRESHOLD, MIB, keep_with

SCRIPT = """
import resource, sys, torch
from trainers.training.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
torch.set_num_threads(1)
total = 0.0
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    total += float((torch.ones(12_000_000) * 2).sum())
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, total)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
@pytest.mark.long
def test_buffers_are_used_again_instead_of_mapped_anew() -> None:
    faults, totals = {}, set()
    for side in ("default", "kept"):
        done = subprocess.run([sys.executable, "-c", SCRIPT, side], check=True, capture_output=True, text=True)
        count, total = done.stdout.split()
        faults[side] = int(count)
        totals.add(total)
    assert len(totals) == 1
    assert 4 * faults["kept"] < faults["default"]


@pytest.mark.parametrize(
    ("largest", "thresholds", "done"),
    [(GIB, [GIB], True), (32 * MIB, [GIB, 32 * MIB], True), (0, [GIB, 32 * MIB], False)],
)
def test_the_threshold_is_what_this_glibc_takes_and_without_it_nothing_changes(
    largest: int, thresholds: list[int], done: bool
) -> None:
    asked: list[tuple[int, int]] = []

    def mallopt(parameter: int, value: int) -> int:
        asked.append((parameter, value))
        return int(parameter != M_MMAP_THRESHOLD or value <= largest)

    assert keep_with(mallopt) is done
    assert [value for parameter, value in asked if parameter == M_MMAP_THRESHOLD] == thresholds
    assert [parameter for parameter, _ in asked[: len(thresholds)]] == [M_MMAP_THRESHOLD] * len(thresholds)
    assert (len(asked) > len(thresholds)) is done
