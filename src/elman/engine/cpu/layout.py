"""The order of a kernel's pointers, and the distance between rows."""

from elman.engine.cpu.product import Tile
from elman.engine.planning.language import Theta, Value
from elman.engine.planning.program import Buffer, Held, Program

__all__ = ["Layout"]


class Layout:
    """The order of addresses shared by kernel and caller: the product's, then those of ``buffers``, and so on."""

    def __init__(self, program: Program, tile: Tile):
        stores = [store for level in program.levels for store in level.stores]
        self.buffers = program.buffers
        self.matrices = list(dict.fromkeys(product.matrix for level in program.levels for product in level.products))
        blocks = [block for level in program.levels for block in level.blocks]
        held = [place.index for block in blocks for place in block.operands if isinstance(place, Held)]
        self.thetas = list(dict.fromkeys([*(i for store in stores for i in _thetas(store.value)), *held]))
        self.carried = [buffer for buffer in program.buffers if buffer.carried]
        self.columns = tile.columns
        grouped = [p for level in program.levels for p in level.products if p.value.groups > 1]
        self.grouped = {product.place.buffer for product in grouped}

    def stride(self, buffer: Buffer) -> int:
        """Return the distance between rows, in numbers. Rows are padded, because products write whole panels."""
        if buffer.kind != "row":
            return buffer.width
        # the last of several groups may begin anywhere
        width = buffer.width + (self.columns if buffer in self.grouped else 0)
        return -(-width // self.columns) * self.columns


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
