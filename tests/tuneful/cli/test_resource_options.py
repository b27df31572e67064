"""What a trial occupies can be said on the command line, and a GPU that nothing uses is not passed over in silence."""

import pytest

from tuneful.cli.sweep import _tell_idle_gpus
from tuneful.space.options import SweepOptions
from tuneful.space.sweep import load_sweep


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", "4096"), "a trial of 4096 workers with 1 CPUs each"),
        (("--cpus-per-worker", "4096"), "a trial of 1 workers with 4096 CPUs each"),
        (("--gpus-per-worker", "4096"), "a trial of 1 workers with 4096 GPUs each"),
        (("--workers", "0"), "Invalid value for '--workers'"),
        (("--max-concurrent-trials", "0"), "Invalid value for '--max-concurrent-trials'"),
        (("--gpus-per-worker", "1.5"), "part of one GPU), got 1.5. Try: --gpus-per-worker 2"),
        (("--workers", "2", "--gpus-per-worker", "0.5"), "share a GPU), got 0.5. Try: --gpus-per-worker 1"),
    ],
)
def test_what_a_trial_occupies_is_taken_from_the_command_line(platform, sweep_file, options, said):
    done = platform("sweep", str(sweep_file()), *options, "--no-dashboard")
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


@pytest.fixture
def told(sweep_file, monkeypatch, capsys):
    """`told(8, recipe="birdclef2025")`: what is said on a machine with so many GPUs."""

    def tell(gpus, **options):
        monkeypatch.setattr("tuneful.devices.count_gpus", lambda: gpus)
        _tell_idle_gpus(load_sweep(sweep_file(set="{}"), SweepOptions(**options)))
        return capsys.readouterr().out

    return tell


def test_gpus_that_trials_leave_idle_are_told_of(told):
    said = told(1, recipe="birdclef2025")
    assert said == "This machine has a GPU, and trials use none. Try: --gpus-per-worker 1, or 0.5 for two on one\n"
    assert told(8, recipe="birdclef2025").startswith("This machine has 8 GPUs, and trials use none.")


def test_nothing_is_said_where_none_is_idle_or_the_recipe_is_made_for_cpus(told):
    assert told(8, recipe="birdclef2025", resources={"gpus_per_worker": 1}) == ""
    assert told(0, recipe="birdclef2025") == ""
    assert told(8) == ""
