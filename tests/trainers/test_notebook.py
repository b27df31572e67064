"""What the page on notebooks shows runs as it stands, on a dataset and a network small enough for a test."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "notebook.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.fixture
def in_a_notebook(spec, tones_home, tmp_path):
    """Runs cells in a fresh process whose `chorus` is the tiny recipe, its recordings not decoded yet."""
    shutil.copytree(tones_home / "catalogues", tmp_path / "home" / "catalogues")
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(json.dumps(spec().resolved()))

    def run(*cells: str) -> list[str]:
        code = "\n".join(cells).replace('load_recipe("chorus")', f"load_recipe({str(recipe)!r})")
        environment = {**os.environ, "TUNEFUL_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_both_examples_run_one_after_the_other_and_train_and_predict(in_a_notebook):
    first, second = BLOCKS
    assert 'load_recipe("chorus")' in first
    printed = in_a_notebook(first, second, "print(*logits.shape, 'ray' in __import__('sys').modules)")
    epochs = [line.split() for line in printed[:3]]
    assert [epoch for epoch, _, _ in epochs] == ["1", "2", "3"]
    assert all(0 < float(loss) < 10 and 0 <= float(auc) <= 1 for _, loss, auc in epochs)
    assert float(epochs[2][1]) < float(epochs[0][1])
    assert printed[3:] == ["2 16 False"]


def test_the_first_example_has_ten_lines():
    assert len([line for line in BLOCKS[0].splitlines() if line]) == 10
