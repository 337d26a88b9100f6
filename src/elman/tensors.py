"""The tensors of a module, and the module with others in their place."""

from typing import Any

from torch import Tensor, nn

__all__ = ["tensors_of", "with_tensors"]


def tensors_of(module: nn.Module, prefix: str = "") -> list[tuple[str, Tensor]]:
    """Return every parameter and buffer of a module, by place; a tied one appears once a place."""
    found = []
    for held in (module._parameters, module._buffers):
        found += [(prefix + name, tensor) for name, tensor in held.items() if tensor is not None]
    for name, child in module._modules.items():
        if child is not None:
            found += tensors_of(child, f"{prefix}{name}.")
    return found


def with_tensors(module: Any, tensors: dict[str, Tensor], prefix: str = "") -> Any:
    """Return a copy of a module that computes with other tensors; the module itself is never touched."""
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
