"""Probes of a cell's hidden states: recording, unit correlations, linear probes, ablation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from elman.cell import Cell, part_of

if TYPE_CHECKING:
    import numpy as np

__all__ = ["correlations", "every_state", "explained"]


@torch.no_grad()
def every_state(cell: Cell, x: Tensor, held: Mapping[str, Sequence[int]] | None = None) -> dict[str, Tensor]:
    """Step through a batch, and return every state.

    Args:
        cell: any cell.
        x: inputs ``[T, B, I]``.
        held: units to set to zero after every step (an ablation), by field, such as ``{"c": [3]}``. An LSTM's unit
            held in ``h`` alone is restored from ``c`` at the next step.

    Returns:
        The states ``[T, B, size]`` of each field.

    Raises:
        ValueError: if the state lacks a field, or the field lacks a unit.

    Example:
        >>> from elman.cells import LSTMCell
        >>> states = every_state(LSTMCell(2, 3), torch.randn(5, 4, 2), held={"c": [1]})
        >>> sorted(states), states["c"].shape, states["c"][..., 1].abs().max().item()
        (['c', 'h'], torch.Size([5, 4, 3]), 0.0)
    """
    cell = cell.drawn()
    state = cell.initial_state(x.shape[1])
    keep = {name: torch.ones_like(value) for name, value in zip(state._fields, state, strict=True)}
    for name, units in (held or {}).items():
        if name not in keep or not all(0 <= unit < keep[name].shape[-1] for unit in units):
            sizes = ", ".join(f"{field} with {one.shape[-1]} units" for field, one in keep.items())
            raise ValueError(f"cannot hold units {list(units)} of {name!r}; the state has {sizes}")
        keep[name][..., list(units)] = 0
    seen: dict[str, list[Tensor]] = {name: [] for name in keep}
    drive = cell.drive(x)
    for t in range(len(x)):
        state = cell.step(part_of(drive, t), state)
        state = type(state)(*(value * keep[name] for name, value in zip(state._fields, state, strict=True)))
        for name, value in zip(state._fields, state, strict=True):
            seen[name].append(value)
    return {name: torch.stack(values) for name, values in seen.items()}


def correlations(states: "np.ndarray", target: "np.ndarray") -> "np.ndarray":
    """Return Pearson's r of each unit with a quantity; 0 for a unit that never changes.

    Args:
        states: ``[N, H]``.
        target: ``[N]``.

    Example:
        >>> import numpy as np
        >>> states = np.array([[0.0, 5.0, 1.0], [1.0, 5.0, 0.0], [2.0, 5.0, -1.0]])
        >>> correlations(states, np.array([1.0, 2.0, 3.0])).round(6)
        array([ 1.,  0., -1.])
    """
    import numpy as np

    a, b = states - states.mean(0), target - target.mean()
    norms = np.sqrt((a**2).sum(0) * (b**2).sum())
    return np.divide(a.T @ b, norms, out=np.zeros(states.shape[1]), where=norms > 1e-12)


def explained(states: "np.ndarray", target: "np.ndarray", held_out: "np.ndarray", truth: "np.ndarray") -> float:
    """Return the share of a quantity's variance that a linear probe explains on held-out states (R², negative if the
    probe predicts worse than the mean).

    Args:
        states: states to fit on, ``[N, H]``.
        target: quantity to predict, ``[N]``.
        held_out: states of other sequences, ``[M, H]``.
        truth: their quantity, ``[M]``.

    Example:
        >>> import numpy as np
        >>> x = np.arange(6.0)[:, None]
        >>> explained(x[:4], 2 * x[:4, 0] + 1, x[4:], 2 * x[4:, 0] + 1)
        1.0
    """
    from sklearn.linear_model import LinearRegression

    return float(LinearRegression().fit(states, target).score(held_out, truth))
