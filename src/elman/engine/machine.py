"""Compiling: LLVM assembly to a function that Python can call. No C compiler takes part."""

import ctypes
import threading
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from elman.engine.outer import outer_text
from elman.engine.product import Tile, product_text

__all__ = ["Kernel", "compile_text", "outer_function", "product_address", "tile_for"]

_lock = threading.RLock()  # LLVM's own state is not safe to share


def _target() -> llvm.TargetMachine:
    """A new one a module: the compiled code takes it over."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        opt=2, cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten()
    )


@cache
def tile_for(bits: int) -> Tile:
    """Return the register tile that suits this processor and number format."""
    features = llvm.get_host_cpu_features()
    return Tile(bits, 512 if features.get("avx512f") else 256)


class Code:
    """Compiled functions, alive as long as this is."""

    def __init__(self, text: str):
        with _lock:
            target = _target()
            module = llvm.parse_assembly(text)
            module.triple, module.data_layout = llvm.get_process_triple(), str(target.target_data)
            module.verify()
            options = llvm.create_pipeline_tuning_options(speed_level=2)
            options.loop_unrolling = False
            options.slp_vectorization = options.loop_vectorization = False
            llvm.create_pass_builder(target, options).getModulePassManager().run(
                module, llvm.create_pass_builder(target, options)
            )
            self.engine = llvm.create_mcjit_compiler(module, target)
            self.engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where a function lies."""
        return self.engine.get_function_address(name)


def compile_text(functions: str, declared: set[str]) -> Code:
    """Compile the text of some functions."""
    attributes = 'attributes #0 = { nounwind "prefer-vector-width"="512" }'
    return Code("\n".join([*sorted(declared), functions, attributes]))


@cache
def _products(bits: int) -> tuple[Code, int, Any]:
    declared: set[str] = set()
    tile = tile_for(bits)
    code = compile_text(product_text(tile, declared) + outer_text(tile, declared), declared)
    return code, code.address("product"), Outer(code.address("outer"))


def product_address(bits: int) -> int:
    """Return the address of the product of this number format, compiled once a process."""
    with _lock:
        return _products(bits)[1]


def outer_function(bits: int) -> Any:
    """Return :func:`~elman.engine.outer.outer_text`'s function, compiled once a process."""
    with _lock:
        return _products(bits)[2]


#: table, starts, sizes, T, first, last, thread, reverse
Kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 5)
#: A, lda, B, ldb, C, ldc, n, first, last, width, height, strips, panels
Outer = ctypes.CFUNCTYPE(
    None, *[ctypes.c_void_p, ctypes.c_int64] * 3, *[ctypes.c_int64] * 5, ctypes.c_void_p, ctypes.c_void_p
)
