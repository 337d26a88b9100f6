"""In which order a kernel finds its pointers, and how far apart rows lie."""

from elman.engine.cpu.product import Tile
from elman.engine.planning.language import Theta, Value
from elman.engine.planning.program import Buffer, Program

__all__ = ["Layout"]


class Layout:
    """What a kernel and its caller agree on: first the product's address, then those of ``buffers``, and so on."""

    def __init__(self, program: Program, tile: Tile):
        stores = [store for level in program.levels for store in level.stores]
        self.buffers = program.buffers
        self.matrices = list(dict.fromkeys(product.matrix for level in program.levels for product in level.products))
        self.thetas = list(dict.fromkeys(index for store in stores for index in _thetas(store.value)))
        self.carried = [buffer for buffer in program.buffers if buffer.carried]
        self.columns = tile.columns

    def stride(self, buffer: Buffer) -> int:
        """Numbers from one row to the next. Products write whole panels, so rows of the batch are padded."""
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
