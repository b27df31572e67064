"""Freed memory stays with the process, and no number changes by it."""

import subprocess
import sys

import pytest

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
def test_buffers_are_used_again_instead_of_mapped_anew() -> None:
    faults, totals = {}, set()
    for side in ("default", "kept"):
        done = subprocess.run([sys.executable, "-c", SCRIPT, side], check=True, capture_output=True, text=True)
        count, total = done.stdout.split()
        faults[side] = int(count)
        totals.add(total)
    assert len(totals) == 1
    assert 4 * faults["kept"] < faults["default"]
