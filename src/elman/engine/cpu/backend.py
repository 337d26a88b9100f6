"""The CPU back end: machine code by LLVM, with the rows of the batch divided among threads."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor

from elman.engine.backend import Kernels
from elman.engine.cpu import dense
from elman.engine.cpu.compile import compiling_products
from elman.engine.cpu.kernels import compile_plan
from elman.engine.cpu.start import trouble
from elman.engine.planning.plan import Plan
from elman.engine.unsupported import Unsupported

__all__ = ["CPU"]


class _CPU:
    """See :class:`elman.engine.backend.Backend`."""

    device = "cpu"

    def preparing(self, dtype: torch.dtype) -> AbstractContextManager[None]:
        if why := trouble():
            raise Unsupported(why)
        return compiling_products(torch.finfo(dtype).bits)

    def compile(self, plan: Plan, dtype: torch.dtype) -> Kernels:
        return Kernels(self, plan, *compile_plan(plan, dtype))

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return dense.linear(x, weight, bias)

    def product_over_rows(self, a: Tensor, b: Tensor) -> Tensor:
        return dense.product_over_rows(a, b)


CPU = _CPU()
