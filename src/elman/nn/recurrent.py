"""Layers of any cell, with the interface of ``torch.nn``."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence

from elman.cell import Cell
from elman.cells.wrappers import Wrapper, check_probability
from elman.engine.choice import choose
from elman.engine.resets import renewed
from elman.engine.symbols import Symbols, looked_up
from elman.engine.unroll import check_state, first_state
from elman.errors import check_positive
from elman.nn.layers import run_layers
from elman.nn.layout import Layout, at_first, lay_out, marked
from elman.nn.stand_in import as_leaf

__all__ = ["Recurrent"]

Connection = Callable[[int], nn.Module]


class Recurrent(nn.Module):
    """Layers of any cell, over whole sequences.

    Args:
        cell: a cell class, or any function ``(input_size, hidden_size) -> Cell``, called once for each
            layer and direction. For layers with different cells see :meth:`of`.
        input_size: features I of the input.
        hidden_size: features H of each layer's state.
        num_layers: layers, each reading the outputs of the one before; default 1.
        bidirectional: whether a second cell reads each layer's input backwards; default False.
        batch_first: whether batches are ``[B, T, I]`` and not ``[T, B, I]``; default False. States are
            ``[B, *]`` either way.
        dropout: probability of zeroing an output between two layers, in training; default 0.
        connection: :class:`~elman.nn.Residual`, :class:`~elman.nn.Highway` or any function
            ``size -> module(input, output)``, for each layer that is as wide as its input; other layers have no
            connection. Default no connections.

    Raises:
        TypeError: if ``cell`` does not return cells.
        ValueError: if a size or ``dropout`` is out of range.

    Example:
        >>> import torch, elman
        >>> from elman.cells.wrappers import Zoneout
        >>> layer = Recurrent(lambda i, h: Zoneout(elman.cells.GRUCell(i, h)), 8, 16, num_layers=2)
        >>> outputs, state = layer(torch.randn(5, 2, 8), lengths=[2, 5])
        >>> outputs.shape, state[1].h.shape
        (torch.Size([5, 2, 16]), torch.Size([2, 16]))
        >>> outputs, state = layer(torch.randn(5, 2, 8), state)  # going on
    """

    def __init__(
        self,
        cell: Callable[[int, int], Cell],
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bidirectional: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
        connection: Connection | None = None,
    ):
        if isinstance(cell, Cell):
            raise TypeError(f"cell must be a class or function, got a {type(cell).__name__}; use Recurrent.of")
        (num_layers,) = check_positive(num_layers=num_layers)
        layers: list[tuple[Cell, ...]] = []
        width = input_size
        for _ in range(num_layers):
            layers.append(tuple(_made(cell(width, hidden_size)) for _ in range(2 if bidirectional else 1)))
            width = sum(one.output_size for one in layers[-1])
        self._build(layers, batch_first, dropout, connection)

    @classmethod
    def of(
        cls,
        cells: Sequence[Cell | tuple[Cell, Cell]],
        *,
        batch_first: bool = False,
        dropout: float = 0.0,
        connection: Connection | None = None,
    ) -> "Recurrent":
        """Build layers from the given cells, first layer first; types and widths may differ.

        Args:
            cells: one cell per layer, or a pair ``(forwards, backwards)`` per layer.
            batch_first: see the class.
            dropout: see the class.
            connection: see the class.

        Raises:
            TypeError: if an element is not a cell.
            ValueError: if ``cells`` is empty, a cell is used twice, or a cell's ``input_size`` differs from the
                output width of the layer before it.

        Example:
            >>> import torch, elman
            >>> layer = Recurrent.of([elman.cells.GRUCell(3, 8), elman.cells.LSTMCell(8, 5)])
            >>> layer(torch.randn(7, 2, 3))[0].shape
            torch.Size([7, 2, 5])
        """
        layer = cls.__new__(cls)
        pairs = [one if isinstance(one, tuple) else (one,) for one in cells]
        layer._build([tuple(_made(one) for one in pair) for pair in pairs], batch_first, dropout, connection)
        return layer

    def _build(
        self, layers: list[tuple[Cell, ...]], batch_first: bool, dropout: float, connection: Connection | None
    ) -> None:
        super().__init__()
        directions = {len(cells) for cells in layers}
        if len(directions) != 1 or not directions <= {1, 2}:
            raise ValueError(f"every layer must have one cell, or every layer two, got {[len(c) for c in layers]}")
        flat = [cell for cells in layers for cell in cells]
        if len({id(cell) for cell in flat}) < len(flat):
            raise ValueError("a cell is used twice; pass a copy.deepcopy of it")
        for depth, (before, cells) in enumerate(zip([None, *layers], layers, strict=False)):
            width = sum(cell.output_size for cell in before) if before else cells[0].input_size
            for cell in cells:
                if cell.input_size != width:
                    raise ValueError(f"the cell of layer {depth} must have input_size {width}, got {cell.input_size}")
        self.input_size, self.hidden_size = flat[0].input_size, flat[-1].hidden_size
        self.num_layers, self.bidirectional = len(layers), directions == {2}
        self.batch_first, self.dropout = batch_first, check_probability("dropout", dropout)
        self.output_size = sum(cell.output_size for cell in layers[-1])
        self.cells = nn.ModuleList(flat)
        self.connections = nn.ModuleList()
        if connection is not None:
            for cells in layers:
                width = sum(cell.output_size for cell in cells)
                self.connections.append(connection(width) if width == cells[0].input_size else _Alone())

    def initial_state(self, batch_size: int) -> tuple[Any, ...]:
        """Return the state before the first step: a state for each layer and direction, fields ``[B, *]``."""
        return tuple(cell.initial_state(batch_size) for cell in self._all())

    def redraw(self, state: Sequence[Any]) -> tuple[Any, ...]:
        """Return ``state`` with new masks for the wrapped cells, or without masks in evaluation."""
        pairs = zip(self._all(), state, strict=True)
        return tuple(cell.redraw(one) if isinstance(cell, Wrapper) else one for cell, one in pairs)

    def forward(
        self,
        x: Tensor | PackedSequence | Symbols,
        state: Sequence[Any] | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, tuple[Any, ...]]:
        """Run over a batch of sequences.

        Args:
            x: ``[T, B, I]``, ``[B, T, I]`` if ``batch_first``, ``[T, I]`` for one sequence alone, a
                PackedSequence, or :class:`~elman.Symbols` of tokens in the same layouts without I.
            state: a state for each layer and direction, layer by layer and forwards first, as returned by the
                last call; fields ``[B, *]``, B = 1 for one sequence alone. Default :meth:`initial_state`. For
                truncated backpropagation, detach the fields.
            lengths: real steps of each row, B integers from 0 to T in any order; default all T. Outputs past
                a row's end are zero; its final state is the state at its own last step.
            resets: truth values in ``x``'s layout without I, ``[T, B]``, True where every layer's state is reset
                before a step, to the cell's own initial state and not to ``state``; see :func:`~elman.unroll`.
                In the backward direction the boundary is at the same place. Default no resets.

        Returns:
            Outputs ``[T, B, D H]`` in the input's layout, and the state after each row's last step.

        Raises:
            TypeError: if ``x`` is not a Tensor, a PackedSequence or Symbols, or ``resets`` not a bool tensor.
            ValueError: if ``x``'s number of dimensions, the state, ``lengths`` or ``resets`` do not fit.
            RuntimeError: if ``x``'s width does not fit, or ``x`` has no steps.
        """
        if isinstance(x, Proxy):
            return as_leaf(self, x, state, lengths, resets)  # pyright: ignore[reportReturnType]
        resets = marked(x, resets, self)  # pyright: ignore[reportArgumentType]
        rows = at_first(resets, lengths, self)  # pyright: ignore[reportArgumentType]
        layout = lay_out(x, lengths, self, resets if rows is None else None)  # pyright: ignore[reportArgumentType]
        cells = self._all()
        if state is None:
            starts = [first_state(cell, layout.batch) for cell in cells]
        elif len(state) != len(cells):
            raise ValueError(f"state must hold {len(cells)} states, one per layer and direction, got {len(state)}")
        else:
            starts = [check_state(cell, one, layout.batch) for cell, one in zip(cells, state, strict=True)]

        if rows is not None:
            for place in range(0, len(cells), 2 if self.bidirectional else 1):
                starts[place] = renewed(starts[place], first_state(cells[place], layout.batch), rows)

        def run(place: int, x: Any, reverse: bool) -> tuple[Tensor, Any]:
            cell = cells[place].drawn()
            engine = choose(steps=layout.steps)
            if layout.cut is None:
                outputs, final = engine(
                    cell, x, layout.batch_sizes, _rows(layout.arrange, starts[place], layout), reverse
                )
                return outputs, _rows(layout.restore_state, final, layout)
            initial = first_state(cell, layout.cut.new[reverse])
            begun = layout.cut.begin(starts[place], initial, reverse)
            outputs, final = engine(cell, x, layout.batch_sizes, begun, reverse)
            return outputs, layout.cut.end(final, reverse)

        def join(depth: int, x: Any, outputs: Tensor) -> Tensor:
            return self.connections[depth](looked_up(x), outputs)

        outputs, finals = run_layers(
            run, layout.data, self.num_layers, 2 if self.bidirectional else 1, self.dropout * self.training,
            join if len(self.connections) else None,
        )  # fmt: skip
        return layout.restore_outputs(outputs), tuple(finals)

    def _all(self) -> list[Any]:
        return list(self.cells)

    def extra_repr(self) -> str:
        """Sizes, for ``print(layer)``."""
        options = {"batch_first": self.batch_first, "dropout": self.dropout, "bidirectional": self.bidirectional}
        return ", ".join([f"{self.input_size}", *(f"{name}={value}" for name, value in options.items() if value)])


class _Alone(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return y


def _made(cell: Any) -> Cell:
    if not isinstance(cell, Cell):
        raise TypeError(f"every layer must be an elman.Cell, got {type(cell).__name__}")
    return cell


def _rows(rearrange: Callable[[Tensor], Tensor], state: Any, layout: Layout) -> Any:
    # a layout arranges fields [K, B, H], or [K, H] for one sequence alone
    if layout.alone:
        return state
    return type(state)(*(rearrange(field.unsqueeze(0)).squeeze(0) for field in state))
