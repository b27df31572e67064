"""What the command line imports to validate a file is light."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchaudio", "timm", "ray", "wandb", "sklearn")
MODULES = [
    "trainers.spec",
    "trainers.config.build",
    "trainers.data.sources.csv",
    "trainers.data.catalogue",
    "trainers.data.store",
    "analysis.records.ledger",
    "analysis.records.predictions",
]


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """Module -> heavy ones that come with it. The processes run side by side."""
    code = "import sys; __import__(sys.argv[1]); print(*(m for m in sys.argv[2:] if m in sys.modules))"
    started = {
        module: subprocess.Popen([sys.executable, "-c", code, module, *HEAVY], stdout=subprocess.PIPE, text=True)
        for module in MODULES
    }
    output = {module: process.communicate()[0] for module, process in started.items()}
    assert all(process.returncode == 0 for process in started.values())
    return {module: text.split() for module, text in output.items()}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_heavy_is_imported_with_it(imported, module):
    assert imported[module] == []
