"""``check_cell``: the promises of the cell contract, as a suite to run on any cell."""

import copy
import io
from collections.abc import Callable

import torch
from torch import Tensor
from torch.testing import assert_close

from elman.cell import Cell
from elman.engine import unroll
from elman.errors import named

__all__ = ["PROMISES", "check_cell", "check_promise"]

T, B = 5, 4
LENGTHS = [3, 5, 0, 2]


def check_cell(cell: Cell, engine: str = "auto") -> None:
    """Check a copy of a cell, in float64, against the cell contract.

    The checks are: shapes of drive, state and output; ``drive`` acts on each input separately; gradients match
    finite differences; padding does not affect values or gradients; rows are independent of each other; a row of
    length zero keeps its state; running in reverse; splitting a sequence and carrying the state; saving and
    loading; and two runs give the same numbers.

    Args:
        cell: any cell; small sizes are faster. Pass a wrapper with random masks as ``cell.eval()``: in training
            no two runs are the same.
        engine: the engine to run it on.

    Raises:
        AssertionError: if the cell breaks a promise; lists every broken promise and how, one per line.

    Example:
        >>> import elman
        >>> check_cell(elman.cells.GRUCell(3, 4))
    """
    broken = []
    for promise in PROMISES:
        try:
            check_promise(cell, promise, engine)
        except AssertionError as error:
            broken.append(str(error))
    if broken:
        count = f"{len(broken)} of {len(PROMISES)} promises are broken:\n" if len(broken) > 1 else ""
        raise AssertionError(count + "\n".join(broken))


def check_promise(cell: Cell, promise: str, engine: str = "auto") -> None:
    """Check one promise of a cell; ``pytest.mark.parametrize("promise", PROMISES)`` gives one test for each.

    Args:
        cell: any cell, see :func:`check_cell`.
        promise: one of :data:`PROMISES`.
        engine: the engine to run it on.

    Raises:
        AssertionError: if the cell breaks the promise; says how.
        ValueError: if ``promise`` is not in :data:`PROMISES`.

    Example:
        >>> import elman
        >>> check_promise(elman.cells.GRUCell(3, 4), "saving and loading")
    """
    check = _CHECKS[named("promise", promise, _CHECKS)]
    cell = copy.deepcopy(cell).double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = torch.randn(T, B, cell.input_size, dtype=torch.float64)
        try:
            check(cell, x, engine)
        except Exception as error:
            raise AssertionError(f"{type(cell).__name__}: {promise}: {error}") from error


def _shapes(cell: Cell, x: Tensor, engine: str) -> None:
    state = cell.initial_state(B)
    if not hasattr(state, "_fields") or state._fields[0] != "h":
        raise TypeError(f"the state must be a NamedTuple whose first field is h, got {type(state).__name__}")
    stepped = cell.step(cell.drive(x[0]), state)
    if type(stepped) is not type(state):
        raise TypeError(f"step must return {type(state).__name__}, got {type(stepped).__name__}")
    for name, before, after in zip(state._fields, state, stepped, strict=True):
        if before.shape[:1] != (B,) or after.shape != before.shape or after.dtype != x.dtype:
            raise ValueError(
                f"state.{name} must stay {list(before.shape)} of {x.dtype}, got {list(after.shape)} of {after.dtype}"
            )
    outputs, final = unroll(cell, x, engine=engine)
    assert outputs.shape == (T, B, cell.output_size), f"outputs are {list(outputs.shape)}"
    assert_close(outputs[-1], final[0])
    assert unroll(cell, x[:0], engine=engine)[0].shape == (0, B, cell.output_size)
    assert unroll(cell, x[:, :0], engine=engine)[0].shape == (T, 0, cell.output_size)


def _drive_acts_on_each_input_alone(cell: Cell, x: Tensor, engine: str) -> None:
    whole, one = cell.drive(x), cell.drive(x[2, 1:2])
    whole, one = (d if isinstance(d, tuple) else (d,) for d in (whole, one))
    for all_steps, single in zip(whole, one, strict=True):
        assert_close(all_steps[2, 1:2], single)


def _same_numbers_twice(cell: Cell, x: Tensor, engine: str) -> None:
    first, second = (unroll(cell, x, lengths=LENGTHS, engine=engine)[0] for _ in range(2))
    assert torch.equal(first, second), "two runs on the same input differ"


def _gradients(cell: Cell, x: Tensor, engine: str) -> None:
    names = [name for name, parameter in cell.named_parameters() if parameter.requires_grad]
    values = [dict(cell.named_parameters())[name].detach().clone().requires_grad_() for name in names]
    state = [torch.randn_like(field).requires_grad_() for field in cell.initial_state(B)]
    probe = _Bound(cell, names, len(state), engine)
    inputs = (x.clone().requires_grad_(), *state, *values)
    # a finite difference across the kink of relu or a saturation is rare but possible; the default
    # tolerances of gradcheck then fail, as they do for torch's own layers
    torch.autograd.gradcheck(probe, inputs, fast_mode=True)


