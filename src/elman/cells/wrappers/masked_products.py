"""Drop the recurrent state only where matrix products read it."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.overrides import TorchFunctionMode

__all__ = ["MaskedProducts"]

_T: Any = Tensor
# which argument of each product is its left side
PRODUCTS = {linear: 0, torch.matmul: 0, torch.mm: 0, _T.matmul: 0, _T.mm: 0, _T.__matmul__: 0, torch.addmm: 1}
GATES = {torch.mul, _T.mul, _T.__mul__, _T.__rmul__}


class MaskedProducts(TorchFunctionMode):
    """Within this context every matrix product of ``h``, or of ``h`` times a gate, reads ``h * mask``.

    Args:
        h: the state, ``[B, H]``.
        mask: ``[B, H]``.

    Raises:
        ValueError: on exit, if there was no such product.
    """

    def __init__(self, h: Tensor, mask: Tensor):
        super().__init__()
        self.mask, self.seen, self.read = mask, [h], False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator."""
        at = PRODUCTS.get(func)
        if at is not None and len(args) > at and self._is_state(args[at]):
            self.read = True
            args = (*args[:at], args[at] * self.mask, *args[at + 1 :])
        result = func(*args, **(kwargs or {}))
        if func in GATES and any(self._is_state(arg) for arg in args) and result.shape == self.mask.shape:
            self.seen.append(result)
        return result

    def __exit__(self, kind: Any, *rest: Any) -> None:
        super().__exit__(kind, *rest)
        if kind is None and not self.read:
            raise ValueError(
                "states= drops h where a product reads it, but this cell's step has no product of h, or none "
                "written as linear, matmul, mm or addmm of h itself or of h times a gate: write it so, "
                "or leave states at 0 and use inputs= and outputs=, or Zoneout"
            )

    def _is_state(self, value: Any) -> bool:
        return any(value is tensor for tensor in self.seen)
