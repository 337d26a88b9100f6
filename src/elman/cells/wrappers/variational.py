"""Variational dropout (Gal & Ghahramani, "A Theoretically Grounded Application of Dropout in RNNs", 2016)."""

from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.cells.wrappers.base import Wrapper, check_probability
from elman.cells.wrappers.masked_products import MaskedProducts

__all__ = ["VariationalDropout"]


class VariationalDropout(Wrapper):
    r"""A cell that drops the same inputs, states and outputs at every step of a sequence.

    .. math:: s_t = \mathrm{cell}(x_t \odot m_x, h_{t-1} \odot m_h, \dots), \qquad y_t = h_t \odot m_y

    Each row of the batch has its own masks, zero with the given probability and otherwise :math:`1/(1-p)`.
    As in the paper, ``states`` drops ``h`` only where a matrix product reads it; an elementwise use of ``h``,
    as by the update gate of a GRU, sees all of it. In training the state has the fields ``mask_x``, ``mask_h`` and
    ``mask_y`` that are in use, and with ``outputs`` also ``recurrent_h``, the undropped ``h`` that feeds back; in
    evaluation it is the inner cell's state. :meth:`redraw` converts between the two.

    With ``inputs``, the input product is computed inside the loop instead of before it, because rows drop different
    features.

    Args:
        cell: the inner cell.
        inputs: probability of dropping an input feature; default 0.
        states: probability of dropping a feature of ``h`` from the recurrent products; default 0.
        outputs: probability of dropping a feature of the output; default 0.

    Raises:
        TypeError: if ``cell`` is not a cell.
        ValueError: if a probability is out of range; in training, if ``states`` is not 0 and no matrix product
            of ``h`` is found in the cell's step.

    Example:
        >>> import elman
        >>> cell = VariationalDropout(elman.cells.GRUCell(3, 5), inputs=0.4, states=0.4)
        >>> outputs, state = elman.unroll(cell, torch.randn(7, 2, 3))
        >>> state._fields
        ('h', 'mask_x', 'mask_h')
    """

    def __init__(self, cell: Cell, inputs: float = 0.0, states: float = 0.0, outputs: float = 0.0):
        super().__init__(cell)
        self.inputs = check_probability("inputs", inputs)
        self.states = check_probability("states", states)
        self.outputs = check_probability("outputs", outputs)

    def initial_state(self, batch_size: int) -> Any:
        """Return the state before the first step; in training with new masks, ``[B, I]`` or ``[B, H]``."""
        state = self.cell.initial_state(batch_size)
        if not self.training:
            return state
        h = state[0]
        more: dict[str, Tensor] = {}
        if self.outputs:
            more["recurrent_h"] = h
        for name, p, shape in (
            ("mask_x", self.inputs, (self.input_size,)),
            ("mask_h", self.states, h.shape[1:]),
            ("mask_y", self.outputs, h.shape[1:]),
        ):
            if p:
                keep = h.new_full((batch_size, *shape), 1 - p)
                more[name] = torch.bernoulli(keep) / max(1 - p, 1e-30)
        return self.extended(type(state), *more)(*state, *more.values()) if more else state

    def drive(self, x: Tensor) -> Any:
        """Return the inner cell's drive; in training, if inputs are dropped, ``x`` itself."""
        return x if self.training and self.inputs else self.cell.drive(x)

    def step(self, drive: Any, state: Any) -> Any:
        """One step of the inner cell, with the masks in the state."""
        if not self.training or not (self.inputs or self.states or self.outputs):
            return self.cell.step(drive, state)
        more = bool(self.outputs) + bool(self.inputs) + bool(self.states) + bool(self.outputs)
        own = state[len(state) - more :]
        h = state.recurrent_h if self.outputs else state.h
        inside = (h, *state[1 : len(state) - more])
        if self.inputs:
            drive = self.cell.drive(drive * state.mask_x)
        before = type(state).inside(*inside)
        if self.states:
            with MaskedProducts(before[0], state.mask_h):
                after = self.cell.step(drive, before)
        else:
            after = self.cell.step(drive, before)
        if not self.outputs:
            return type(state)(*after, *own)
        return type(state)(after[0] * state.mask_y, *after[1:], after[0], *own[1:])

    def redraw(self, state: Any) -> Any:
        """Return ``state`` with new masks, or in evaluation without masks; all other fields stay the same."""
        if "recurrent_h" in state._fields:
            state = state._replace(h=state.recurrent_h)
        fresh = super().redraw(state)
        return fresh._replace(recurrent_h=state.h) if "recurrent_h" in fresh._fields else fresh

    def extra_repr(self) -> str:
        """The probabilities."""
        return f"inputs={self.inputs}, states={self.states}, outputs={self.outputs}"
