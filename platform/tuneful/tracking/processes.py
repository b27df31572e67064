"""How wandb's processes are started: for one sweep's folder alone, and silent about everything else."""

import os
import sys
from pathlib import Path

REMOVED = ("WANDB_MODE", "WANDB_IDENTITY_TOKEN_FILE")
"""What `reach` has decided already, and a second way to log in: beside a key wandb refuses it."""


def wandb_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with the working folder out of Python's path: there is a folder `wandb` in it."""
    return [sys.executable, "-P", "-m", module, *arguments]


def wandb_environment(folder: Path) -> dict[str, str]:
    """The environment of a process that imports wandb, to be run in `folder`, a sweep's.

    Everything that wandb keeps lies in the folder. It reads no key but that of the environment (else it would take what
    `wandb login` left in .netrc, or settings in the user's home), names no host, and reports no errors of its own:
    those would go to the server with stack traces and paths.
    """
    data = folder.absolute() / "wandb" / "data"
    data.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
    own = dict.fromkeys(("WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"), str(data))
    return {**kept, **own, "NETRC": os.devnull, "WANDB_HOST": "", "WANDB_ERROR_REPORTING": "false"}
