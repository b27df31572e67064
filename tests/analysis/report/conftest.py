"""Fixtures of the report tests: a realistic sweep and its page."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page


def _load_fake_sweep() -> ModuleType:
    """Tests are no packages, so a helper beside them is loaded from its file."""
    spec = importlib.util.spec_from_file_location("report_fake_sweep", Path(__file__).with_name("fake_sweep.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    return _load_fake_sweep()


@pytest.fixture(scope="session")
def sweep(fake: ModuleType) -> SweepTables:
    tables: SweepTables = fake.realistic()
    return tables


@pytest.fixture(scope="session")
def page(sweep: SweepTables) -> str:
    return sweep_page(sweep)
