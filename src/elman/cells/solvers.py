"""Solvers of dh/ds = f(h) from s = 0 to 1: with fixed steps, and with torchdiffeq's adaptive steps."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["SOLVERS", "adaptive", "euler", "midpoint", "rk4"]

Field = Callable[[Tensor], Tensor]


def euler(f: Field, h: Tensor, steps: int) -> Tensor:
    r"""Euler's method, of order 1: :math:`h \leftarrow h + \delta f(h)`.

    Example:
        >>> import torch
        >>> euler(lambda h: h, torch.ones(1), 2)  # (1 + 1/2)^2
        tensor([2.2500])
    """
    for _ in range(steps):
        h = h + f(h) / steps
    return h


def midpoint(f: Field, h: Tensor, steps: int) -> Tensor:
    r"""The midpoint method, of order 2: :math:`h \leftarrow h + \delta f(h + \tfrac{\delta}{2} f(h))`.

    Example:
        >>> import torch
        >>> midpoint(lambda h: h, torch.ones(1), 1)  # 1 + 1 + 1/2
        tensor([2.5000])
    """
    for _ in range(steps):
        h = h + f(h + f(h) * (0.5 / steps)) / steps
    return h


def rk4(f: Field, h: Tensor, steps: int) -> Tensor:
    r"""The classical Runge-Kutta method, of order 4.

    Example:
        >>> import torch
        >>> rk4(lambda h: h, torch.ones(1), 1)  # 1 + 1 + 1/2 + 1/6 + 1/24
        tensor([2.7083])
    """
    for _ in range(steps):
        a = f(h)
        b = f(h + a * (0.5 / steps))
        c = f(h + b * (0.5 / steps))
        d = f(h + c / steps)
        h = h + (a + 2 * b + 2 * c + d) / (6 * steps)
    return h


SOLVERS = {"euler": euler, "midpoint": midpoint, "rk4": rk4}


def adaptive(f: Field, h: Tensor, rtol: float, atol: float) -> Tensor:
    """Dormand & Prince's method of order 5 with an adaptive step, the same for all rows (Chen, torchdiffeq).

    The row with the largest error sets the step: in every row the root mean square of the estimated error, relative
    to ``atol + rtol |h|``, is at most 1, however many rows there are. A row where ``f`` is zero stays exactly
    unchanged. The gradient is that of the steps taken, with their lengths held constant.

    Args:
        f: maps ``[B, H]`` to its rate of change, ``[B, H]``.
        h: the start, ``[B, H]``.
        rtol: relative tolerance.
        atol: absolute tolerance.

    Raises:
        ImportError: if torchdiffeq is not installed.
        ArithmeticError: if no step is small enough, for example because a number is not finite.
    """
    try:
        from torchdiffeq import odeint
    except ImportError:
        raise ImportError(
            'solver="dopri5" needs the package torchdiffeq: install elman[ode], or choose euler, midpoint or rk4'
        ) from None
    if not len(h):
        return h
    try:
        # Solve for the change: torchdiffeq interpolates at the end, and only zero stays exact.
        change = odeint(
            lambda s, change: f(h + change),
            torch.zeros_like(h),
            h.new_tensor([0.0, 1.0]),
            rtol=rtol,
            # one tolerance per element, which torchdiffeq documents but does not annotate
            atol=atol + rtol * h.detach().abs(),  # pyright: ignore[reportArgumentType]
            method="dopri5",
            options={"norm": _worst_row, "first_step": 0.1},  # torchdiffeq's own guess from a zero start is too short
        )
    except AssertionError as error:
        raise ArithmeticError(
            f"the adaptive solver found no step small enough ({error}): a gap or the state is not finite, or the "
            "tolerance is too fine for the numbers"
        ) from None
    assert isinstance(change, Tensor)
    return h + change[-1]


def _worst_row(error: Tensor) -> Tensor:
    return error.detach().square().mean(-1).amax().sqrt()
