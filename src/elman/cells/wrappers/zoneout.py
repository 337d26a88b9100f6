"""Zoneout (Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations", ICLR 2017)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.cells.wrappers.base import Wrapper, check_probability

__all__ = ["Zoneout"]


class Zoneout(Wrapper):
    r"""A cell in which random units keep their value from one step to the next.

    .. math:: s_t = d_t \odot s_{t-1} + (1 - d_t) \odot \tilde s_t, \qquad d_t \sim \mathrm{Bernoulli}(p)

    A new :math:`d_t` is drawn for every step, row, field and unit. In evaluation :math:`d_t` is its expectation
    :math:`p`, so the new state is a weighted mean of the old value and the cell's.

    Args:
        cell: the inner cell.
        p: probability of keeping a unit's value. A number applies to all state fields except those that depend on
            each other, such as a sum and its normaliser (see ``free_fields``). A mapping, such as
            ``{"h": 0.05, "c": 0.5}``, gives one probability per field; other fields are never kept. Default 0.1.

    Raises:
        TypeError: if ``cell`` is not a cell.
        ValueError: if ``p`` is out of range or names a field that the cell does not have.

    Example:
        >>> import elman
        >>> cell = Zoneout(elman.cells.LSTMCell(3, 5), {"h": 0.05, "c": 0.5})
        >>> outputs, state = elman.unroll(cell, torch.randn(7, 2, 3))
        >>> state.c.shape
        torch.Size([2, 5])
    """

    def __init__(self, cell: Cell, p: float | Mapping[str, float] = 0.1):
        super().__init__(cell)
        fields = [name for name in cell.initial_state(1)._fields if not name.startswith("mask_")]
        given = dict(p) if isinstance(p, Mapping) else dict.fromkeys(cell.free_fields, p)
        if not set(given) <= set(fields):
            raise ValueError(f"p names {', '.join(given)}, but the state's fields are {', '.join(fields)}")
        if "recurrent_h" in fields:
            raise ValueError(
                "the inner cell drops its outputs, which zoneout would undo: use VariationalDropout(Zoneout(cell))"
            )
        self.p = {name: check_probability(f"p of {name}", value) for name, value in given.items()}

    def drive(self, x: Tensor) -> Any:
        """Return the inner cell's drive; in training also a mask ``[..., S]``, 1 where a unit is updated, else 0.

        S is how many numbers of a row's state zoneout may keep.
        """
        drive = self.cell.drive(x)
        if not self.training or not any(self.p.values()):
            return drive
        state = self.cell.initial_state(1)
        chances = [
            state[0].new_full((field.shape[1:].numel(),), 1 - self.p[name])
            for name, field in zip(state._fields, state, strict=True)
            if self.p.get(name)
        ]
        new = torch.bernoulli(torch.cat(chances).expand(*x.shape[:-1], -1))
        if isinstance(drive, tuple) and len(drive) == 1:
            raise TypeError(f"drive of {type(self.cell).__name__} returned a tuple of one tensor: return the tensor")
        return (*drive, new) if isinstance(drive, tuple) else (drive, new)

    def step(self, drive: Any, state: Any) -> Any:
        """One step of the inner cell, then of the equation above."""
        if not any(self.p.values()):
            return self.cell.step(drive, state)
        new = None
        if self.training:
            *inside, new = drive
            drive = tuple(inside) if len(inside) > 1 else inside[0]
        after = self.cell.step(drive, state)
        fields, at = [], 0
        for name, before, field in zip(state._fields, state, after, strict=True):
            p = self.p.get(name)
            if p and new is not None:
                width = field.shape[1:].numel()
                field = torch.where(new[:, at : at + width].reshape(field.shape) > 0, field, before)
                at += width
            elif p:
                field = p * before + (1 - p) * field
            fields.append(field)
        return type(after)(*fields)

    def extra_repr(self) -> str:
        """The probabilities."""
        return ", ".join(f"{name}={p}" for name, p in self.p.items())
