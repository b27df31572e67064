"""The page in a real browser, worked with by keys alone."""

import time

import pytest

from trainers.data.layers.review_log import read_review

SCRIPT = "<script>document.title='owned'</script>"


def wait(browser, script, seconds=20):
    """Until the script returns something true; returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := browser.execute_script(f"return {script}"):
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s: {script}; {browser.get_log('browser')}")


@pytest.fixture
def page(browser, server):
    browser.get_log("browser")
    browser.get(server.url)
    wait(browser, "byId('title').textContent.includes('1 of 4') && byId('spectrogram').naturalWidth > 10")
    return browser


def press(page, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(page).send_keys(key).perform()


def text(page, name):
    return page.execute_script(f"return byId('{name}').textContent")


def test_a_sitting_by_keys(page, session):
    from selenium.webdriver.common.keys import Keys

    assert "wren looks wrong" in text(page, "doubt")
    assert "owl looks missing" in text(page, "doubt")
    wait(page, "byId('audio').duration > 0.9")
    press(page, " ")
    wait(page, "byId('audio').currentTime > 0")
    press(page, "r", Keys.BACKSPACE, "ow", Keys.ENTER, Keys.ENTER)
    wait(page, "byId('status').textContent.includes('Clip 1 relabelled to owl')")
    press(page, "d")
    wait(page, "byId('status').textContent.includes('Clip 2 dropped')")
    press(page, "k")
    wait(page, "byId('status').textContent.includes('Clip 3 kept')")
    kinds = [(entry["decision"], entry["labels"]) for entry in read_review(session.path).entries]
    assert kinds == [("relabel", ["owl"]), ("drop", None), ("keep", None)]
    press(page, "u")
    wait(page, "byId('status').textContent.includes('Undone: clip 3 is undecided')")
    page.refresh()
    wait(page, "byId('progress-text').textContent === '2 of 4 decided'")
    wait(page, "byId('title').textContent.includes('3 of 4')")
    press(page, Keys.ARROW_UP, Keys.ARROW_UP)
    assert text(page, "decision") == "This clip is relabelled."
    assert text(page, "now") == "owl"
    assert page.get_log("browser") == []


def test_a_label_that_is_a_script_is_shown_as_text_and_runs_nothing(page, session):
    place = next(i for i, clip in enumerate(session.queue.clips) if clip.row["clip_id"] == "d")
    page.execute_script(f"show({place})")
    assert SCRIPT in text(page, "labels")
    press(page, "r")
    assert SCRIPT in text(page, "chosen")
    assert SCRIPT in text(page, "classes")
    assert page.title.endswith("review")
    assert page.execute_script("return document.querySelectorAll('script').length") == 1
    assert page.get_log("browser") == []


def test_it_fits_and_the_filter_and_help_work_by_keys(page):
    from selenium.webdriver.common.keys import Keys

    for width in (1280, 800, 500):
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    press(page, "?")
    assert page.execute_script("return byId('help').open")
    press(page, "d", Keys.ESCAPE)
    assert not page.execute_script("return byId('help').open")
    press(page, "d")
    wait(page, "byId('progress').value === 1")
    page.execute_script("byId('filter').value = 'drop'; showQueue()")
    assert page.execute_script("return byId('queue').children.length") == 1


def test_when_the_server_has_stopped_the_page_says_so(page, server, session):
    server.socket.close()
    page.execute_script("window.fetch = () => Promise.reject(new TypeError())")
    press(page, "d")
    wait(page, "byId('status').textContent.includes('The server has stopped')")
    assert not session.path.exists()
