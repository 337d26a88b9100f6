"""Rules for matrix products and transposes."""

from elman.engine.planning.deferred import Outer
from elman.engine.planning.language import Matrix, Op, Theta, Value
from elman.engine.planning.lowering import Lowering, Meaning, Transposed, lowers
from elman.engine.tracing.recording import Node


@lowers("t", "permute", "transpose", "numpy_T", whole=True)
def transpose(low: Lowering, node: Node) -> Meaning:
    """A transposed matrix of parameters, or a transposed batch, the left factor of a product over all rows."""
    source = node.args[0]
    if node.op == "permute" and list(node.args[1]) == list(range(len(source.shape))):
        return low.env[source]
    match low.env[source]:
        case Matrix() as matrix:
            return Matrix(matrix.index, not matrix.transposed, matrix.n, matrix.k)
        case Transposed() as batch:
            return batch.of
        case Value() as value if value.rows and len(source.shape) == 2:
            return Transposed(value)
        case Value() as value if not value.rows:
            return value
    raise low.bad(f"{node.op} moves the rows of {low.spell(source.shape)}")


@lowers("mm", "addmm", whole=True)
def product(low: Lowering, node: Node) -> Meaning:
    """Rows times parameters, computed in the step; or a transposed batch times a batch, computed after the loop."""
    *bias, left, right = node.args
    if 0 in (*left.shape, *right.shape):
        raise low.bad(f"{node.op} of no columns")
    match low.env[left], low.env[right]:
        case Transposed() as a, Value() as b if b.rows:
            out: Meaning = Outer(node.shape, (a.of, b))
        case Value() as a, Matrix() as matrix if a.rows:
            out = low.values.matmul(a, matrix)
        case Value() as a, Theta() as b if a.rows:
            out = low.values.matmul(a, Matrix(b.index, False, *right.shape))
        case _:
            shapes = f"{low.spell(left.shape)} by {low.spell(right.shape)}"
            raise low.bad(f"{node.op} multiplies {shapes}: only rows by parameters")
    if bias and (node.kwargs or not isinstance(out, Value)):
        raise low.bad("addmm with factors")
    return low.call(Op.ADD, out, low.row(bias[0], node.shape)) if bias and isinstance(out, Value) else out
