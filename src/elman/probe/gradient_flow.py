"""Gradient flow: how much of a loss at the end reaches each earlier time step."""

from collections.abc import Callable

import torch
from torch import Tensor

from elman.cell import Cell, part_of

__all__ = ["gradient_flow"]


def gradient_flow(cell: Cell, x: Tensor, loss: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    r"""Return :math:`\lVert \partial L / \partial s_t \rVert` at every step, for every field s of the state.

    The derivative is that of backpropagation through time: it includes every path from the quantity computed at
    step t to the loss. For an LSTM, the derivative by ``c_t`` therefore includes the path through ``h_t``, which is
    computed from ``c_t``; the derivative by ``h_t`` includes only paths through the next step and the output.

    Args:
        cell: any cell. Use float64: a vanishing gradient soon leaves the range of float32.
        x: inputs ``[T, B, I]``.
        loss: maps the last output ``[B, H]`` to a scalar.

    Returns:
        The norms ``[T]`` over batch and features for each field of the state; entry t belongs to the state
        after step t + 1.

    Raises:
        ValueError: if x is not ``[T, B, I]`` with at least one step.

    Example:
        >>> from elman.cells import RNNCell
        >>> norms = gradient_flow(RNNCell(2, 4).double(), torch.ones(9, 1, 2).double(), torch.sum)
        >>> norms["h"].shape, norms["h"][-1].item()
        (torch.Size([9]), 2.0)
    """
    if x.dim() != 3 or x.shape[0] == 0:
        raise ValueError(f"x must be [T, B, I] with at least one step, got {list(x.shape)}")
    cell = cell.drawn()
    state, states = cell.initial_state(x.shape[1]), []
    drive = cell.drive(x)
    for t in range(x.shape[0]):
        state = cell.step(part_of(drive, t), state)
        states.append(state)
    flat = [field for state in states for field in state]
    gradients = torch.autograd.grad(loss(states[-1][0]), flat, allow_unused=True)
    norms = [g.norm() if g is not None else x.new_zeros(()) for g in gradients]
    width = len(state)
    return {name: torch.stack(norms[k::width]) for k, name in enumerate(type(state)._fields)}
