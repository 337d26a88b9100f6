"""Models that leave: as a program of ``torch.export``, or as ONNX, for any batch and any length."""

import importlib
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._dynamo.exc import UserError
from torch.export import Dim, ExportedProgram

__all__ = ["export", "to_onnx"]


def export(model: nn.Module, *inputs: Tensor, lengths: Tensor | None = None) -> ExportedProgram:
    """Export a model of any cells with batch and length left open.

    ``torch.export`` by itself writes a loop over time down step by step, and fixes the length of ``torch.nn``'s
    recurrent layers too; Elman's layers and :func:`~elman.unroll` are exported as one step that is scanned.
    States come out of the program as plain tuples, so that it can be saved, and loaded without Elman.

    Args:
        model: is exported as it is in evaluation; its mode is put back.
        inputs: an example of each input, the first two sizes of which (time and batch in either order) are left
            open, or the only size of a vector; at least two of each, since ``torch.export`` takes 1 for fixed.
        lengths: an example of real steps, ``[B]``, if the model shall be called with ``lengths=``.

    Raises:
        ValueError: if a size that should be left open is below 2, or something in the model fixes one.

    Example:
        >>> import elman
        >>> layer = elman.nn.GRU(3, 5)
        >>> program = export(layer, torch.randn(7, 2, 3))
        >>> longer = torch.randn(30, 4, 3)
        >>> torch.allclose(program.module()(longer)[0], layer(longer)[0], atol=1e-6)
        True
    """
    given = (*inputs, *(() if lengths is None else (lengths,)))
    for tensor in given:
        if not tensor.dim() or min(tensor.shape[:2]) < 2:
            raise ValueError(
                f"an example needs at least 2 steps and 2 rows for both to stay open, got {list(tensor.shape)}"
            )
    training = model.training
    hook = model.register_forward_hook(lambda module, inputs, outputs: _plain(outputs))
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return torch.export.export(
                model.eval(), inputs, {} if lengths is None else {"lengths": lengths}, strict=False,
                dynamic_shapes=tuple(dict.fromkeys(range(min(2, one.dim())), Dim.DYNAMIC) for one in given),
            )  # fmt: skip
    except UserError as error:
        said = " ".join(str(error).split())[:300]
        raise ValueError(f"{type(model).__name__} cannot be exported with its sizes open: {said}") from None
    finally:
        hook.remove()
        model.train(training)


def _plain(tree: Any) -> Any:
    """Return NamedTuples as tuples; a program that holds others cannot be saved."""
    return tuple(map(_plain, tree)) if isinstance(tree, tuple) else tree


def to_onnx(model: nn.Module, path: Path | str, *inputs: Tensor, lengths: Tensor | None = None) -> Path:
    """Write a model as ONNX, for any batch and length; see :func:`export`.

    Args:
        model: what to write.
        path: the file.
        inputs: an example of each input.
        lengths: an example of real steps, if the model shall be called with ``lengths=``.

    Returns:
        The path.

    Raises:
        ImportError: if onnx and onnxscript are not installed (``elman[onnx]``).
        ValueError: as :func:`export` does.
        OSError: if the file cannot be written.
    """
    try:
        for name in ("onnx", "onnxscript"):
            importlib.import_module(name)
    except ImportError:
        raise ImportError("ONNX needs the packages onnx and onnxscript: pip install 'elman[onnx]'") from None
    program = export(model, *inputs, lengths=lengths)
    before = {name: logging.getLogger(name).level for name in ("torch.onnx", "onnxscript")}
    try:
        for name in before:
            logging.getLogger(name).setLevel(logging.ERROR)  # they tell of libraries that are not there
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made: Any = torch.onnx.export(program, dynamo=True, verbose=False)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(str(path))
    return path
