"""Export models with ``torch.export`` or as ONNX, for any batch size and length."""

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
    """Export a model with any cells, with dynamic batch size and length.

    ``torch.export`` alone unrolls a loop over time step by step, and also fixes the length of ``torch.nn``'s
    recurrent layers. Elman's layers and :func:`~elman.unroll` are exported as a scan over one step. The exported
    program returns states as plain tuples, so that it can be saved, and loaded without Elman.

    Args:
        model: the model; exported in evaluation mode, then restored to its own mode.
        inputs: an example of each input. The first two sizes (time and batch in either order), or the only size of a
            vector, become dynamic; each must be at least 2, because ``torch.export`` treats 1 as fixed.
        lengths: an example of real steps, ``[B]``, if the model will be called with ``lengths=``.

    Raises:
        ValueError: if a dynamic size is below 2 in the example, or the model fixes a size.

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
                f"an example needs at least 2 steps and 2 rows for dynamic sizes, got {list(tensor.shape)}"
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
        raise ValueError(f"{type(model).__name__} cannot be exported with dynamic sizes: {said}") from None
    finally:
        hook.remove()
        model.train(training)


def _plain(tree: Any) -> Any:
    """Convert NamedTuples to tuples, because a program with NamedTuples cannot be saved."""
    return tuple(map(_plain, tree)) if isinstance(tree, tuple) else tree


def to_onnx(model: nn.Module, path: Path | str, *inputs: Tensor, lengths: Tensor | None = None) -> Path:
    """Write a model as ONNX, for any batch size and length; see :func:`export`.

    Args:
        model: the model.
        path: the file to write.
        inputs: an example of each input.
        lengths: an example of real steps, if the model will be called with ``lengths=``.

    Returns:
        The path.

    Raises:
        ImportError: if onnx and onnxscript are not installed (``elman[onnx]``).
        ValueError: see :func:`export`.
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
            logging.getLogger(name).setLevel(logging.ERROR)  # their warnings are about optional libraries
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exported: Any = torch.onnx.export(program, dynamo=True, verbose=False)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    exported.save(str(path))
    return path
