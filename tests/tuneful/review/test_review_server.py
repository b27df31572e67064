"""The server answers the page that knows its address, and nobody else; sounds can be sought in."""

import http.client
import io
import json
import os
import re
import signal
import stat
import threading
import time
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from trainers.data.catalogue import load_catalogue
from trainers.data.layers.review_log import read_review
from tuneful.review.serving import serve
from tuneful.review.sound import mel_edges, spectrogram


@pytest.fixture
def ask(server):
    """Sends one request: (status, headers, content)."""

    def send(path, body=None, method=None, token=server.token, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method or ("GET" if body is None else "POST"), f"/{token}/{path}", content, headers)
        answer = connection.getresponse()
        found = answer.status, dict(answer.headers), answer.read()
        connection.close()
        return found

    return send


DROP = {"clip": 0, "decision": "drop"}


@pytest.mark.parametrize("path", ["", "state", "clips/0/sound.wav"])
@pytest.mark.parametrize(
    "change",
    [
        {"token": "guess"},
        {"token": ""},
        {"token": "%2e%2e"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_nobody_else_can_read(ask, path, change):
    status, _, content = ask(path, **change)
    assert status == 403
    assert b"birds" not in content


@pytest.mark.parametrize("change", [{"token": "guess"}, {"Host": "evil.example:80"}, {"Origin": "http://127.0.0.1:1"}])
def test_nobody_else_can_post(ask, session, change):
    assert ask("decisions", DROP, **change)[0] == 403
    assert not session.path.exists()


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("decisions", {"clip": 99, "decision": "drop"}, 422, "the queue has no clip 99, it has 4"),
        ("decisions", {"clip": -1, "decision": "drop"}, 422, "no clip -1"),
        ("decisions", {"clip": "b", "decision": "drop"}, 400, "a decision is a number"),
        ("decisions", {"clip": True, "decision": "drop"}, 400, "a decision is a number"),
        ("decisions", {"clip": 0, "decision": "burn"}, 422, "no decision"),
        ("decisions", {"clip": 0, "decision": "relabel"}, 422, "no decision"),
        ("decisions", {"clip": 0, "decision": "keep", "labels": ["owl"]}, 422, "no decision"),
        ("decisions", {"clip": 0, "decision": "relabel", "labels": ["lark"]}, 422, "has the label 'lark'"),
        ("decisions", [], 400, "a decision has a clip"),
        ("decisions", b"{", 400, "no JSON"),
        ("decisions", b" " * 70_000, 400, "at most"),
        ("undo", {}, 422, "nothing was decided in this sitting"),
        ("elsewhere", {}, 404, "no such page"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(ask, session, path, body, status, message):
    found, _, content = ask(path, body)
    assert (found, message in json.loads(content)["error"]) == (status, True), content
    assert not read_review(session.path).entries


def test_a_form_of_another_page_can_not_post(ask, session):
    assert ask("decisions", DROP, Content_Type="text/plain")[0] == 400
    assert not session.path.exists()


@pytest.mark.parametrize("path", ["../state", "clips/0/../state", "clips/99/about", "clips/0/other", "page.js"])
def test_there_is_nothing_else_to_get(ask, path):
    assert ask(path)[0] in (404, 422)


def test_decisions_are_in_the_file_before_the_answer_and_undo_takes_them_back(ask, session):
    status, _, content = ask("decisions", {"clip": 0, "decision": "relabel", "labels": ["owl"]})
    assert status == 200
    assert json.loads(content) == {"decisions": {"0": {"decision": "relabel", "labels": ["owl"]}}, "undoable": 1}
    (entry,) = read_review(session.path).entries
    assert (entry["clip_id"], entry["before"], entry["labels"]) == ("b", ["wren"], ["owl"])
    assert list(load_catalogue("birds").clips.set_index("clip_id")["labels"]["b"]) == ["owl"]
    answer = json.loads(ask("undo", {})[2])
    assert answer == {"place": 0, "decisions": {}, "undoable": 0}
    assert list(load_catalogue("birds").clips.set_index("clip_id")["labels"]["b"]) == ["wren"]


def test_the_page_may_fetch_and_run_nothing_else(ask):
    _, headers, content = ask("")
    policy = headers["Content-Security-Policy"]
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    tags = re.findall(rb"<(?:script|style)[^>]*>", content)
    assert tags
    assert all(f'nonce="{nonce}"'.encode() in tag for tag in tags)
    assert nonce.encode() not in ask("")[2], "a nonce is used once"
    assert not re.search(rb"https?://|style=\"| on[a-z]+=\"", content)


def test_the_sound_is_the_clip_at_its_own_rate_and_can_be_sought_in(ask):
    status, headers, whole = ask("clips/0/sound.wav")
    samples, rate = soundfile.read(io.BytesIO(whole))
    assert (status, rate, len(samples), headers["Accept-Ranges"]) == (200, 8000, 8000, "bytes")
    assert np.abs(samples).max() == pytest.approx(10 ** (-3 / 20), abs=1e-3)
    for asked, expected in {"bytes=100-199": whole[100:200], "bytes=100-": whole[100:], "bytes=-9": whole[-9:]}.items():
        status, headers, part = ask("clips/0/sound.wav", Range=asked)
        assert (status, part) == (206, expected)
        assert headers["Content-Range"].endswith(f"/{len(whole)}")
    status, headers, _ = ask("clips/0/sound.wav", Range=f"bytes={len(whole)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_a_tone_is_drawn_at_its_frequency(rate):
    for hz in (300.0, 1000.0, 0.4 * rate):
        levels = spectrogram(np.sin(2 * np.pi * hz * np.arange(rate) / rate).astype(np.float32), rate)
        band = int(levels[:, levels.shape[1] // 2].argmax())
        edges = mel_edges(rate)
        assert edges[max(band - 1, 0)] <= hz <= edges[band + 2 if band + 2 < len(edges) else -1]


def test_a_short_call_is_seen_in_a_long_recording():
    quiet = np.random.default_rng(0).normal(0, 0.001, 8000 * 120).astype(np.float32)
    quiet[480_000:480_400] += np.sin(2 * np.pi * 1000 * np.arange(400) / 8000).astype(np.float32)
    levels = spectrogram(quiet, 8000)
    assert levels.shape[1] <= 1200
    assert abs(int(levels.max(axis=0).argmax()) / levels.shape[1] - 0.5) < 0.01


def test_the_picture_is_a_png(ask):
    image = Image.open(io.BytesIO(ask("clips/1/spectrogram.png")[2]))
    assert image.size[1] == 128
    assert len(image.convert("RGB").getcolors()) > 20


def test_a_recording_that_is_gone_is_one_sentence(ask, birds):
    (birds.folder / "b.wav").unlink()
    status, _, content = ask("clips/0/about")
    assert status == 422
    assert "b.wav: can't be read" in json.loads(content)["error"]


def test_ctrl_c_ends_it_and_the_browser_is_told_the_address_in_private(session, monkeypatch):
    opened: list[str] = []
    told: list[str] = []

    def look(uri):
        path = Path(urllib.parse.urlparse(uri).path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        opened.append(path.read_text())
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("webbrowser.open", look)
    serve(session, 0, True, told.append)
    assert told[0].startswith("http://127.0.0.1:")
    assert told[0] in opened[0]
    assert threading.active_count() < 20