class _Bound:
    """The cell as a function of its input, initial state and parameters."""

    def __init__(self, cell: Cell, names: list[str], fields: int, engine: str):
        self.cell, self.names, self.fields, self.engine = cell, names, fields, engine

    def __call__(self, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        state = type(self.cell.initial_state(1))(*rest[: self.fields])
        parameters = dict(zip(self.names, rest[self.fields :], strict=True))
        wrapped = _Unroll(self.cell, self.engine)
        outputs, final = torch.func.functional_call(
            wrapped, {f"cell.{name}": value for name, value in parameters.items()}, (x, state)
        )
        return outputs, *final


class _Unroll(torch.nn.Module):
    def __init__(self, cell: Cell, engine: str):
        super().__init__()
        self.cell, self.engine = cell, engine

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        return unroll(self.cell, x, state, LENGTHS, engine=self.engine)


def _padding_cannot_leak(cell: Cell, x: Tensor, engine: str) -> None:
    padding = torch.arange(T)[:, None] >= torch.tensor(LENGTHS)
    results = []
    for content in (0.0, 1e9, float("nan")):
        padded = x.masked_fill(padding[..., None], content).requires_grad_()
        outputs, final = unroll(cell, padded, lengths=LENGTHS, engine=engine)
        gradients = torch.autograd.grad(
            outputs.sum() + sum(field.sum() for field in final), [padded, *_learned(cell)],
            allow_unused=True, materialize_grads=True,
        )  # fmt: skip
        results.append([outputs, *final, *gradients])
        assert not outputs[padding].any(), "outputs past a row's end are not zero"
        assert not gradients[0][padding].any(), "padding has a gradient"
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert torch.equal(a, b), "the content of the padding changes a value or a gradient"


def _learned(cell: Cell) -> list[Tensor]:
    return [parameter for parameter in cell.parameters() if parameter.requires_grad]


def _rows_are_independent(cell: Cell, x: Tensor, engine: str) -> None:
    order = torch.tensor([2, 0, 3, 1])
    outputs, final = unroll(cell, x, lengths=LENGTHS, engine=engine)
    shuffled, end = unroll(cell, x[:, order], lengths=torch.tensor(LENGTHS)[order], engine=engine)
    assert_close(shuffled, outputs[:, order])
    for a, b in zip(end, final, strict=True):
        assert_close(a, b[order])
    alone, _ = unroll(cell, x[:, 1:2], engine=engine)
    assert_close(alone, outputs[:, 1:2])


def _a_row_of_length_zero(cell: Cell, x: Tensor, engine: str) -> None:
    start = type(cell.initial_state(B))(*(torch.randn_like(field) for field in cell.initial_state(B)))
    outputs, final = unroll(cell, x, start, LENGTHS, engine=engine)
    row = LENGTHS.index(0)
    assert not outputs[:, row].any(), "a row of length 0 has outputs"
    for before, after in zip(start, final, strict=True):
        assert torch.equal(after[row], before[row]), "a row of length 0 does not keep its initial state"


def _reverse(cell: Cell, x: Tensor, engine: str) -> None:
    outputs, final = unroll(cell, x, lengths=LENGTHS, reverse=True, engine=engine)
    for row, length in enumerate(LENGTHS):
        alone, end = unroll(cell, x[:length, row : row + 1].flip(0), engine=engine)
        assert_close(outputs[:length, row], alone[:, 0].flip(0))
        assert_close(final[0][row], end[0][0])


def _state_is_carried(cell: Cell, x: Tensor, engine: str) -> None:
    outputs, final = unroll(cell, x, engine=engine)
    first, middle = unroll(cell, x[:2], engine=engine)
    second, end = unroll(cell, x[2:], middle, engine=engine)
    assert_close(torch.cat([first, second]), outputs)
    for a, b in zip(end, final, strict=True):
        assert_close(a, b)


def _saving_and_loading(cell: Cell, x: Tensor, engine: str) -> None:
    file = io.BytesIO()
    torch.save(cell.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(cell)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(unroll(other, x, engine=engine)[0], unroll(cell, x, engine=engine)[0]), "outputs changed"


_CHECKS: dict[str, Callable[[Cell, Tensor, str], None]] = {
    check.__name__.strip("_").replace("_", " "): check
    for check in (
        _shapes, _drive_acts_on_each_input_alone, _same_numbers_twice, _gradients, _padding_cannot_leak,
        _rows_are_independent, _a_row_of_length_zero, _reverse, _state_is_carried, _saving_and_loading,
    )
}  # fmt: skip

#: The promises that :func:`check_cell` checks, by name.
PROMISES = tuple(_CHECKS)
