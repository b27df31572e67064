"""Fixtures of the report tests: a realistic sweep, its page, and a real browser where there is one."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page

_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


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


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless chromium that keeps its console log."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver on the PATH")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*_FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield chrome
    finally:
        chrome.quit()
