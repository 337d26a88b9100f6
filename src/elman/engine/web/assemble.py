"""Compile programs to WebAssembly modules, with the text that the CPU's emitter writes.

Three things differ from a processor's code. WebAssembly has no fused multiply-add, so a product and a sum take its
place. A kernel calls the product by name instead of through a pointer. Vectors have four numbers.
"""

import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from elman.engine.cpu.compile import llvm
from elman.engine.cpu.emit import program_text
from elman.engine.cpu.layout import Layout
from elman.engine.cpu.outer import outer_text, panel_stride, strip_stride
from elman.engine.cpu.packing import pack_text
from elman.engine.cpu.product import Tile, product_text
from elman.engine.cpu.start import trouble
from elman.engine.planning.program import Program
from elman.engine.unsupported import Unsupported
from elman.engine.web.link import link

__all__ = ["TILE", "assemble", "products", "tile_sizes"]

TILE = Tile(32, 128)
SHARED = {"product": product_text, "outer": outer_text, "pack": pack_text}
TRIPLE, FEATURES = "wasm32-unknown-unknown", "+simd128,+bulk-memory"
THROUGH_POINTER = re.compile(r"call void %v\d+\(")

_lock = threading.Lock()  # LLVM's state is not thread-safe


def assemble(programs: Mapping[str, Program]) -> bytes:
    """Return a module that exports each program, in float32, and imports ``product``.

    Raises:
        Unsupported: if llvmlite is missing or lacks WebAssembly.
    """
    declared = {"declare void @product(ptr, i64, ptr, i64, ptr, i64, i64, i64)"}
    text = "".join(
        program_text(name, program, Layout(program, TILE), TILE, declared) for name, program in programs.items()
    )
    return link(_object(THROUGH_POINTER.sub("call void @product(", text), declared), list(programs))


@cache
def products() -> bytes:
    """Return the module of all cells: ``product``, ``outer`` and ``pack``, see :mod:`elman.engine.cpu`.

    Raises:
        Unsupported: if llvmlite is missing or lacks WebAssembly.
    """
    declared: set[str] = set()
    text = "".join(part(TILE, declared) for part in SHARED.values())
    return link(_object(text, declared), list(SHARED))


def tile_sizes() -> dict[str, int]:
    """Return what JavaScript must know to call the functions of :func:`products`."""
    return {
        "columns": TILE.columns, "rows": TILE.rows, "strip": strip_stride(TILE), "panel": panel_stride(TILE),
    }  # fmt: skip


def _object(functions: str, declared: set[str]) -> bytes:
    if why := trouble():
        raise Unsupported(why)
    text = "\n".join([*sorted(declared), functions, "attributes #0 = { nounwind }"])
    text = text.replace("@llvm.fma.", "@llvm.fmuladd.")
    with _lock:
        target = _target()
        module = llvm.parse_assembly(text)
        module.triple, module.data_layout = TRIPLE, str(target.target_data)
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_unrolling = False
        options.slp_vectorization = options.loop_vectorization = False
        builder = llvm.create_pass_builder(target, options)
        builder.getModulePassManager().run(module, builder)
        return target.emit_object(module)


def _target() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        found = llvm.Target.from_triple(TRIPLE)
    except RuntimeError as error:
        raise Unsupported(f"this llvmlite cannot write WebAssembly: {error}") from None
    return found.create_target_machine(cpu="generic", features=FEATURES, opt=2)
