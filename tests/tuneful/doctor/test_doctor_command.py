"""The command: exit code, JSON, a probe that fails itself."""

import json
import time
from collections.abc import Iterator

import pytest

from tuneful.doctor import registry
from tuneful.doctor.finding import Finding, Place, ok, problem, warning


def healthy(place: Place) -> Iterator[Finding]:
    yield ok("heart", "beats")


def weak(place: Place) -> Iterator[Finding]:
    yield warning("knee", "hurts " * 30, "rest")


def broken(place: Place) -> Iterator[Finding]:
    yield ok("arm", "moves")
    raise RuntimeError("a bone\n\x1b[31mbroke")


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    found: dict[str, object] = {"heart": healthy}
    monkeypatch.setattr(registry, "PROBES", found)
    return found


def test_warnings_leave_the_exit_code_at_0_problems_make_it_1(platform, probes):
    assert platform("doctor").returncode == 0
    probes["knee"] = weak
    done = platform("doctor")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "1 ok, 1 warnings, 0 problems."
    probes["leg"] = lambda *_: [problem("leg", "off", "a doctor")]
    assert platform("doctor").returncode == 1


def test_json_has_every_finding(platform, probes):
    probes["knee"] = weak
    found = json.loads(platform("doctor", "--json").stdout)
    assert found["ok"] is True
    assert found["counts"] == {"ok": 1, "warning": 1}
    assert found["findings"][0] == {"probe": "heart", "what": "heart", "status": "ok", "evidence": "beats", "fix": ""}


def test_a_probe_that_fails_is_a_line_and_the_others_go_on(platform, probes):
    probes |= {"arm": broken, "knee": weak}
    done = platform("doctor")
    assert done.returncode == 1
    assert "RuntimeError: a bone" in done.stdout
    assert "\x1b" not in done.stdout and "arm  " in done.stdout and "knee" in done.stdout


def test_lines_keep_to_the_terminals_width(platform, probes, monkeypatch):
    from tuneful.cli import doctor

    probes["knee"] = weak
    for width in (80, 120, 200):
        monkeypatch.setattr(doctor.console, "width", width)
        lines = platform("doctor").stdout.splitlines()
        assert min(width, 120) - 20 < max(map(len, lines)) <= min(width, 120)
    assert any(line.strip() == "Try: rest" for line in lines)


def test_probes_run_at_the_same_time(probes):
    def slow(place: Place) -> Iterator[Finding]:
        time.sleep(0.2)
        yield ok("slow", "done")

    probes |= {str(number): slow for number in range(10)}
    began = time.monotonic()
    found = registry.examine(Place(*[None] * 3))  # type: ignore[list-item]
    assert time.monotonic() - began < 1.5
    assert list(found) == list(probes)
