"""Whether runs can be sent to Weights & Biases now, found out in less than two seconds."""

import os
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

KEY = "WANDB_API_KEY"
MODE = "WANDB_MODE"
BASE_URL = "WANDB_BASE_URL"
CLOUD = "https://api.wandb.ai"
PATIENCE_S = 1.5
"""`wandb.init` itself waits 90 seconds for a server that doesn't answer."""
NO_KEY = (
    f"{KEY} is not set, and what `wandb login` keeps is not read; to send: export {KEY}=..., the key of your account"
)


@dataclass(frozen=True)
class Reach:
    """How far runs go."""

    mode: Literal["online", "offline", "disabled"]
    why: str = ""
    """what keeps them from being sent"""


def reach(mode: str, environment: Mapping[str, str] = os.environ) -> Reach:
    """How far runs go now.

    Args:
        mode: of the sweep file: auto, online or offline. The environment's WANDB_MODE can only take away from it.
        environment: where key and server are named.
    """
    asked = environment.get(MODE)
    if asked == "disabled":
        return Reach("disabled", f"{MODE}={asked}")
    if mode == "offline" or asked in ("offline", "dryrun"):
        return Reach("offline", "asked for")
    if not environment.get(KEY):
        return Reach("offline", NO_KEY)
    url = server(environment)
    return Reach("online") if answers(url) else Reach("offline", f"{urlsplit(url).hostname or url} does not answer")


def server(environment: Mapping[str, str] = os.environ) -> str:
    """The address that runs are sent to."""
    return environment.get(BASE_URL) or CLOUD


def answers(url: str) -> bool:
    """Whether the server of `url` answers a request in time, whatever it says. Names are resolved in time, too.

    Taking a connection is not enough: what hangs behind a proxy does that.
    """
    answered = threading.Event()

    def ask() -> None:
        try:
            urlopen(Request(url, method="HEAD"), timeout=PATIENCE_S).close()
        except HTTPError:
            pass
        except (OSError, ValueError, HTTPException) as error:
            if not (isinstance(error, URLError) and isinstance(error.reason, ssl.SSLError)):
                return  # a certificate is an answer: whether it is good is decided where something is sent
        answered.set()

    thread = threading.Thread(target=ask, daemon=True, name="wandb-reach")
    thread.start()
    thread.join(PATIENCE_S)
    return answered.is_set()
