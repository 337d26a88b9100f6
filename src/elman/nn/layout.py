"""Convert between the layouts of a layer's input and the packed rows of the engines."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.engine.ragged import Ragged, check_batch_sizes
from elman.engine.resets import Resets, check_resets
from elman.engine.symbols import Symbols, looked_up


class Grid:
    """A tensor ``[T, B, I]``, ``[B, T, I]`` or, for one sequence alone, ``[T, I]``.

    Attributes:
        data: the real steps, ``[N, I]`` or N symbols, packed for the engines.
        batch_sizes: rows alive at each step.
        steps: number of steps T, or of the longest segment.
        batch: number of rows B, including rows of length zero.
        cut: the segments that the rows are cut into at resets; None if no state is reset. If it is not None, the rows
            of ``data`` are segments: states are put in their order by ``cut``, not by this layout.

    Raises:
        ValueError: if ``lengths`` are not B integers from 0 to T.
        RuntimeError: if the input has no steps and ``lengths`` is not given.
    """

    def __init__(
        self,
        x: Tensor,
        lengths: Tensor | Sequence[int] | None,
        batch_first: bool,
        resets: Tensor | None = None,
    ):
        self.alone = x.dim() == 2
        self.batch_first = batch_first and not self.alone
        if self.alone:
            x = x.unsqueeze(1)
        elif self.batch_first:
            x = x.transpose(0, 1)
        if resets is not None:
            resets = resets.unsqueeze(1) if self.alone else resets.T if self.batch_first else resets
        self.steps, self.batch = steps, _ = x.shape[:2]
        if not steps and lengths is None:
            raise RuntimeError(
                f"Expected sequence length to be larger than 0 in RNN, got input {list(x.shape)} as "
                "[T, B, I]: pass at least one step, or lengths of zero"
            )
        self.cut = Resets.cut(resets, lengths, steps, self.batch)
        if self.cut is None:
            self.ragged = Ragged.from_lengths(lengths, steps, self.batch, x.device)
        else:
            self.ragged, self.steps = self.cut.ragged, self.cut.steps
        self.back = None if self.ragged.order is None else self.ragged.order.argsort()
        self.data: Tensor | Symbols = self.ragged.pack(x)
        self.batch_sizes = self.ragged.batch_sizes

    def arrange(self, field: Tensor) -> Tensor:
        """Put a state field ``[K, B, H]``, ``[K, H]`` for one sequence alone, in packed row order."""
        if self.alone:
            field = field.unsqueeze(1)
        return _permuted(field, self.ragged.order)

    def restore_state(self, field: Tensor) -> Tensor:
        """Undo :meth:`arrange`."""
        field = _permuted(field, self.back)
        return field.squeeze(1) if self.alone else field

    def restore_outputs(self, packed: Tensor) -> Tensor:
        """Return outputs ``[N, H]`` in the layout of the input, zero in the padding."""
        outputs = self.ragged.unpack(packed)
        if self.alone:
            return outputs.squeeze(1)
        return outputs.transpose(0, 1) if self.batch_first else outputs


class Packed:
    """A :class:`torch.nn.utils.rnn.PackedSequence`: already in engine order, except for the states.

    Attributes:
        data: the real steps, ``[N, I]``.
        batch_sizes: rows alive at each step.
        steps: number of steps T.
        batch: number of rows B.

    Raises:
        RuntimeError: if the batch sizes increase, are not positive or do not sum to the rows of data.
    """

    alone = False
    cut = None

    def __init__(self, x: PackedSequence):
        self.x = x
        self.data = x.data
        self.batch_sizes = check_batch_sizes(x.batch_sizes, len(x.data))
        self.steps, self.batch = len(self.batch_sizes), self.batch_sizes[0]

    def arrange(self, field: Tensor) -> Tensor:
        """Put a state field ``[K, B, H]`` in packed row order."""
        return _permuted(field, self.x.sorted_indices)

    def restore_state(self, field: Tensor) -> Tensor:
        """Undo :meth:`arrange`."""
        return _permuted(field, self.x.unsorted_indices)

    def restore_outputs(self, packed: Tensor) -> PackedSequence:
        """Return outputs ``[N, H]`` as a PackedSequence of the same rows."""
        return PackedSequence(packed, *self.x[1:])


Layout = Grid | Packed


def _permuted(field: Tensor, rows: Tensor | None) -> Tensor:
    return field if rows is None else field.index_select(1, rows)


def marked(x: Tensor | PackedSequence | Symbols, resets: Tensor | None, layer: torch.nn.RNNBase) -> Tensor | None:
    """Check ``resets``, in the layout of a layer's input without I; return None if no state is reset.

    Raises:
        TypeError: if ``resets`` is not a bool tensor, or ``x`` no input.
        ValueError: if its shape or device does not fit, or ``x`` is a PackedSequence.
    """
    if resets is None:
        return None
    if isinstance(x, PackedSequence):
        raise ValueError("resets need a padded tensor: unpack the PackedSequence, and pass its lengths")
    if not isinstance(x, (Tensor, Symbols)):
        raise _no_input(x)
    shape = x.shape[:-1] if isinstance(x, Tensor) else x.tokens.shape
    layout = "[T]" if len(shape) == 1 else "[B, T]" if layer.batch_first else "[T, B]"
    return check_resets(resets, shape, x.device, layout)


def at_first(resets: Tensor | None, lengths: Tensor | Sequence[int] | None, layer: torch.nn.RNNBase) -> Tensor | None:
    """Return which rows ``[B]`` to reset if the input is one step of a batch: then there is nothing to cut."""
    if resets is None or lengths is not None or resets.dim() != 2:
        return None
    time = 1 if layer.batch_first else 0
    return resets.select(time, 0) if resets.shape[time] == 1 else None


def lay_out(
    x: Tensor | PackedSequence | Symbols,
    lengths: Tensor | Sequence[int] | None,
    layer: torch.nn.RNNBase,
    resets: Tensor | None = None,
) -> Layout:
    """Check a layer's input and return its layout; ``resets`` come from :func:`marked`.

    Raises:
        TypeError: if ``x`` is not a Tensor, a PackedSequence or Symbols.
        ValueError: if ``x`` is not 2-D or 3-D, ``lengths`` do not fit, or ``lengths`` come with a PackedSequence.
        RuntimeError: if ``x`` is not ``input_size`` wide.
    """
    if isinstance(x, PackedSequence):
        if lengths is not None:
            raise ValueError("a PackedSequence has its own lengths: leave out lengths, or pass a padded tensor")
        data = x.data
    elif isinstance(x, Symbols):
        data = x.table
        if x.tokens.dim() not in (1, 2):
            shape = "[B, T]" if layer.batch_first else "[T, B]"
            raise ValueError(f"tokens must be {shape}, or [T] for one sequence, got {list(x.tokens.shape)}")
    elif isinstance(x, Tensor):
        data = x
        if x.dim() not in (2, 3):
            shape = "[B, T, I]" if layer.batch_first else "[T, B, I]"
            raise ValueError(
                f"{type(layer).__name__}: Expected input to be 2D or 3D, got {x.dim()}D instead: "
                f"pass {shape}, or [T, I] for one sequence, not {list(x.shape)}"
            )
    else:
        raise _no_input(x)
    if data.shape[-1] != layer.input_size:
        raise RuntimeError(
            f"input.size(-1) must be equal to input_size. Expected {layer.input_size}, "
            f"got {data.shape[-1]} in {list(data.shape)}"
        )
    if isinstance(x, PackedSequence):
        return Packed(x)
    if isinstance(x, Tensor):
        return Grid(x, lengths, layer.batch_first, resets)
    grid = Grid(x.tokens.unsqueeze(-1), lengths, layer.batch_first, resets)
    grid.data = Symbols(looked_up(grid.data).squeeze(-1), x.table)
    return grid


def _no_input(x: object) -> TypeError:
    return TypeError(f"input must be a Tensor, a PackedSequence or Symbols, got {type(x).__name__}")
