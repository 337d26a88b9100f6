"""Rules for sums over all rows and steps: linear operators on such a sum run after the loop."""

from elman.engine.planning.deferred import Applied, Deferred, Held, View
from elman.engine.planning.language import Const, Theta
from elman.engine.planning.lowering import Lowering, Meaning
from elman.engine.planning.rules.shapes import SAME
from elman.engine.planning.views import Laid, flat
from elman.engine.tracing.recording import Node, swap

__all__ = ["LINEAR", "linear"]

LINEAR = frozenset([
    *SAME, "neg", "add", "sub", "mul", "div", "sum", "mean", "t", "permute", "transpose", "cat", "split",
    "split_with_sizes", "slice", "select", "narrow", "slice_backward", "select_backward", "flip", "constant_pad_nd",
    "unbind",
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
    if not alone:
        raise low.bad(f"{node.op} mixes a gradient summed over the steps with other values")
    if any(size and size % low.batch == 0 for size in node.shape):
        raise low.bad(f"{node.op} spreads a gradient summed over the steps over rows again")
    if node.op in VIEWS:
        (given,) = read
        assert isinstance(given, Deferred)
        return View(node.shape, given.of if isinstance(given, View) else given)
    args, kwargs = swap((node.args, node.kwargs), lambda a: _held(low, a, low.env[a]) if isinstance(a, Node) else a)
    return Applied(node.shape, node.func, node.pick, args, kwargs)


def _held(low: Lowering, node: Node, meaning: Meaning) -> Deferred | Held | Const:
    """Return a deferred gradient, or parameters beside it."""
    if isinstance(meaning, Deferred):
        return meaning
    if isinstance(meaning.value, Const):
        return meaning.value
    if not isinstance(meaning.value, Theta):
        raise low.bad(f"{low.node.op} mixes a gradient summed over the steps with other values")
    return _of(meaning.value, meaning, node.shape)


def _of(theta: Theta, laid: Laid, shape: tuple[int, ...]) -> Held:
    atoms = flat(laid.dims)
    return Held(theta.index, shape, tuple(a.size for a in atoms), tuple(a.stride or 0 for a in atoms), laid.offset)
