"""Where tuneful keeps catalogues and decoded samples: `$TUNEFUL_HOME`, by default `~/.tuneful`."""

import os
from pathlib import Path


def home() -> Path:
    """The folder of this user's catalogues and store."""
    return Path(os.environ.get("TUNEFUL_HOME") or "~/.tuneful").expanduser().absolute()
