"""Write the product of a few rows and a matrix as LLVM assembly, by a register tile.

The matrix is packed in panels of ``columns`` columns, ``[panels, K, columns]``. A tile of up to ``rows`` rows keeps
all its sums in registers during the loop over K.
"""

from elman.engine.cpu.llvm import Lanes, Writer

__all__ = ["Tile", "product_text"]


class Tile:
    """Shape of the register tile for a vector register of ``register_bits`` bits."""

    def __init__(self, bits: int, register_bits: int):
        self.lanes = Lanes(bits, register_bits // bits)
        self.vectors = 2
        self.rows = 12 if register_bits == 512 else 6
        self.columns = self.vectors * self.lanes.count


def product_text(tile: Tile, declared: set[str]) -> str:
    """Return ``product(A, lda, panels, K, C, ldc, m, n_panels)``: C = A B for ``m`` rows."""
    parts = [_tile(tile, rows, declared) for rows in range(1, tile.rows + 1)]
    w = Writer(tile.lanes, declared)
    tiles = w.integer("sdiv", w.integer("add", "%m", tile.rows - 1), tile.rows)
    base, extra = w.integer("sdiv", "%m", tiles), w.integer("srem", "%m", tiles)
    size = w.integer("mul", "%K", tile.columns)
    with w.loop("%panels") as p:
        panel = w.at("%P", w.integer("mul", p, size))
        column = w.at("%C", w.integer("mul", p, tile.columns))
        with w.loop(tiles) as i:
            first = w.integer("add", w.integer("mul", i, base), w.min(i, extra))
            more = w.do(f"zext i1 {w.do(f'icmp slt i64 {i}, {extra}')} to i64")
            rows = w.integer("add", base, more)
            a, c = w.at("%A", w.integer("mul", first, "%lda")), w.at(column, w.integer("mul", first, "%ldc"))
            labels = [w.name("rows") for _ in range(tile.rows)]
            end = w.name("joined")
            cases = " ".join(f"i64 {n + 1}, label {label}" for n, label in enumerate(labels))
            w.put(f"switch i64 {rows}, label {end} [ {cases} ]")
            for n, label in enumerate(labels):
                w.label(label)
                w.put(f"call void @tile{n + 1}(ptr {a}, i64 %lda, ptr {panel}, i64 %K, ptr {c}, i64 %ldc)")
                w.put(f"br label {end}")
            w.label(end)
    w.put("ret void")
    head = "define void @product(ptr %A, i64 %lda, ptr %P, i64 %K, ptr %C, i64 %ldc, i64 %m, i64 %panels) #0"
    return "".join([*parts, w.function(head)])


def _tile(tile: Tile, rows: int, declared: set[str]) -> str:
    w, V = Writer(tile.lanes, declared), tile.lanes
    # Each addition to a sum takes four cycles. With few rows there are few sums: split each to hide the latency.
    chains = 4 if rows == 1 else 2 if rows <= 3 else 1
    unroll = 4
    sums = [[[w.slot(V.type) for _ in range(tile.vectors)] for _ in range(rows)] for _ in range(chains)]
    for chain in sums:
        for row in chain:
            for slot in row:
                w.put(f"store {V.type} {V.splat(0)}, ptr {slot}")
    # three rows share a pointer: x86 addresses p, p + lda and p + 2 lda without arithmetic
    bases = [w.at("%A", w.integer("mul", "%lda", r)) for r in range(0, rows, 3)]
    double = w.integer("mul", "%lda", 2)

    def body(k: str, step: int, chain: list[list[str]]) -> None:
        panel = w.at("%P", w.integer("mul", w.integer("add", k, step), tile.columns))
        columns = [w.load(w.at(panel, v * V.count)) for v in range(tile.vectors)]
        for r in range(rows):
            address = w.at(w.at(bases[r // 3], w.integer("add", k, step)), (0, "%lda", double)[r % 3])
            a = w.broadcast(w.do(f"load {V.scalar}, ptr {address}, align {V.bytes}"))
            for v, column in enumerate(columns):
                total = w.do(f"load {V.type}, ptr {chain[r][v]}")
                w.put(f"store {V.type} {w.fma(a, column, total)}, ptr {chain[r][v]}")

    whole = w.integer("and", "%K", -unroll)
    with w.loop(whole, unroll) as k:
        for step in range(unroll):
            body(k, step, sums[step % chains])
    with w.loop("%K", 1, whole) as k:
        body(k, 0, sums[0])
    for r in range(rows):
        row = w.at("%C", w.integer("mul", "%ldc", r))
        for v in range(tile.vectors):
            total = w.do(f"load {V.type}, ptr {sums[0][r][v]}")
            for chain in sums[1:]:
                total = w.op("fadd", total, w.do(f"load {V.type}, ptr {chain[r][v]}"))
            w.store(total, w.at(row, v * V.count))
    w.put("ret void")
    return w.function(
        f"define internal void @tile{rows}"
        "(ptr noalias %A, i64 %lda, ptr noalias %P, i64 %K, ptr noalias %C, i64 %ldc) #0"
    )
