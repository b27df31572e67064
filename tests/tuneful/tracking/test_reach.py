"""Whether to send is decided in time, and the environment can only take away from what is sent."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.tuneful.tracking.wandb_server import wandb_server
from tuneful.tracking.reach import PATIENCE_S, answers, reach

KEY = {"WANDB_API_KEY": "5ec2e7" * 6 + "abcd"}


@pytest.fixture
def full_server() -> Iterator[str]:
    """A server whose queue is full: it never takes a connection."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        filling = [socket.socket() for _ in range(3)]
        for each in filling:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}"
        for each in filling:
            each.close()


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("server", ["full_server", "silent_server"])
def test_a_server_that_does_not_answer_costs_less_than_two_seconds(server: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(server)
    started = time.monotonic()
    found = reach("auto", {**KEY, "WANDB_BASE_URL": url})
    assert (found.mode, found.why) == ("offline", "127.0.0.1 does not answer")
    assert time.monotonic() - started < PATIENCE_S + 0.4


@pytest.mark.parametrize(
    ("mode", "environment", "found", "why"),
    [
        ("auto", {}, "offline", "export WANDB_API_KEY="),
        ("online", {}, "offline", "what `wandb login` keeps is not read"),
        ("offline", KEY, "offline", "asked for"),
        ("online", {**KEY, "WANDB_MODE": "offline"}, "offline", "asked for"),
        ("online", {**KEY, "WANDB_MODE": "dryrun"}, "offline", "asked for"),
        ("online", {**KEY, "WANDB_MODE": "disabled"}, "disabled", "WANDB_MODE=disabled"),
        ("offline", {"WANDB_MODE": "disabled"}, "disabled", "WANDB_MODE=disabled"),
        ("auto", {**KEY, "WANDB_BASE_URL": "http://no-such-host.invalid"}, "offline", "does not answer"),
        ("auto", {**KEY, "WANDB_BASE_URL": "no address"}, "offline", "does not answer"),
    ],
)
def test_it_says_why(mode: str, environment: dict[str, str], found: str, why: str) -> None:
    reached = reach(mode, environment)
    assert reached.mode == found
    assert why in reached.why


def test_a_server_that_answers_is_used_whatever_it_says() -> None:
    with wandb_server() as server:  # with 404
        assert reach("auto", {**KEY, "WANDB_BASE_URL": server.url}).mode == "online"
    assert not answers(server.url)
