"""Run all layers and directions of a recurrent network in order."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from elman.engine.symbols import looked_up

__all__ = ["run_layers"]


def run_layers(
    run: Callable[[int, Any, bool], tuple[Tensor, Any]],
    x: Any,
    depth: int,
    directions: int,
    dropout: float,
    join: Callable[[int, Any, Tensor], Tensor] | None = None,
) -> tuple[Any, list[Any]]:
    """Run all layers, each reading the outputs of the one before.

    Args:
        run: ``(place, x, reverse) -> (outputs, final state)`` runs one layer and direction; ``place`` counts them,
            forwards first.
        x: input of the first layer, ``[N, I]`` or N symbols.
        depth: number of layers.
        directions: 1 or 2.
        dropout: probability of zeroing an output between two layers.
        join: ``(layer, x, outputs) -> x`` computes the input of the next layer; default the outputs.

    Returns:
        The outputs ``[N, directions * H]`` of the last layer, and the final state of each place.
    """
    finals: list[Any] = []
    for layer in range(depth):
        if layer and dropout:
            x = torch.dropout(looked_up(x), dropout, True)
        outputs: list[Tensor] = []
        for reverse in (False, True)[:directions]:
            output, final = run(layer * directions + reverse, x, reverse)
            outputs.append(output)
            finals.append(final)
        output = outputs[0] if directions == 1 else torch.cat(outputs, -1)
        x = output if join is None else join(layer, x, output)
    return x, finals
