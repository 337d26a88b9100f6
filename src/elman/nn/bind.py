"""Bind a layer's weights to a cell for one call."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from elman.cell import Cell
from elman.engine.symbols import Symbols


def weights(layer: nn.RNNBase, place: int, x: Tensor | Symbols) -> list[Tensor]:
    """Return the weights of one layer and direction, number ``place``, in ``torch.nn``'s order.

    The weights are looked up on every call, because a parameter may have been replaced: by the result of a
    parametrization, by a tensor passed to ``functional_call``, or by a replica's copy.

    Raises:
        ValueError: if the dtypes of ``x`` and the weights differ.
        RuntimeError: if the devices of ``x`` and the weights differ.
    """
    plain = layer._parameters
    found: list[Any] = []
    for name in layer._all_weights[place]:
        weight = plain.get(name)
        found.append(getattr(layer, name) if weight is None else weight)
    first = found[0]
    if x.dtype != first.dtype:
        raise ValueError(
            f"RNN input dtype ({x.dtype}) does not match weight dtype ({first.dtype}). "
            f"Convert input: input.to({first.dtype}), or convert model: model.to({x.dtype})"
        )
    if x.device != first.device:
        raise RuntimeError(f"input is on {x.device} and the weights on {first.device}: move one to the other")
    return found


def bind(cell_type: type[Cell], hidden_size: int, parameters: dict[str, Tensor | None], **fields: Any) -> Cell:
    """Return a new cell of this type whose parameters are exactly these tensors.

    Every call gets a new cell, so that threads sharing a layer do not see each other's weights, and so that
    ``parameters()``, checkpoints and deep copies of the layer do not contain the cell.
    """
    weight_ih = parameters["weight_ih"]
    assert weight_ih is not None
    cell = object.__new__(cell_type)
    cell.__dict__.update(_blank(weight_ih.shape[1], hidden_size).__dict__)
    cell.__dict__.update(fields, _parameters=parameters)
    return cell


def add_biases(weights: list[Tensor]) -> Tensor | None:
    """Return ``b_ih + b_hh`` of ``(w_ih, w_hh, b_ih, b_hh, ...)``, None without biases.

    ``torch.nn`` has two biases where the equations have one; only their sum matters.
    """
    return weights[2] + weights[3] if len(weights) > 3 else None


@lru_cache(maxsize=256)
def _blank(input_size: int, hidden_size: int) -> Cell:
    # Only the base class's constructor runs: a subclass would draw initial weights and advance the random generator.
    with torch.device("cpu"):
        return Cell(input_size, hidden_size)
