"""Checkpoints: all that training needs to go on bit for bit, in a format that cannot run code."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from elman.files import write_atomically

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: Optimizer,
    progress: dict[str, Any],
    state: Any = (),
) -> None:
    """Write model, optimiser, carried state, random state and progress as one safetensors file, atomically.

    Args:
        path: the file.
        model: its ``state_dict`` is saved.
        optimizer: its ``state_dict`` is saved.
        progress: anything JSON can hold, such as the step and the losses so far.
        state: a recurrent state carried over windows, a nest of tuples of tensors.

    Raises:
        OSError: if the file cannot be written; the old checkpoint is then still there.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= _leaves(state, "state")
    tensors["random"] = torch.get_rng_state()
    saved = optimizer.state_dict()
    plain: dict[str, dict[str, Any]] = {}
    for index, slots in saved["state"].items():
        for name, value in slots.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
            else:
                plain.setdefault(str(index), {})[name] = value
    notes = {"progress": progress, "groups": saved["param_groups"], "slots": plain}
    data = save({k: v.detach().contiguous().clone() for k, v in tensors.items()}, {"elman": json.dumps(notes)})
    write_atomically(path, lambda file: file.write(data))


def load_checkpoint(path: Path, model: nn.Module, optimizer: Optimizer) -> tuple[dict[str, Any], Any] | None:
    """Restore what :func:`save_checkpoint` wrote, torch's random state included.

    Returns:
        The progress and the carried state, in plain tuples; None, with nothing changed, where there is no checkpoint.

    Raises:
        ValueError: if the file is damaged or was made by another model.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            notes = json.loads((file.metadata() or {})["elman"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        slots: dict[int, dict[str, Any]] = {int(k): dict(v) for k, v in notes["slots"].items()}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, slot = name.split(".", 2)
                slots.setdefault(int(index), {})[slot] = value
        weights = {name.removeprefix("model."): v for name, v in tensors.items() if name.startswith("model.")}
        model.load_state_dict(weights)
        optimizer.load_state_dict({"state": slots, "param_groups": notes["groups"]})
        torch.set_rng_state(tensors["random"])
        return notes["progress"], _nest(tensors, "state")
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is not a checkpoint of this model ({message}); delete it to start anew") from None


def _leaves(state: Any, place: str) -> dict[str, Tensor]:
    """Name every tensor of a nest by where it lies, such as ``state.0.1``."""
    if isinstance(state, Tensor):
        return {place: state}
    return {name: leaf for k, part in enumerate(state) for name, leaf in _leaves(part, f"{place}.{k}").items()}


def _nest(leaves: dict[str, Tensor], place: str) -> Any:
    """Make the nest again from the names of its tensors."""
    if place in leaves:
        return leaves[place]
    parts = {int(name[len(place) + 1 :].partition(".")[0]) for name in leaves if name.startswith(f"{place}.")}
    return tuple(_nest(leaves, f"{place}.{k}") for k in sorted(parts))
