"""Weight drop (Merity, Keskar & Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.cells.wrappers.base import Wrapper, check_probability
from elman.tensors import with_tensors

__all__ = ["WeightDrop"]


class WeightDrop(Wrapper):
    r"""A cell that drops recurrent weights: DropConnect (Wan et al., 2013) on the recurrent products.

    .. math:: R' = R \odot M / (1 - p), \qquad M_{ij} \sim \mathrm{Bernoulli}(1 - p)

    All rows and steps of a forward pass share one mask. :meth:`drawn` draws it and returns a cell with the masked
    weights, whose gradients flow to the original parameters. :func:`~elman.unroll` and :class:`~elman.nn.Recurrent`
    call it; to step by hand, call ``cell = cell.drawn()`` first.

    Args:
        cell: the inner cell.
        p: probability of dropping a weight; default 0.5.
        names: parameters to drop from; default every matrix that ``step`` (not ``drive``) reads.

    Raises:
        TypeError: if ``cell`` is not a cell.
        ValueError: if ``p`` is out of range, a name is unknown or there is no matrix to drop from.
        RuntimeError: in training, if ``step`` is called without :meth:`drawn`.

    Example:
        >>> import elman
        >>> cell = WeightDrop(elman.cells.LSTMCell(3, 5), 0.5)
        >>> outputs, state = elman.unroll(cell, torch.randn(7, 2, 3))
        >>> cell.names, state.h.shape
        (('weight_hh',), torch.Size([2, 5]))
    """

    def __init__(self, cell: Cell, p: float = 0.5, names: Sequence[str] | None = None):
        super().__init__(cell)
        self.p = check_probability("p", p)
        if any(isinstance(module, WeightDrop) for module in cell.modules()):
            raise ValueError("the inner cell is already a WeightDrop: wrap a cell in WeightDrop once")
        known = [name for name, parameter in cell.named_parameters() if parameter.dim() == 2]
        self.names = tuple(names) if names is not None else _read_by_step(cell)
        if not self.names or not set(self.names) <= set(known):
            raise ValueError(
                f"expected the names of weight matrices, got {', '.join(self.names) or 'no name'}; "
                f"{type(cell).__name__} has {', '.join(known) or 'no matrix'}"
            )

    def drawn(self) -> Cell:
        """Return the inner cell, in training with a newly drawn mask on its weights."""
        inside = self.cell.drawn()
        if not self.training or not self.p:
            return inside
        held = dict(self.cell.named_parameters())
        thinned = {name: torch.dropout(held[name], self.p, True) for name in self.names}
        return with_tensors(inside, thinned)

    def step(self, drive: Any, state: Any) -> Any:
        """One step of the inner cell, in evaluation only."""
        if self.training and self.p:
            raise RuntimeError(
                "WeightDrop draws one mask per forward pass, not per step: call cell.drawn() once and step its result"
            )
        return self.cell.step(drive, state)

    def extra_repr(self) -> str:
        """Return the probability and the parameters it acts on, for ``print(cell)``."""
        return f"p={self.p}, names={self.names}"


def _read_by_step(cell: Cell) -> tuple[str, ...]:
    """Return the names of the matrices on which a step depends, given its drive."""
    bare = cell
    while isinstance(bare, Wrapper):
        bare = bare.cell
    prefix = next(name for name, module in cell.named_modules() if module is bare)
    names, matrices = [], []
    for name, parameter in bare.named_parameters(f"{prefix}" if prefix else ""):
        if parameter.dim() == 2 and parameter.requires_grad:
            names.append(name)
            matrices.append(parameter)
    like = next(bare.parameters(), torch.empty(0))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        drive = bare.drive(like.new_zeros(1, bare.input_size))
        state = bare.initial_state(1)
    with torch.enable_grad():
        state = type(state)(*(field.detach().requires_grad_() for field in state))
        total = sum(field.sum() for field in bare.step(drive, state))
    if not matrices or not isinstance(total, Tensor) or not total.requires_grad:
        return ()
    found = torch.autograd.grad(total, matrices, allow_unused=True)
    return tuple(name for name, gradient in zip(names, found, strict=True) if gradient is not None)
