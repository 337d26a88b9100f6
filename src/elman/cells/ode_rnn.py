"""The ODE-RNN (Rubanova, Chen & Duvenaud, "Latent ODEs for Irregularly-Sampled Time Series", NeurIPS 2019)."""

import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.gap_cell import GapCell
from elman.cells.gru import GRUCell
from elman.cells.solvers import SOLVERS, adaptive
from elman.errors import check_positive, named

Solver = Literal["euler", "midpoint", "rk4", "dopri5"]


class ODERNNCell(GapCell):
    r"""A cell whose output follows an ODE between observations (the paper's algorithm 1).

    .. math:: h' &= \mathrm{ODESolve}\Big(\frac{dh}{dt} = f(h),\; h_{t-1},\; \Delta t\Big),
                 \qquad f(h) = W_2 \tanh(W_1 h + b_1) + b_2 \\
              h_t &= \mathrm{RNNCell}(x_t, h')

    Every row of a batch has its own gap, so time is rescaled: :math:`dh/ds = \Delta t\, f(h)` from s = 0 to 1.
    A gap of zero leaves the state exactly unchanged; a negative gap runs the equation backwards. With fixed steps, a
    NaN gap turns its row into NaN from there on, and the result of an infinite gap is undefined; ``"dopri5"`` raises
    for both. The first gap is the time from the initial state to the first observation.

    The number of fixed steps does not depend on the gap: choose the unit of time so that gaps are about 1.

    The inner cell may be any cell. Only its ``h`` follows the ODE; its other state fields stay constant between
    observations, as in the ODE-LSTM (Lechner & Hasani, 2020). ``W_1`` starts Xavier-uniform and ``W_2`` at a tenth of
    Xavier-uniform, so that the state at first changes little with time.

    Args:
        input_size: features I of the input, of which the last is the gap :math:`\Delta t`; at least 2.
        hidden_size: features H of the state.
        cell: builds the cell that reads the observations, ``(input_size, hidden_size) -> Cell``; default GRU.
        solver: ``"euler"``, ``"midpoint"`` (default) or ``"rk4"`` with fixed steps, on the native engine; or
            ``"dopri5"`` from torchdiffeq with adaptive steps, on the loop engine. The row that needs the shortest
            step sets the step of all rows, so a row depends on the others within the tolerance.
        steps: fixed steps in every gap; default 2.
        field_size: width of ``f``'s hidden layer; default H.
        rtol: relative tolerance of ``"dopri5"``; default 1e-5.
        atol: absolute tolerance of ``"dopri5"``; default 1e-6.

    Raises:
        ValueError: if a size or ``steps`` is not a positive integer, the gap would be the only feature, the solver
            is unknown, or a tolerance is not a positive number.
        ImportError: in ``"dopri5"``'s first step, if torchdiffeq is not installed (``elman[ode]``).
        ArithmeticError: in a step of ``"dopri5"``, if a gap or the state is not finite.

    Example:
        >>> import elman
        >>> cell = ODERNNCell(3, 8)
        >>> values, gaps = torch.randn(6, 4, 2), torch.rand(6, 4, 1)
        >>> outputs, state = elman.unroll(cell, torch.cat([values, gaps], -1))
        >>> outputs.shape
        torch.Size([6, 4, 8])
        >>> torch.equal(cell.flow(state.h, torch.zeros(4, 1)), state.h)
        True
    """

    year = 2019
    paper = "Rubanova, Chen & Duvenaud, Latent ODEs for Irregularly-Sampled Time Series"
    family = "continuous time"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        cell: Callable[[int, int], Cell] = GRUCell,
        *,
        solver: Solver = "midpoint",
        steps: int = 2,
        field_size: int | None = None,
        rtol: float = 1e-5,
        atol: float = 1e-6,
    ):
        super().__init__(input_size, hidden_size, time_gap=True)
        field_size = hidden_size if field_size is None else field_size
        steps, field_size = check_positive(steps=steps, field_size=field_size)
        named("solver", solver, get_args(Solver))
        for name, tolerance in (("rtol", rtol), ("atol", atol)):
            if not 0 < tolerance < math.inf:
                raise ValueError(f"{name} must be a positive number, got {tolerance!r}")
        self.solver, self.steps, self.rtol, self.atol = solver, steps, rtol, atol
        self.cell = cell(self.feature_size, hidden_size)
        width = self.cell.output_size
        self.W_1 = nn.Parameter(torch.empty(field_size, width))
        self.b_1 = nn.Parameter(torch.zeros(field_size))
        self.W_2 = nn.Parameter(torch.empty(width, field_size))
        self.b_2 = nn.Parameter(torch.zeros(width))
        nn.init.xavier_uniform_(self.W_1)
        nn.init.xavier_uniform_(self.W_2, gain=0.1)

    def initial_state(self, batch_size: int) -> Any:
        """Return the inner cell's state before the first step."""
        return self.cell.initial_state(batch_size)

    def drive(self, x: Tensor) -> tuple[Tensor, ...]:
        """The gap ``[..., 1]``, and the inner cell's drive."""
        inner = self.cell.drive(x[..., :-1])
        return x[..., -1:], *(inner if isinstance(inner, tuple) else (inner,))

    def flow(self, h: Tensor, gap: Tensor) -> Tensor:
        """Return the state ``[B, H]`` after a time ``gap`` ``[B, 1]`` without observation."""

        def f(h: Tensor) -> Tensor:
            return gap * linear(torch.tanh(linear(h, self.W_1, self.b_1)), self.W_2, self.b_2)

        if self.solver == "dopri5":
            return adaptive(f, h, self.rtol, self.atol)
        return SOLVERS[self.solver](f, h, self.steps)

    def step(self, drive: tuple[Tensor, ...], state: Any) -> Any:
        """Solve the ODE over the gap, then let the inner cell read the observation."""
        gap, *inner = drive
        flowed = self.flow(state[0], gap)
        return self.cell.step(inner[0] if len(inner) == 1 else tuple(inner), type(state)(flowed, *state[1:]))

    def extra_repr(self) -> str:
        """Sizes and solver, for ``print(cell)``."""
        more = "" if self.solver == "dopri5" else f", steps={self.steps}"
        return f"{self.input_size}, {self.hidden_size}, solver={self.solver!r}{more}"
