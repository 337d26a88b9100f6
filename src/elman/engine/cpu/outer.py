"""The product over all rows and steps, ``A^T B``, that gives a weight's gradient.

Blocks of up to 256 rows of both factors are packed first: A into strips whose width is the register tile's height, B
into panels of the tile's width. See Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
"""

from elman.engine.cpu.llvm import Writer
from elman.engine.cpu.product import Tile

__all__ = ["outer_text", "panel_stride", "strip_stride"]

BLOCK = 256


def strip_stride(tile: Tile) -> int:
    """Return the distance between strips of A, in numbers: not a power of two, to avoid cache conflicts."""
    return BLOCK * tile.rows + 16


def panel_stride(tile: Tile) -> int:
    """Return the distance between panels of B, in numbers."""
    return BLOCK * tile.columns + 16


def outer_text(tile: Tile, declared: set[str]) -> str:
    """Return ``outer(job, thread, count)``; the first lines below read the words of the job.

    The function fills the thread's own strips of C with the product of their columns of A (of ``height`` in all) and
    the ``width`` columns of B. C consists of whole tiles in both directions.
    """
    w, V = Writer(tile.lanes, declared), tile.lanes
    w.arguments(
        A="ptr", lda="i64", B="ptr", ldb="i64", C="ptr", ldc="i64", n="i64", width="i64", height="i64",
        scratch="ptr", room="i64", ranges="ptr",
    )  # fmt: skip
    w.own_range()
    # a thread's scratch memory: its strips, then all panels
    panels_each = w.integer("sdiv", w.integer("add", "%width", tile.columns - 1), tile.columns)
    each = w.integer("add", "%room", w.integer("mul", panels_each, panel_stride(tile)))
    strips = w.at("%scratch", w.integer("mul", "%thread", each))
    panels = w.at(strips, "%room")

    def strip_of(i: str) -> str:
        number = w.integer("sdiv", w.integer("sub", i, "%first"), tile.rows)
        return w.at(strips, w.integer("mul", number, strip_stride(tile)))

    with w.loop("%n", BLOCK) as k0:
        depth = w.min(w.integer("sub", "%n", k0), BLOCK)
        fresh = w.do(f"icmp eq i64 {k0}, 0")
        with w.loop(depth) as k:
            row = w.at("%B", w.integer("mul", w.integer("add", k0, k), "%ldb"))
            # whole panels and strips first, whose masks are constant; then the remaining one
            for masked in (False, True):
                whole = w.integer("sdiv", "%width", tile.columns)
                with w.loop(panels_each if masked else whole, 1, whole if masked else 0) as p:
                    j = w.integer("mul", p, tile.columns)
                    to = w.at(panels, w.integer("mul", p, panel_stride(tile)))
                    to = w.at(to, w.integer("mul", k, tile.columns))
                    for v in range(tile.vectors):
                        at = w.integer("add", j, v * V.count)
                        mask = w.mask_below(w.integer("sub", "%width", at)) if masked else None
                        w.store(w.load(w.at(row, at), mask), w.at(to, v * V.count))
            row = w.at("%A", w.integer("mul", w.integer("add", k0, k), "%lda"))
            full = w.integer("mul", w.integer("sdiv", "%height", tile.rows), tile.rows)
            for masked in (False, True):
                start, stop = ("%first", w.min("%last", full)) if not masked else (w.max("%first", full), "%last")
                with w.loop(stop, tile.rows, start) as i:
                    to = w.at(strip_of(i), w.integer("mul", k, tile.rows))
                    for v in range(-(-tile.rows // V.count)):
                        room = w.mask_of(min(V.count, tile.rows - v * V.count))
                        mask = room
                        if masked:
                            mask = w.mask_below(w.integer("sub", w.integer("sub", "%height", i), v * V.count))
                        w.store(w.load(w.at(w.at(row, i), v * V.count), mask), w.at(to, v * V.count), room)
        with w.loop(panels_each) as p:
            panel = w.at(panels, w.integer("mul", p, panel_stride(tile)))
            with w.loop("%last", tile.rows, "%first") as i:
                c = w.at("%C", w.integer("add", w.integer("mul", i, "%ldc"), w.integer("mul", p, tile.columns)))
                given = f"ptr {strip_of(i)}, ptr {panel}, i64 {depth}, ptr {c}, i64 %ldc, i1 {fresh}"
                w.put(f"call void @outer_tile({given})")
    w.put("ret void")
    head = "define void @outer(ptr %job, i64 %thread, i64 %count) #0"
    return _tile(tile, declared) + w.function(head)


def _tile(tile: Tile, declared: set[str]) -> str:
    w, V = Writer(tile.lanes, declared), tile.lanes
    places = [(r, v) for r in range(tile.rows) for v in range(tile.vectors)]
    sums = {place: w.slot(V.type) for place in places}
    for place in places:
        w.put(f"store {V.type} {V.splat(0)}, ptr {sums[place]}")

    def body(k: str, step: int) -> None:
        at = w.integer("add", k, step)
        panel, strip = (
            w.at("%P", w.integer("mul", at, tile.columns)),
            w.at("%S", w.integer("mul", at, tile.rows)),
        )
        columns = [w.load(w.at(panel, v * V.count)) for v in range(tile.vectors)]
        for r in range(tile.rows):
            a = w.broadcast(w.do(f"load {V.scalar}, ptr {w.at(strip, r)}, align {V.bytes}"))
            for v, column in enumerate(columns):
                total = w.do(f"load {V.type}, ptr {sums[r, v]}")
                w.put(f"store {V.type} {w.fma(a, column, total)}, ptr {sums[r, v]}")

    whole = w.integer("and", "%K", -4)
    with w.loop(whole, 4) as k:
        for step in range(4):
            body(k, step)
    with w.loop("%K", 1, whole) as k:
        body(k, 0)
    for fresh in (True, False):
        with w.when("%fresh" if fresh else w.do("xor i1 %fresh, true")):
            for r, v in places:
                to = w.at(w.at("%C", w.integer("mul", "%ldc", r)), v * V.count)
                total = w.do(f"load {V.type}, ptr {sums[r, v]}")
                w.store(total if fresh else w.op("fadd", w.load(to), total), to)
    w.put("ret void")
    return w.function(
        "define internal void @outer_tile"
        "(ptr noalias %S, ptr noalias %P, i64 %K, ptr noalias %C, i64 %ldc, i1 %fresh) #0"
    )
