"""Checkpoints: weights and optimizer as safetensors, the rest as JSON. Nothing that is read back is pickle."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from trainers.errors import CheckpointError
from trainers.models.tagger import Tagger
from trainers.training.checkpoint_files import OPTIMIZER, STATE, TRAINED, WEIGHTS


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    averaged: nn.Module | None,
    optimizer: torch.optim.Optimizer,
    state: dict[str, Any],
) -> None:
    """Write what a run needs to go on.

    Random states are not among it: order, crops, mixing and dropout are seeded anew for every epoch from the run's
    seed, the epoch and the rank, and the learning rate is a function of the step.
    """
    _write(folder / WEIGHTS, (averaged or model).state_dict())
    if averaged is not None:
        _write(folder / TRAINED, model.state_dict())
    moments = optimizer.state_dict()["state"]
    tensors = {
        f"{index}.{name}": value
        for index, entry in moments.items()
        for name, value in entry.items()
        if isinstance(value, Tensor)  # SGD without momentum keeps a None
    }
    _write(folder / OPTIMIZER, tensors)
    (folder / STATE).write_text(json.dumps(state))


def load_weights(folder: Path, model: nn.Module, name: str = WEIGHTS) -> None:
    """Load a checkpoint's weights into `model`.

    Raises:
        CheckpointError: another architecture or other classes, says which tensors differ; or a damaged file.
    """
    weights = _read(folder / name)
    _refuse_others(folder, weights, model.state_dict())
    model.load_state_dict(weights)


def load_start(folder: Path, model: Tagger, part: str) -> None:
    """Load the weights that a run starts from: the whole network, or all of it but the head.

    Raises:
        CheckpointError: as `load_weights`.
    """
    if part == "whole":
        load_weights(folder, model)
        return
    head = {id(parameter) for parameter in model.head_parameters()}
    own = {name: value for name, value in model.state_dict(keep_vars=True).items() if id(value) not in head}
    weights = {name: value for name, value in _read(folder / WEIGHTS).items() if name in own}
    _refuse_others(folder, weights, own)
    model.load_state_dict(weights, strict=False)


def load_checkpoint(
    folder: Path, model: nn.Module, averaged: nn.Module | None, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Load weights and optimizer; returns the rest of the state.

    Raises:
        CheckpointError: as `load_weights`.
    """
    if averaged is None:
        load_weights(folder, model)
    else:
        load_weights(folder, averaged)
        load_weights(folder, model, TRAINED)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in _read(folder / OPTIMIZER).items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = _laid_out_like(parameters[int(index)], value)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    state: dict[str, Any] = json.loads((folder / STATE).read_text())
    return state


def _refuse_others(folder: Path, weights: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    wrong = sorted(
        name
        for name in own.keys() | weights.keys()
        if name not in own or name not in weights or own[name].shape != weights[name].shape
    )
    if wrong:
        shown = ", ".join(f"{name} {_shape(weights, name)} for {_shape(own, name)}" for name in wrong[:3])
        raise CheckpointError(f"{folder}: not a checkpoint of this model: {len(wrong)} tensors differ ({shown})")


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    # not save_file: it hides a full disk in an error of its own
    path.write_bytes(save({name: value.detach().contiguous().clone() for name, value in tensors.items()}))


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: not readable as a checkpoint ({error})") from None


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """The optimizer's moments in their parameter's memory format, as in a run that was never stopped."""
    return torch.empty_like(parameter, device="cpu").copy_(value) if value.shape == parameter.shape else value


def _shape(tensors: dict[str, Tensor], name: str) -> str:
    return "x".join(map(str, tensors[name].shape)) or "scalar" if name in tensors else "nothing"
