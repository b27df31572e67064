"""The notebooks run on small stored results, every cell shows something, and none is stored with what it showed."""

import ast
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest

import analysis
from trainers.data.catalogue import save_catalogue

FOLDER = Path(analysis.__file__).parent / "notebooks"
NAMES = ("cv_vs_leaderboard", "eda", "errors", "sweep_overview")
NOTHING_TO_DRAW = {"confirm_figure(tables)", "importance_figure(parameter_importance(tables))"}
"""Without a confirm stage; with too few trials."""


@pytest.fixture(scope="module")
def parameters(tmp_path_factory) -> Iterator[dict[str, dict[str, Any]]]:
    """What a person would type into the second cell."""
    spec = importlib.util.spec_from_file_location("stored_results", Path(__file__).with_name("stored_results.py"))
    stored = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stored)
    folder = tmp_path_factory.mktemp("notebooks")
    stored.make_results(folder / "results")
    stored.make_recordings(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEFUL_HOME", str(folder / "home"))
        save_catalogue("small", "csv", folder, stored.catalogue())
        yield {
            "sweep_overview": {"RESULTS": folder / "results", "SWEEP": "small"},
            "errors": {"RESULTS": folder / "results", "TRIAL": "small:3", "CATALOGUE": "small"},
            "eda": {"CATALOGUE": folder / "home/catalogues/small/catalogue.parquet"},
        }


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_cells(name: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Execute a cell as a kernel does; returns the value of the expression at its end."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


def test_these_are_all_notebooks():
    assert sorted(path.stem for path in FOLDER.glob("*")) == sorted(NAMES)


@pytest.mark.parametrize("name", ["eda", "errors", "sweep_overview"])
def test_every_cell_runs_and_shows_a_table_a_figure_or_sentences(name, parameters):
    first, *cells = code_cells(name)
    names: dict[str, Any] = {"__name__": "__main__"}
    run_cell(first.source, names)
    assert set(parameters[name]) <= set(names), "a parameter that the notebook doesn't have"
    names |= parameters[name]
    for cell in cells:
        shown = run_cell(cell.source, names)
        if cell.source in NOTHING_TO_DRAW:
            continue
        assert isinstance(shown, pd.DataFrame | go.Figure | list), cell.source
        if isinstance(shown, go.Figure):
            assert len(shown.data), cell.source
        elif cell.source != "as_frame(confirm_table(tables))":
            assert len(shown), cell.source


def test_a_kernel_runs_the_example_as_it_stands():
    executed = nbclient.NotebookClient(read("cv_vs_leaderboard"), timeout=120, kernel_name="python3").execute()
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.outputs for cell in cells[1:])
    shown = json.dumps([cell.outputs for cell in cells])
    assert "no evidence" in shown
    assert "application/vnd.plotly" in shown


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cell_says_what_to_change_and_the_second_holds_it(name):
    first, second, *_ = read(name).cells
    assert first.cell_type == "markdown"
    assert "Change the next cell" in first.source
    assert second.metadata["tags"] == ["parameters"]
    assigned = re.findall(r"^([A-Z]+) = ", second.source, re.M)
    assert assigned
    assert all(f"`{parameter}`" in first.source for parameter in assigned)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_shown_is_stored_and_no_path_of_a_machine(name):
    for cell in code_cells(name):
        assert cell.outputs == []
        assert cell.execution_count is None
    text = (FOLDER / f"{name}.ipynb").read_text()
    assert not re.search(r"[\"'](/|[A-Za-z]:\\\\|~/)", text)
    assert "/home/" not in text
