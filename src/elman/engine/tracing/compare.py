"""Compare recordings of a step on different numbers of rows."""

from typing import Any

import torch

from elman.engine.tracing.recording import Node, Recording
from elman.engine.unsupported import Unsupported

__all__ = ["compare", "difference"]

RESHAPES = ("view", "_unsafe_view", "_reshape_alias")


def compare(one: Recording, other: Recording, batch: int, rows: int) -> None:
    """Raise if a step behaves differently with other values or another batch size."""
    if why := difference(one, other, batch, rows):
        raise why


def difference(one: Recording, other: Recording, batch: int, rows: int) -> Unsupported | None:
    """Return how a step differs with other values or another batch size, None if it does not."""
    firsts, seconds = ([n for n in recording.nodes if n.op != "clone"] for recording in (one, other))
    place = {node: index for nodes in (firsts, seconds) for index, node in enumerate(nodes)}
    for node in (*one.nodes, *other.nodes):
        if node.op == "clone":  # reshape copies or not, as the rows lie in memory
            place[node] = place[node.args[0]]

    def counts_rows(p: int, q: int) -> bool:
        """Return whether two sizes are the same multiple of the number of rows."""
        return p > 0 and p * rows == q * batch

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, (tuple, list)) and type(a) is type(b) and len(a) == len(b):
            sizes = isinstance(a, list) and all(isinstance(part, int) for part in (*a, *b))
            return all((sizes and counts_rows(p, q)) or same(p, q) for p, q in zip(a, b, strict=True))
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
        if isinstance(a, Node):
            return isinstance(b, Node) and place[a] == place[b]
        return type(a) is type(b) and (a == b or a != a)

    def form(node: Node) -> Any:
        """Return what must be the same of a node."""
        if node.op in RESHAPES:
            return "view", node.pick, [*node.shape], node.args[:1], {}
        if node.op == "split":  # the size of a part may be a multiple of the number of rows
            source, size, *rest = node.args
            return node.op, node.pick, [*node.shape], (source, [size], *rest), node.kwargs
        return node.op, node.pick, [*node.shape], node.args, node.kwargs

    for a, b in zip(firsts, seconds, strict=False):
        if a.op == b.op == "constant" and a.shape == b.shape:
            assert a.value is not None
            assert b.value is not None
            if (a.shape == () or not a.dtype.is_floating_point) and not torch.equal(a.value, b.value):
                return Unsupported("a number in step differs from one run to the next", a.source)
        elif not same(form(a), form(b)):
            return Unsupported("step depends on the number of rows, on their values, or on chance", a.source)
    if len(firsts) != len(seconds):
        return Unsupported("step depends on the number of rows, on their values, or on chance")
    return None
