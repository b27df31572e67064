"""What a trial's process prints is kept beside its record, whoever printed it, and never without bound."""

import subprocess
import sys

from tuneful.sweep.trials.output import log_path, shorten

PRINTS = """
import os, sys
from pathlib import Path
from tuneful.sweep.trials.output import TrialOutput
print("before")
output = TrialOutput(Path(sys.argv[1]), "search-0007", int(sys.argv[2]))
print("python out")
print("python err", file=sys.stderr)
os.write(2, b"from C\\n")
os.system("echo from a child")
output.epoch(3, 0.9, {"val/loss": 0.25, "val/map": 1.0})
output.close()
print("after")
output = TrialOutput(Path(sys.argv[1]), "search-0008", int(sys.argv[2]))
print("of the next trial")
os.kill(os.getpid(), 9)
"""


def run(folder, worker=0):
    return subprocess.run(
        [sys.executable, "-c", PRINTS, str(folder), str(worker)], capture_output=True, text=True, check=False
    )


def test_all_output_of_a_trial_is_in_its_log_and_nothing_else(tmp_path):
    done = run(tmp_path)
    assert done.stdout == "before\nafter\n"
    assert done.stderr == ""
    log = log_path(tmp_path, "search-0007").read_text()
    for part in (
        "python out\n",
        "python err\n",
        "from C\n",
        "from a child\n",
        "epoch 3  score 0.9000  val/loss 0.25\n",
    ):
        assert part in log
    assert "of the next" not in log


def test_the_last_words_of_a_process_that_was_killed_are_there(tmp_path):
    run(tmp_path)
    assert "of the next trial\n" in log_path(tmp_path, "search-0008").read_text()


def test_a_trial_that_goes_on_adds_to_its_log_and_other_workers_have_their_own(tmp_path):
    for worker in (0, 0, 1):
        run(tmp_path, worker)
    assert log_path(tmp_path, "search-0007").read_text().count("python out") == 2
    assert (tmp_path / "trials" / "search-0007.worker-1.log").read_text().count("python out") == 1


def test_a_log_that_cannot_be_opened_is_gone_without(tmp_path):
    (tmp_path / "trials").touch()
    done = run(tmp_path)
    assert "python out\n" in done.stdout
    assert "after\n" in done.stdout


def test_a_long_log_loses_its_middle_while_its_writer_goes_on(tmp_path):
    path = tmp_path / "long.log"
    with path.open("ab") as writer:
        writer.write(b"first line\n" + b"x" * 10_000 + b"\nlast line\n")
        writer.flush()
        shorten(path, 1000)
        assert path.stat().st_size < 1000
        writer.write(b"and more\n")
    text = path.read_text()
    assert text.startswith("first line\n")
    assert text.endswith("last line\nand more\n")
    assert "bytes left out" in text
    before = path.read_bytes()
    shorten(path, 1000)
    assert path.read_bytes() == before
