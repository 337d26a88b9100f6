"""One forward pass through all layers and directions of a recurrent network."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import is_tensor_like

from elman.cell import Cell
from elman.engine import choice
from elman.engine.symbols import Symbols, looked_up
from elman.nn.fallback import run_packed, single, torch_runs
from elman.nn.layers import run_layers
from elman.nn.layout import Layout, at_first, lay_out, marked
from elman.nn.one_step import one_step
from elman.nn.stand_in import as_leaf

CellOf = Callable[[Any, int, Tensor | Symbols], Cell]  # (layer, place, x) -> the cell with that place's weights


def forward(
    layer: nn.RNNBase,
    by_torch: Callable[..., Any],
    cell_of: CellOf,
    widths: tuple[int, ...],
    x: Tensor | PackedSequence | Symbols,
    hx: Any,
    lengths: Tensor | Sequence[int] | None,
    resets: Tensor | None,
) -> Any:
    """Run a layer's forward.

    Args:
        layer: the layer; K is its number of layers times directions.
        by_torch: the ``forward`` that the layer inherits from ``torch.nn``, as a bound method.
        cell_of: returns the cell of one layer and direction.
        widths: width of each state field; a state of one field is a tensor, otherwise a tuple.
        x: the input in any layout.
        hx: state before the first step, fields ``[K, B, width]``, or None for zeros.
        lengths: real steps of each row, or None.
        resets: where states are reset, in the input's layout without I, or None.

    Returns:
        Outputs in the input's layout and the final state in the layout of ``hx``.
    """
    if isinstance(x, Proxy):
        return as_leaf(layer, x, hx, lengths, resets)
    resets = marked(x, resets, layer)
    rows = at_first(resets, lengths, layer)
    if rows is not None:
        hx, resets = _restarted(layer, hx, rows), None
    full = lengths is None and resets is None
    data = x.data if isinstance(x, PackedSequence) else x.table if isinstance(x, Symbols) else x
    if full and is_tensor_like(data) and torch_runs(data, full=not isinstance(x, PackedSequence)):
        return by_torch(looked_up(x), hx)
    if full and isinstance(x, Tensor) and choice.automatic():
        after = one_step(layer, x, hx)
        if after is not None:
            return after
    layout = lay_out(x, lengths, layer, resets)
    state = _state(layer, layout, widths, hx)
    if not full and torch_runs(data, full=False) and len(layout.data):
        outputs, final = run_packed(by_torch, layout, state)
    else:
        outputs, final = _run(layer, cell_of, layout, state)
        if outputs.requires_grad:
            outputs = outputs.clone()  # the caller may write in place, and backward reads outputs
    return layout.restore_outputs(outputs), single(_restored(layer, layout, final))


def _run(layer: nn.RNNBase, cell_of: CellOf, layout: Layout, state: tuple[Tensor, ...]) -> Any:
    starts = list(zip(*(field.unbind(0) for field in state), strict=True))

    def run(place: int, x: Tensor | Symbols, reverse: bool) -> tuple[Tensor, Any]:
        cell = cell_of(layer, place, x)
        return choice.choose(steps=layout.steps)(
            cell, x, layout.batch_sizes, cell.state_type(*starts[place]), reverse
        )

    outputs, finals = run_layers(
        run, layout.data, layer.num_layers, 2 if layer.bidirectional else 1, layer.dropout * layer.training
    )
    return outputs, tuple(_stacked(fields) for fields in zip(*finals, strict=True))


def _stacked(fields: tuple[Tensor, ...]) -> Tensor:
    return fields[0].unsqueeze(0) if len(fields) == 1 else torch.stack(fields)


def _state(layer: nn.RNNBase, layout: Layout, widths: tuple[int, ...], hx: Any) -> tuple[Tensor, ...]:
    places = layer.num_layers * (2 if layer.bidirectional else 1)
    x = layout.data
    if hx is None:
        rows = layout.batch if layout.cut is None else layout.cut.segments
        return tuple(x.new_zeros(places, rows, width) for width in widths)
    fields = (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if len(fields) != len(widths) or isinstance(hx, Tensor) != (len(widths) == 1):
        wanted = "one tensor h_0" if len(widths) == 1 else "a pair (h_0, c_0)"
        came = "one tensor" if isinstance(hx, Tensor) else f"a {type(hx).__name__} of {len(fields)}"
        raise ValueError(f"hx of {type(layer).__name__} must be {wanted}, got {came}")
    for i, (field, width) in enumerate(zip(fields, widths, strict=True)):
        name = "hx" if len(widths) == 1 else f"hx[{i}]"
        expected = (places, width) if layout.alone else (places, layout.batch, width)
        if field.dim() != len(expected):
            batched = "unbatched 2-D" if layout.alone else "batched 3-D"
            raise RuntimeError(
                f"For {batched} input, hx should also be {len(expected)}-D but got {field.dim()}-D tensor: "
                f"{name} must be {list(expected)}"
            )
        if field.shape != expected:
            place = name.replace("hx", "")
            raise RuntimeError(f"Expected hidden{place} size {expected}, got {list(field.shape)} as {name}")
        for what, came, wanted in (
            ("at the same device", field.device, x.device),
            ("the same dtype", field.dtype, x.dtype),
        ):
            if came != wanted:
                raise RuntimeError(
                    f"Input and hidden tensors are not {what}, found input tensor at {wanted} and hidden tensor at "
                    f"{came}: convert {name}"
                )
    if layout.cut is None:
        return tuple(layout.arrange(field) for field in fields)
    begun = []
    for given, reverse in _by_place(layer, [field.unsqueeze(1) if layout.alone else field for field in fields]):
        initial = tuple(field.new_zeros(layout.cut.new[reverse], field.shape[1]) for field in given)
        begun.append(layout.cut.begin(given, initial, reverse))
    return tuple(_stacked(field) for field in zip(*begun, strict=True))


def _restarted(layer: nn.RNNBase, hx: Any, rows: Tensor) -> Any:
    """Return ``hx`` with zeros in these rows, in the layers that run forwards; unchanged if it is refused later."""
    fields = () if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if not fields or any(not isinstance(one, Tensor) or one.shape[1:2] != rows.shape for one in fields):
        return hx
    forwards = torch.arange(len(fields[0]), device=rows.device) % (2 if layer.bidirectional else 1) == 0
    here = (forwards[:, None] & rows)[..., None]
    return single(tuple(torch.where(here, field.new_zeros(()), field) for field in fields))


def _restored(layer: nn.RNNBase, layout: Layout, final: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    cut = layout.cut
    if cut is None:
        return tuple(layout.restore_state(field) for field in final)
    ended = [cut.end(one, reverse) for one, reverse in _by_place(layer, final)]
    fields = tuple(_stacked(field) for field in zip(*ended, strict=True))
    return tuple(field.squeeze(1) for field in fields) if layout.alone else fields


def _by_place(layer: nn.RNNBase, fields: Sequence[Tensor]) -> list[tuple[tuple[Tensor, ...], bool]]:
    """Return the state of each layer and direction, and whether it is one that runs backwards."""
    states = zip(*(field.unbind(0) for field in fields), strict=True)
    return [(state, layer.bidirectional and place % 2 == 1) for place, state in enumerate(states)]
