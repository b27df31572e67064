"""The page in a real browser: it draws, it is quiet, it fits."""

import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page

_SIZES = """return [...document.querySelectorAll(".plot")].map(plot => {
  const box = plot.querySelector("svg.main-svg")?.getBoundingClientRect();
  return [plot.id, box?.width ?? 0, box?.height ?? 0];
})"""


def _open(browser: Any, page: str, folder: Path, width: int = 1400) -> list[tuple[str, float, float]]:
    """Load the page and wait until every plot is drawn; id, width and height of each."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("browser")  # what an earlier page said
    browser.get(file.as_uri())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        sizes = [tuple(size) for size in browser.execute_script(_SIZES)]
        if sizes and all(height > 0 for _, _, height in sizes):
            return sizes
        time.sleep(0.1)
    raise AssertionError(f"not every plot was drawn in 60 s: {browser.execute_script(_SIZES)}")


@pytest.mark.parametrize("width", [1400, 500])
def test_every_plot_is_drawn_and_the_console_is_silent(browser: Any, page: str, tmp_path: Path, width: int) -> None:
    sizes = _open(browser, page, tmp_path, width)
    assert len(sizes) == 11
    assert all(w > 200 and h > 80 for _, w, h in sizes), sizes
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", [1400, 500])
def test_the_page_does_not_scroll_sideways(browser: Any, page: str, tmp_path: Path, width: int) -> None:
    _open(browser, page, tmp_path, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_hovering_a_line_names_the_trial_and_its_parameters(browser: Any, page: str, tmp_path: Path) -> None:
    _open(browser, page, tmp_path)
    find = "return document.getElementById('plot-history').data.findIndex(trace => trace.line.width === 3)"
    best = browser.execute_script(find)
    browser.execute_script(f"Plotly.Fx.hover('plot-history', [{{curveNumber: {best}, pointNumber: 5}}])")
    text = browser.execute_script("return document.querySelector('#plot-history .hoverlayer').textContent")
    assert "trial 23" in text
    assert "loss.name = focal_bce" in text
    assert "%{" not in text


def test_hostile_names_run_nothing_and_are_shown_as_they_are(
    browser: Any, sweep: SweepTables, fake: ModuleType, tmp_path: Path
) -> None:
    name = "</script><script>document.title='owned'</script><b>x</b>&lt;%{y}"
    definition = sweep.definition | {"name": name, "search": {name: {"choice": [name]}}}
    tables = fake.without_confirm(SweepTables(definition, sweep.trials.assign(**{f"param.{name}": name}), sweep.epochs))
    _open(browser, sweep_page(tables), tmp_path)
    assert browser.title != "owned"
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.querySelectorAll('b:not(.tiles b), img').length") == 0
    ticks = browser.execute_script("return document.querySelector('#plot-parameter-1 .xtick text').textContent")
    assert ticks == name[:19] + "…"
    browser.execute_script("Plotly.Fx.hover('plot-history', [{curveNumber: 20, pointNumber: 1}])")
    hover = browser.execute_script("return document.querySelector('#plot-history .hoverlayer').textContent")
    assert "</script><script>" in hover
