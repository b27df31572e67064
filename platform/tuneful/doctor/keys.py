"""Where runs may be logged besides the results folder."""

import netrc
import os
from collections.abc import Iterator
from pathlib import Path

from tuneful.doctor.finding import Finding, Place, ok, warning

KEY = "WANDB_API_KEY"
HOST = "api.wandb.ai"


def wandb_key(place: Place) -> Iterator[Finding]:
    """Whether there is a key of Weights & Biases; the key itself is never shown."""
    del place
    if os.environ.get(KEY):
        yield ok("W&B", f"{KEY} is set")
        return
    try:
        found = netrc.netrc(Path("~/.netrc").expanduser()).hosts.get(HOST)
    except FileNotFoundError:
        found = None
    except (OSError, netrc.NetrcParseError) as error:
        yield warning("W&B", f"~/.netrc can't be read ({type(error).__name__})", "mend it, or set WANDB_API_KEY")
        return
    unread = f"~/.netrc has a key for {HOST}, which sweeps don't read: theirs is {KEY}"
    yield ok("W&B", unread if found else "no key, none is needed")
