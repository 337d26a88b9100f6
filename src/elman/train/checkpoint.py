"""Checkpoints: everything training needs to resume bit for bit, in a format that cannot run code.

A checkpoint is a tree - dictionaries, tuples and lists of tensors, numbers and words - in one safetensors file: the
tensors as they are, the tree as JSON beside them, and the file's SHA-256.
"""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from elman.files import write_atomically
from elman.sealing import UNSEALED, check_seal, seal

__all__ = ["RandomState", "Stateful", "load_checkpoint", "save_checkpoint"]


@runtime_checkable
class Stateful(Protocol):
    """An object that a checkpoint can save: a module, an optimiser, a schedule, an average, a stopping rule."""

    def state_dict(self) -> Any:
        """Return a tree of tensors, numbers and words."""
        ...

    def load_state_dict(self, state_dict: Any, /) -> Any:
        """Restore what :meth:`state_dict` returned."""
        ...


class RandomState:
    """All random number generators of this process: torch's, on the CPU and on every GPU, Python's and NumPy's.

    Example:
        >>> held = RandomState().state_dict()
        >>> first = torch.rand(1)
        >>> RandomState().load_state_dict(held)
        >>> torch.equal(torch.rand(1), first)
        True
    """

    def state_dict(self) -> dict[str, Any]:
        """Return the state of every generator."""
        state = {"torch": torch.get_rng_state(), "python": random.getstate(), "numpy": np.random.get_state()}
        if torch.cuda.is_available():
            state["cuda"] = torch.cuda.get_rng_state_all()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of every generator."""
        torch.set_rng_state(state_dict["torch"])
        random.setstate(state_dict["python"])
        np.random.set_state(state_dict["numpy"])
        if torch.cuda.is_available() and "cuda" in state_dict:
            torch.cuda.set_rng_state_all(state_dict["cuda"])


def save_checkpoint(path: Path, parts: Mapping[str, Stateful], notes: Any = None) -> None:
    """Write the state of several parts to one file, atomically.

    Args:
        path: the file.
        parts: objects with a ``state_dict``, by name.
        notes: a further tree to save, such as the losses so far and a carried state.

    Raises:
        OSError: if the file cannot be written; the old checkpoint is then still there.
        TypeError: if a tree contains something that is neither a tensor nor valid JSON.
    """
    tensors: dict[str, Tensor] = {}
    held = {name: part.state_dict() for name, part in parts.items()}
    tree = _flat({"parts": held, "notes": notes}, tensors)
    data = seal(save(tensors, {"elman": json.dumps(tree), "sha256": UNSEALED}))
    write_atomically(path, lambda file: file.write(data))


def load_checkpoint(path: Path, parts: Mapping[str, Stateful]) -> Any:
    """Restore the parts from a file that :func:`save_checkpoint` wrote, and return its notes.

    Args:
        path: the file.
        parts: the parts that were saved, under the same names; each one's state is restored.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is damaged or was saved from other parts.
    """
    if not path.exists():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        data = path.read_bytes()
        tensors = load(data)
        check_seal(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        tree = _tree(json.loads(header["__metadata__"]["elman"]), tensors)
        if tree["parts"].keys() != parts.keys():
            raise ValueError(f"it holds {', '.join(tree['parts'])}, expected {', '.join(parts)}")
        for name, part in parts.items():
            part.load_state_dict(tree["parts"][name])
        return tree["notes"]
    except (SafetensorError, LookupError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is not a checkpoint of this model ({message}); delete it to start again") from None


def _flat(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """Convert a tree to JSON values, with its tensors stored separately."""
    if isinstance(tree, np.ndarray):
        return {"array": _flat(torch.from_numpy(tree.astype(np.int64)), tensors), "dtype": str(tree.dtype)}
    if isinstance(tree, Tensor):
        name = str(len(tensors))
        tensors[name] = tree.detach().contiguous().clone()
        return {"tensor": name}
    if isinstance(tree, Mapping):
        return {"dict": [[_flat(key, tensors), _flat(value, tensors)] for key, value in tree.items()]}
    if isinstance(tree, tuple):
        return {"tuple": [_flat(part, tensors) for part in tree]}
    if isinstance(tree, list):
        return [_flat(part, tensors) for part in tree]
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    raise TypeError(f"a checkpoint cannot hold a {type(tree).__name__}")


def _tree(described: Any, tensors: dict[str, Tensor]) -> Any:
    """Rebuild the tree."""
    if isinstance(described, list):
        return [_tree(part, tensors) for part in described]
    if not isinstance(described, dict):
        return described
    if "array" in described:
        return _tree(described["array"], tensors).numpy().astype(described["dtype"])
    if "tensor" in described:
        return tensors[described["tensor"]]
    if "tuple" in described:
        return tuple(_tree(part, tensors) for part in described["tuple"])
    return {_tree(key, tensors): _tree(value, tensors) for key, value in described["dict"]}
