"""Whether runs can be sent to Weights & Biases now, found out in less than two seconds."""

import os
import socket
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

KEY = "WANDB_API_KEY"
BASE_URL = "WANDB_BASE_URL"
CLOUD = "https://api.wandb.ai"
PATIENCE_S = 1.5
"""`wandb.init` itself waits 90 seconds for a server that doesn't answer."""


def why_offline(mode: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Why runs are kept offline, or None where they can be sent.

    Args:
        mode: of the sweep file: auto, online or offline. The environment's WANDB_MODE=offline counts, too.
        environment: where key and server are named.
    """
    if mode == "offline" or environment.get("WANDB_MODE") == "offline":
        return "asked for"
    if not environment.get(KEY):
        return f"{KEY} is not set"
    url = environment.get(BASE_URL, CLOUD)
    return None if answers(url) else f"{urlsplit(url).hostname or url} does not answer"


def answers(url: str) -> bool:
    """Whether the server of `url` takes a connection in time. Names are resolved in time, too, or given up."""
    parts = urlsplit(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    reached = threading.Event()

    def connect() -> None:
        try:
            with socket.create_connection((parts.hostname or "", port), timeout=PATIENCE_S):
                reached.set()
        except OSError:
            return

    thread = threading.Thread(target=connect, daemon=True, name="wandb-reach")
    thread.start()
    thread.join(PATIENCE_S)
    return reached.is_set()
