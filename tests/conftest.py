"""Data that several parts of the suite share."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

os.environ.pop("COLUMNS", None)  # of whoever runs the tests: pytest's further processes have one, and tables follow it
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - by its 15 other tests starve what a sweep trains
RATE_HZ = 8000
TONES_HZ = {"low": 440.0, "middle": 880.0, "high": 1760.0, "top": 3000.0}
CHROMIUM_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --mute-audio --autoplay-policy=no-user-gesture-required"
)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For several processes: tests of a file stay together, and all that start Ray: never two clusters at once.

    Those come first, since they take longest: one process has them, the other one the rest in the meantime.
    """
    items.sort(key=lambda item: item.get_closest_marker("ray") is None)
    for item in items:
        group = "ray" if item.get_closest_marker("ray") else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def tones_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 64 half-second recordings of four tones by four authors, two thirds with a second, weaker tone."""
    folder = tmp_path_factory.mktemp("tones")
    rng = np.random.default_rng(0)
    names = list(TONES_HZ)
    rows = [["path", "labels", "secondary_labels", "author"]]
    for number in range(64):
        label, second = names[number % 4], names[(number + 1 + number // 8) % 4]
        weak = second if number % 3 and second != label else ""
        path = f"{label}-{number:02d}.wav"
        soundfile.write(folder / path, _tone(label, weak, rng), RATE_HZ)
        rows.append([path, label, weak, f"author{number // 4 % 4}"])
    table = folder / "tones.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return table


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless chromium that keeps its console log; one for all tests, each loads its own page."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver on the PATH")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*CHROMIUM_FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def _tone(label: str, weak: str, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(RATE_HZ * rng.uniform(0.45, 0.7))) / RATE_HZ
    wave = 0.3 * np.sin(2 * np.pi * TONES_HZ[label] * rng.uniform(0.95, 1.05) * t)
    if weak:
        wave += 0.06 * np.sin(2 * np.pi * TONES_HZ[weak] * t)
    return wave + rng.normal(0, 0.03, len(t))
