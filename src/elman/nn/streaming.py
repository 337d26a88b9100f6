"""Run a model one step at a time, as its input arrives."""

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from elman.cell import Cell
from elman.engine.resets import check_resets, renewed
from elman.engine.unroll import first_state

__all__ = ["Stream", "streaming"]


class Stream:
    """A model and its state after the steps fed so far; see :func:`streaming`.

    Attributes:
        state: the state after the last step, None before the first; assign a saved state to resume from it.
        steps: number of steps fed so far.
    """

    def __init__(self, model: nn.Module, batch_first: bool = False):
        self.model = model
        self._time = 1 if batch_first else 0  # the dimension
        self.state: Any = None
        self.steps = 0
        self._rows = 0

    @torch.inference_mode()
    def feed(self, x: Tensor, *, resets: Tensor | None = None) -> Any:
        """Feed one step of each row, and return its output.

        Args:
            x: ``[B, I]``, or tokens ``[B]``; B must equal that of the first step.
            resets: truth values ``[B]``, True for each row whose state is reset to the initial state before this
                step; default no resets. A model other than a cell or a layer needs a parameter of that name.

        Raises:
            TypeError: if ``resets`` is not a bool tensor, or the model takes no resets.
            ValueError: if the number of rows changes, or the shape or device of ``resets`` does not fit.
        """
        if self.steps and len(x) != self._rows:
            raise ValueError(f"the stream has {self._rows} rows, got {len(x)}; call reset() to start another stream")
        if resets is not None:
            resets = check_resets(resets, x.shape[:1], x.device, "[B]")
        if isinstance(self.model, Cell):
            cell = self.model
            begun = first_state(cell, len(x)) if self.state is None else self.state
            if resets is not None:
                begun = renewed(begun, first_state(cell, len(x)), resets)
            self.state = cell.step(cell.drive(x), begun)
            output = self.state[0]
        else:
            options = {} if resets is None else {"resets": self._taken(resets).unsqueeze(self._time)}
            outputs, self.state = self.model(x.unsqueeze(self._time), self.state, **options)
            output = outputs.select(self._time, 0)
        self._rows, self.steps = len(x), self.steps + 1
        return output

    def _taken(self, resets: Tensor) -> Tensor:
        parameters = inspect.signature(self.model.forward).parameters
        if "resets" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
            return resets
        raise TypeError(
            f"{type(self.model).__name__}.forward takes no resets: add a parameter resets=None to it, "
            "and pass it on to the model's recurrent layer"
        )

    def reset(self) -> None:
        """Forget everything that was fed."""
        self.state, self.steps = None, 0


def streaming(model: nn.Module, *, batch_first: bool | None = None) -> Stream:
    """Run a model one step at a time, with the same outputs as over the whole sequence, in constant memory.

    Args:
        model: a cell, a layer such as :class:`elman.nn.LSTM` or :class:`elman.nn.Recurrent`, or any module
            ``(x [T, B, ...], state) -> (outputs [T, B, ...], state)``, such as a language model. It is set to
            evaluation mode.
        batch_first: whether the model takes and returns ``[B, T, ...]``; default the ``batch_first`` of the model or,
            if it has none, of its layers. Steps are fed as ``[B, ...]`` in both cases.

    Raises:
        ValueError: if a layer is bidirectional, or the model's layers differ in ``batch_first``.

    Example:
        >>> import elman
        >>> layer, x = elman.nn.GRU(3, 5), torch.randn(10, 2, 3)
        >>> stream = streaming(layer)
        >>> outputs = torch.stack([stream.feed(step) for step in x])
        >>> torch.allclose(outputs, layer(x)[0], atol=1e-6)
        True
    """
    for part in model.modules():
        if getattr(part, "bidirectional", False):
            raise ValueError(f"{type(part).__name__} is bidirectional: its outputs need the whole sequence")
    if batch_first is None:
        batch_first = _batch_first(model)
    return Stream(model.eval(), batch_first)


def _batch_first(model: nn.Module) -> bool:
    # modules() lists the outermost module first; its batch_first, if any, decides
    found = [part.batch_first for part in model.modules() if isinstance(getattr(part, "batch_first", None), bool)]
    if hasattr(model, "batch_first"):
        found = found[:1]
    if len(set(found)) > 1:
        raise ValueError(
            "some layers of the model have batch_first=True and others batch_first=False: "
            "pass batch_first for the layout of the model's input"
        )
    return bool(found and found[0])
