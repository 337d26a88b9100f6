"""Pack a matrix into the panels that the products read."""

from elman.engine.cpu.llvm import Writer
from elman.engine.cpu.product import Tile

__all__ = ["pack_text"]

BLOCK = 16  # numbers moved at once, one cache line of float32


def pack_text(tile: Tile, declared: set[str]) -> str:
    """Return ``pack(job, thread, count)``; the first lines below read the words of the job.

    The function fills panels ``[panels, K, columns]`` from a matrix whose element (k, n) is at
    ``k * k_stride + n * n_stride``; missing columns of the last panel become zero.
    """
    w, V = Writer(tile.lanes, declared), tile.lanes
    w.arguments(W="ptr", k_stride="i64", n_stride="i64", K="i64", N="i64", P="ptr", ranges="ptr")
    w.own_range()
    rows_lie_dense = w.do("icmp eq i64 %n_stride, 1")
    with w.loop("%last", 1, "%first") as p:
        column = w.integer("mul", p, tile.columns)
        there = w.min(w.integer("sub", "%N", column), tile.columns)
        panel = w.at("%P", w.integer("mul", w.integer("mul", p, "%K"), tile.columns))
        source = w.at("%W", w.integer("mul", column, "%n_stride"))
        with w.when(rows_lie_dense), w.loop("%K") as k:
            row, to = w.at(source, w.integer("mul", k, "%k_stride")), w.at(panel, w.integer("mul", k, tile.columns))
            for v in range(tile.vectors):
                at = v * V.count
                mask = w.mask_below(w.integer("sub", there, at))
                w.store(w.load(w.at(row, at), mask), w.at(to, at))
        with w.when(w.do(f"xor i1 {rows_lie_dense}, true")):
            _transpose(w, tile, source, panel, there)
    w.put("ret void")
    return w.function("define void @pack(ptr %job, i64 %thread, i64 %count) #0")


def _transpose(w: Writer, tile: Tile, source: str, panel: str, there: str) -> None:
    """Fill a panel column by column, in blocks of rows that stay in the nearest cache."""
    kind = tile.lanes.scalar

    def move(k: str, c: str, column: str) -> None:
        value = w.do(f"load {kind}, ptr {w.at(column, w.integer('mul', k, '%k_stride'))}")
        w.put(f"store {kind} {value}, ptr {w.at(panel, w.integer('add', w.integer('mul', k, tile.columns), c))}")

    whole = w.integer("and", "%K", -BLOCK)
    for start, stop, step in ((0, whole, BLOCK), (whole, "%K", 1)):
        with w.loop(stop, step, start) as k:
            with w.loop(there) as c:
                column = w.at(source, w.integer("mul", c, "%n_stride"))
                for i in range(step):
                    move(w.integer("add", k, i), c, column)
            with w.loop(tile.columns, 1, there) as c, w.loop(step) as i:
                at = w.integer("add", w.integer("mul", w.integer("add", k, i), tile.columns), c)
                w.put(f"store {kind} {tile.lanes.number(0)}, ptr {w.at(panel, at)}")
