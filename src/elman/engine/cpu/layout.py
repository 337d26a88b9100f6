"""The order of a kernel's pointers, and the distance between rows."""

from elman.engine.cpu.product import Tile
from elman.engine.planning.language import Theta, Value
from elman.engine.planning.program import Buffer, Program

__all__ = ["Layout"]


class Layout:
    """The order of addresses shared by kernel and caller: the product's, then those of ``buffers``, and so on."""

    def __init__(self, program: Program, tile: Tile):
        stores = [store for level in program.levels for store in level.stores]
        self.buffers = program.buffers
        self.matrices = list(dict.fromkeys(product.matrix for level in program.levels for product in level.products))
        self.thetas = list(dict.fromkeys(index for store in stores for index in _thetas(store.value)))
        self.carried = [buffer for buffer in program.buffers if buffer.carried]
        self.columns = tile.columns

    def stride(self, buffer: Buffer) -> int:
        """Return the distance between rows, in numbers. Rows are padded, because products write whole panels."""
        return -(-buffer.width // self.columns) * self.columns if buffer.kind == "row" else buffer.width


def _thetas(value: Value) -> list[int]:
    """Return the thetas that a value reads."""
    found, seen = [], set()
    stack = [value]
    while stack:
        v = stack.pop()
        if v not in seen:
            seen.add(v)
            stack += v.args
            if isinstance(v, Theta):
                found.append(v.index)
    return found
