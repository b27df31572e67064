"""`platform --help` and a refused sweep are quick: nothing heavier than numpy is imported for them."""

import subprocess
import sys
from pathlib import Path

SPACES = Path(__file__).parents[3] / "search_spaces"
CODE = """
import sys
from pathlib import Path
import tuneful.space.sweep, tuneful.space.draw, tuneful.space.locate, tuneful.space.plan, tuneful.space.sample
from trainers.errors import SpecError
try:
    tuneful.space.sweep.load_sweep(Path(sys.argv[1]))
    print("loaded")
except SpecError:
    print("refused")
heavy = {"torch", "ray", "wandb", "optuna", "pandas", "sklearn", "scipy"} & set(sys.modules)
# Not ru_maxrss: a child inherits that from the process that started it.
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(sorted(heavy), int(peak) // 1024)
"""


def run(path: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")


def test_a_refused_sweep_imports_nothing_heavy(tmp_path):
    path = tmp_path / "loss.yaml"
    path.write_text("search:\n  loss.gamma: {uniform: [-1, 4]}\n", encoding="utf-8")
    outcome, heavy, _ = run(path)
    assert outcome == "refused"
    assert heavy.startswith("[] ")
    assert int(heavy.split()[1]) < 300


def test_an_accepted_sweep_imports_nothing_heavy_either():
    outcome, heavy, _ = run(SPACES / "loss.yaml")
    assert outcome == "loaded"
    assert heavy.startswith("[] ")


def test_a_wide_space_is_checked_in_bounded_work(tmp_path, monkeypatch):
    from tuneful.space import probing
    from tuneful.space.sweep import load_sweep

    numbers = ", ".join(str(n) for n in range(1, 201))
    path = tmp_path / "wide.yaml"
    path.write_text(
        "search:\n"
        f"  training.batch_size: {{choice: [{numbers}]}}\n"
        f"  training.eval_batch_size: {{choice: [{numbers}]}}\n"
        f"  schedule.warmup_steps: {{choice: [{numbers}]}}\n"
        "  loss.name: {choice: [bce, focal]}\n"
        f"  loss.gamma: {{choice: [{numbers}], when: {{loss.name: focal}}}}\n",
        encoding="utf-8",
    )
    built = []
    original = probing._corners
    monkeypatch.setattr(probing, "_corners", lambda space: (built.append(1) or corner for corner in original(space)))
    assert load_sweep(path).space.size() == 200**3 * 201
    assert 800 < len(built) < 2_000
