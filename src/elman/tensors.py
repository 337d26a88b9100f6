"""List the tensors of a module, or replace them in a copy of it."""

from typing import Any

from torch import Tensor, nn

__all__ = ["tensors_of", "with_tensors"]


def tensors_of(module: nn.Module, prefix: str = "") -> list[tuple[str, Tensor]]:
    """Return the name and value of every parameter and buffer; a shared tensor appears under each of its names."""
    found = []
    for held in (module._parameters, module._buffers):
        found += [(prefix + name, tensor) for name, tensor in held.items() if tensor is not None]
    for name, child in module._modules.items():
        if child is not None:
            found += tensors_of(child, f"{prefix}{name}.")
    return found


def with_tensors(module: Any, tensors: dict[str, Tensor], prefix: str = "") -> Any:
    """Return a copy of a module that uses the given tensors; the module itself does not change."""
    copy = object.__new__(type(module))
    copy.__dict__.update(module.__dict__)
    for kind in ("_parameters", "_buffers"):
        held = module.__dict__[kind]
        copy.__dict__[kind] = {name: tensors.get(prefix + name, old) for name, old in held.items()}
    copy.__dict__["_modules"] = {
        name: child if child is None else with_tensors(child, tensors, f"{prefix}{name}.")
        for name, child in module._modules.items()
    }
    return copy
