"""``unroll``: run a cell over a batch of sequences."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.cell import Cell
from elman.engine.choice import alone, choose
from elman.engine.loop import check_drive
from elman.engine.ragged import Ragged
from elman.engine.resets import Resets, check_resets, renewed
from elman.engine.symbols import Symbols, looked_up

__all__ = ["unroll"]


def unroll(
    cell: Cell,
    x: Tensor | Symbols,
    state: Any = None,
    lengths: Tensor | Sequence[int] | None = None,
    resets: Tensor | None = None,
    *,
    reverse: bool = False,
    engine: str = "auto",
) -> tuple[Tensor, Any]:
    """Run a cell over a batch of sequences.

    With ``lengths`` the batch is ragged, and handled exactly: outputs past a row's end are zero, the final state is
    the state at the row's own last step, and the content of the padding affects neither values nor gradients. A row
    of length 0 keeps its initial state.

    With ``resets`` the state starts again inside a row, as after the end of an episode in reinforcement learning:
    before each step whose element is True, the state is replaced by the cell's own ``initial_state``, not by
    ``state``. No value and no gradient crosses such a boundary. In reverse, the boundary is at the same place,
    between a step and the one before it: the state is replaced after the marked step, before the preceding one.

    Args:
        cell: any :class:`~elman.Cell`.
        x: inputs, ``[T, B, I]``, or :class:`~elman.Symbols` of tokens ``[T, B]``.
        state: state before the first step, each field ``[B, *]``; default ``cell.initial_state(B)``.
        lengths: real steps of each row, B integers from 0 to T in any order; default all T.
        resets: truth values ``[T, B]``, True where the state is reset before a step; those past a row's end have no
            effect. Default no resets. Each row is cut at its resets, and the pieces run as rows of a ragged batch.
        reverse: walk from each row's last real step to its first; outputs stay at their own time step.
        engine: ``"auto"``, or the name of one engine, see :func:`~elman.use_engine`.

    Returns:
        Outputs ``[T, B, H]`` and the final state, fields ``[B, *]``.

    Raises:
        TypeError: if ``resets`` is not a bool tensor.
        ValueError: if shapes, lengths, the device of ``resets`` or the engine's name do not fit.

    Example:
        >>> import torch, elman
        >>> cell = elman.cells.GRUCell(3, 5)
        >>> outputs, state = elman.unroll(cell, torch.randn(7, 2, 3), lengths=[7, 4])
        >>> outputs.shape, state.h.shape, outputs[4:, 1].abs().sum().item()
        (torch.Size([7, 2, 5]), torch.Size([2, 5]), 0.0)
        >>> resets = torch.zeros(7, 2, dtype=torch.bool)
        >>> resets[4] = True  # before step 4, in both rows
        >>> x = torch.randn(7, 2, 3)
        >>> torch.allclose(elman.unroll(cell, x, resets=resets)[0][4:], elman.unroll(cell, x[4:])[0], atol=1e-6)
        True
    """
    shape = x.shape if isinstance(x, Tensor) else (*x.tokens.shape, x.table.shape[1])
    if len(shape) != 3 or shape[-1] != cell.input_size:
        raise ValueError(f"x must be [T, B, {cell.input_size}] for this cell, got {list(shape)}")
    steps, batch = shape[:2]
    cell = cell.drawn()
    state = first_state(cell, batch) if state is None else check_state(cell, state, batch)
    marked = None if resets is None else check_resets(resets, (steps, batch), x.device)
    if marked is not None and lengths is None and steps == 1:  # nothing to cut
        if not reverse:
            state = renewed(state, first_state(cell, batch), marked[0])
        marked = None
    if marked is None and lengths is None and alone(steps, engine):
        drive = cell.drive(looked_up(x)[0])
        check_drive(cell, drive, batch)
        after = cell.step(drive, state)  # the loop's result, with less overhead
        return torch.stack((after[0],)), type(state)(*after)
    cut = Resets.cut(marked, lengths, steps, batch)
    ragged = Ragged.from_lengths(lengths, steps, batch, x.device) if cut is None else cut.ragged
    packed = ragged.pack(x) if isinstance(x, Tensor) else Symbols(ragged.pack(x.tokens), x.table)
    if cut is not None:
        begun = cut.begin(state, first_state(cell, cut.new[reverse]), reverse)
        outputs, final = choose(engine, cut.steps)(cell, packed, ragged.batch_sizes, begun, reverse)
        return ragged.unpack(outputs), cut.end(final, reverse)
    outputs, final = choose(engine, steps)(cell, packed, ragged.batch_sizes, ragged.sort(state), reverse)
    return ragged.unpack(outputs), ragged.unsort(final)


def first_state(cell: Cell, batch: int) -> Any:
    """Return ``cell.initial_state(batch)`` with every field ``[B, *]``; a field of one row is expanded to all rows.

    Raises:
        ValueError: if a field has neither B rows nor one row.
    """
    state = cell.initial_state(batch)
    for field in state:
        if field.shape[:1] != (batch,):
            break
    else:
        return state
    for name, field in zip(state._fields, state, strict=True):
        if field.shape[:1] not in ((batch,), (1,)):
            raise ValueError(
                f"initial_state({batch}) of {type(cell).__name__} returned {name} as {list(field.shape)}: "
                f"return [{batch}, ...], or [1, ...] to start all rows alike"
            )
    return type(state)(*(field.expand(batch, *field.shape[1:]) for field in state))


def check_state(cell: Cell, state: Any, batch: int) -> Any:
    """Return ``state`` as the cell's own type; raise ValueError if a field is missing or has the wrong shape."""
    expected = first_state(cell, batch)
    if isinstance(state, Tensor) or len(state) != len(expected):
        fields = getattr(state, "_fields", ())
        came = f" ({', '.join(fields)})" if fields else ""
        redraw = "; convert it with cell.redraw(state)" if came and hasattr(cell, "redraw") else ""
        raise ValueError(
            f"state of {type(cell).__name__} must be a tuple ({', '.join(expected._fields)}), "
            f"got {type(state).__name__}{came}{redraw}"
        )
    for name, given, wanted in zip(expected._fields, state, expected, strict=True):
        if given.shape != wanted.shape:
            raise ValueError(f"state.{name} must be {list(wanted.shape)}, got {list(given.shape)}")
    return type(expected)(*state)
