"""The page of a leaderboard in a real browser: figures, menus, copying, and names that would do harm."""

import time

import pytest

from analysis.leaderboard.shake_up import Split
from analysis.report.leaderboard import examine, leaderboard_page

HOSTILE = "</script><script>document.title='owned'</script><b>x</b>&lt;%{y}'\"`;rm -rf 🦉=HYPERLINK(1)\u202e"
SHOWN = HOSTILE.replace("\u202e", "\\u202e")
DRAWN = "return [...document.querySelectorAll('.plot')].every(plot => plot.querySelector('svg.main-svg'))"
POINT = """const points = document.querySelectorAll('#plot-scatter .scatterlayer .trace:first-child .point');
const box = points[arguments[0]].getBoundingClientRect();
return [box.x + box.width / 2, box.y + box.height / 2]"""


@pytest.fixture
def show(browser, page_file):
    """Loads a page and waits until every figure is drawn."""

    def load(page):
        set_width(browser, 1280)
        browser.get_log("browser")
        browser.get(page_file(page).as_uri())
        wait(lambda: browser.execute_script(DRAWN))
        return browser

    return load


def set_width(browser, width):
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def wait(true, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def text(browser, name):
    return browser.execute_script(f"return document.getElementById('{name}').textContent")


def click(browser, x, y):
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "none" if kind == "mouseMoved" else "left", "clickCount": 1}
        browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)
        time.sleep(0.1)


def test_the_example_is_drawn_in_silence_and_hovering_names_the_run(show, detkov_page):
    browser = show(detkov_page)
    assert browser.get_log("browser") == []
    browser.execute_script("Plotly.Fx.hover('plot-scatter', [{curveNumber: 0, pointNumber: 5}])")
    hover = browser.execute_script("return document.querySelector('#plot-scatter .hoverlayer').textContent")
    assert "011-1" in hover and "voice = kept" in hover and "0.732" in hover
    joined = browser.execute_script("return document.getElementById('plot-scatter').data[1].y")
    assert joined == [0.732, 0.762, 0.763, None]
    notes = browser.execute_script("return document.querySelector('#plot-scatter .infolayer').textContent")
    assert "picked by validation" in notes and "the best" in notes and "one configuration by itself" in notes
    for width in (1280, 700, 400):
        set_width(browser, width)
        wait(lambda most=width: browser.execute_script("return document.documentElement.scrollWidth") <= most)


def test_a_click_and_a_key_copy_and_say_so(show, detkov_page):
    from selenium.webdriver.common.keys import Keys

    browser = show(detkov_page)
    browser.execute_script("document.getElementById('plot-scatter').scrollIntoView({block: 'center'})")
    click(browser, *browser.execute_script(POINT, 5))
    assert wait(lambda: text(browser, "copied")) == "Copied the name: 011-1"
    browser.execute_script("document.getElementById('copied').textContent = ''")
    button = browser.find_element("css selector", "button[data-row='2']")
    button.send_keys(Keys.ENTER)
    assert wait(lambda: text(browser, "copied")) == "Copied the name: 001-7"
    assert button.get_attribute("aria-label") == "copy the name of 001-7"
    browser.execute_script("document.body.append(document.createElement('textarea'))")
    field = browser.find_element("css selector", "textarea")
    field.send_keys(Keys.CONTROL, "v")
    assert field.get_property("value") == "001-7"


def test_the_menus_change_the_figure_and_the_words(show, make):
    browser = show(leaderboard_page(examine(make(12, private=True), split=Split(300, 600, 0.004))))
    before = browser.execute_script("return document.getElementById('plot-scatter').data[0].x")
    assert text(browser, "relation").startswith("Usable: map run predicts public")
    change = "const menu = document.getElementById('{}'); menu.value = '1'; menu.dispatchEvent(new Event('change'))"
    browser.execute_script(change.format("menu-cv"))
    browser.execute_script(change.format("menu-board"))
    assert "auc" in text(browser, "relation") and "private" in text(browser, "relation")
    plot = "document.getElementById('plot-scatter')"
    after = browser.execute_script(f"return {plot}.data[0].x")
    assert len(after) == len(before) == 12 and after != before
    titles = browser.execute_script(f"return [{plot}.layout.xaxis.title.text, {plot}.layout.yaxis.title.text]")
    assert titles == ["auc", "private"]
    assert browser.get_log("browser") == []


def test_names_that_would_do_harm_are_shown_and_copied_as_text(show, make):
    browser = show(leaderboard_page(examine(make(12, private=True, waiting=3, name=HOSTILE))))
    assert browser.title.startswith("</script><script>")
    assert browser.get_log("browser") == []
    assert (
        browser.execute_script("return document.querySelectorAll('main script:not([data-plot]), a[href], img').length")
        == 0
    )
    strong = browser.execute_script("return [...document.querySelectorAll('b')].some(b => b.textContent === 'x')")
    assert not strong
    browser.find_element("css selector", "button[data-row='4']").click()
    assert wait(lambda: text(browser, "copied")) == f"Copied the name: {SHOWN} 4"
    browser.execute_script("Plotly.Fx.hover('plot-scatter', [{curveNumber: 0, pointNumber: 4}])")
    hover = browser.execute_script("return document.querySelector('#plot-scatter .hoverlayer').textContent")
    assert "</script><script>" in hover
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280
