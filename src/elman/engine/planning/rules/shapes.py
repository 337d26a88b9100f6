"""Rules for operators that fill a tensor with a number, or reshape a tensor."""

import torch

from elman.engine.planning.language import Matrix, Op, Value
from elman.engine.planning.lowering import Lowering, Meaning, Transposed, lowers
from elman.engine.tracing.recording import Node

__all__ = ["SAME"]

SAME = (
    "clone", "detach", "alias", "view", "_unsafe_view", "reshape", "_reshape_alias", "unsqueeze", "squeeze",
    "expand", "expand_copy", "contiguous", "lift_fresh", "lift_fresh_copy",
)  # fmt: skip

FILLS = {"zeros": 0, "ones": 1, "zeros_like": 0, "ones_like": 1, "new_zeros": 0, "new_ones": 1}


@lowers(*FILLS, "full", "full_like", "new_full", "scalar_tensor")
def full(low: Lowering, node: Node) -> Value:
    """The same number everywhere."""
    number = FILLS.get(node.op)
    if number is None:
        number = node.args[0] if node.op == "scalar_tensor" else node.args[-1]
    has_rows, width = low.extent(node.shape)
    return low.const(torch.tensor(number, dtype=node.dtype).item(), width, has_rows)


@lowers("constant")
def constant(low: Lowering, node: Node) -> Value:
    """A tensor that ``step`` creates from a number."""
    assert node.value is not None
    if node.value.numel() != 1:
        raise low.bad("step reads a tensor that is neither a parameter nor a buffer")
    return low.const(node.value.item())


@lowers(*SAME, whole=True)
def same(low: Lowering, node: Node) -> Meaning:
    """The same numbers, possibly in another shape."""
    source = node.args[0]
    value, before = low.env[source], source.shape
    if not isinstance(value, Value):
        keeps_shape = node.op in ("alias", "clone", "view", "_unsafe_view") and node.shape == before
        if node.op == "detach" or (keeps_shape and isinstance(value, Matrix)):
            return value
        what = "a transposed batch" if isinstance(value, Transposed) else "a whole matrix of parameters"
        raise low.bad(f"{node.op} works on {what}")
    has_rows, width = low.extent(node.shape)
    if value.rows and (not has_rows or (len(before) and before[0] != node.shape[0])):
        raise low.bad(f"{node.op} turns {low.spell(before)} into {low.spell(node.shape)}")
    if value.width == width:
        return low.call(Op.MUL, value, low.const(1.0, 1, True)) if has_rows and not value.rows else value
    if value.width == 1:
        return low.call(Op.MUL, value, low.const(1.0, width, has_rows))
    raise low.bad(f"{node.op} turns {low.spell(before)} into {low.spell(node.shape)}")
