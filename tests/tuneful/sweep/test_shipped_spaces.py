"""Files of search_spaces/, small, from the command to the report: a joint one, one with derived settings, a grid."""

import pytest

from analysis.records.sweep import SEARCH, SweepFolder

pytestmark = pytest.mark.ray

SMALL = ("data.split.n_folds=2", "segments.duration_s=0.5", "data.sample_rate=8000", "training.batch_size=8")
SWEEPS = {
    "loss": ("training.epochs=2", "front_end.n_fft=256", "front_end.hop_length=128", "front_end.n_mels=16"),
    "mel": ("training.epochs=2",),
    "sampling": ("training.epochs=1", "front_end.n_fft=256", "front_end.hop_length=128", "front_end.n_mels=16"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", SWEEPS)
def test_a_shipped_sweep_runs_to_its_report(run_in, tmp_path, name):
    sets = [part for path in (*SMALL, *SWEEPS[name]) for part in ("--set", path)]
    asked = ("sweep", name, "--data", "tones", "--trials", "3", *sets, "--no-dashboard")
    allow = ("--allow", "TF008", "--allow", "TF010")
    done = run_in(tmp_path, *asked, *allow)
    assert done.returncode == 0, done.stdout + done.stderr
    ends = [end for _, end in SweepFolder(tmp_path / "results" / "sweeps" / name).trials(SEARCH)]
    assert len(ends) == 3
    assert {end.state for end in ends if end is not None} <= {"complete", "pruned"}
    page = (tmp_path / "results" / "reports" / f"{name}.html").read_text()
    assert "What each parameter did" in page
