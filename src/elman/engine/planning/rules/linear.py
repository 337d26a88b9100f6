"""Rules for sums over all rows and steps: linear operators on such a sum run after the loop."""

from elman.engine.planning.deferred import Applied, Deferred, View
from elman.engine.planning.language import Const, Matrix, Theta
from elman.engine.planning.lowering import Lowering
from elman.engine.planning.rules.shapes import SAME
from elman.engine.tracing.recording import Node, swap

__all__ = ["LINEAR", "linear"]

LINEAR = frozenset([
    *SAME, "neg", "add", "sub", "mul", "div", "sum", "mean", "t", "permute", "transpose", "cat", "split",
    "split_with_sizes", "slice", "select", "narrow", "slice_backward", "select_backward",
])  # fmt: skip
VIEWS = ("view", "_unsafe_view", "reshape", "squeeze", "unsqueeze")


def linear(low: Lowering, node: Node) -> Deferred:
    """Translate an operator with at least one deferred argument."""
    if node.op not in LINEAR:
        raise low.bad(f"{node.op} is not linear in a gradient summed over the steps")
    read = [low.env[n] for n in node.inputs()]
    summed = [isinstance(meaning, Deferred) for meaning in read]
    scales = node.op in ("mul", "div")
    alone = sum(summed) == 1 and (summed[0] or node.op == "mul") if scales else all(summed)
    if not alone or not all(isinstance(meaning, (Deferred, Matrix, Theta, Const)) for meaning in read):
        raise low.bad(f"{node.op} mixes a gradient summed over the steps with other values")
    if low.batch in node.shape:
        raise low.bad(f"{node.op} spreads a gradient summed over the steps over rows again")
    if node.op in VIEWS:
        (given,) = read
        assert isinstance(given, Deferred)
        return View(node.shape, given.of if isinstance(given, View) else given)
    args, kwargs = swap((node.args, node.kwargs), lambda a: low.env[a] if isinstance(a, Node) else a)
    return Applied(node.shape, node.func, node.pick, args, kwargs)
