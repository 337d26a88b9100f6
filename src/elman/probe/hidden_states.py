"""What a cell's state knows, step by step: every state, single units, linear probes, ablation."""

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
    """Step through a batch and keep every state.

    Args:
        cell: any cell.
        x: inputs ``[T, B, I]``.
        held: units of a field of the state that are set to zero after every step, an ablation, such as
            ``{"c": [3]}``. A unit held in ``h`` alone comes back from an LSTM's ``c`` at the next step.

    Returns:
        For each field of the state ``[T, B, size]``.

    Raises:
        ValueError: for a field that the state lacks, or a unit that the field lacks.

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
    """Pearson's r of each unit with a quantity; 0 for a unit that never changes.

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
    """Share of a quantity's variance that a linear probe explains where it was not fitted (R²; below 0 if it harms).

    Args:
        states: ``[N, H]``, to fit on.
        target: ``[N]``.
        held_out: ``[M, H]``, of other sequences.
        truth: ``[M]``.

    Example:
        >>> import numpy as np
        >>> x = np.arange(6.0)[:, None]
        >>> explained(x[:4], 2 * x[:4, 0] + 1, x[4:], 2 * x[4:, 0] + 1)
        1.0
    """
    from sklearn.linear_model import LinearRegression

    return float(LinearRegression().fit(states, target).score(held_out, truth))
