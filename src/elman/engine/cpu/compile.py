"""Compile LLVM assembly to functions that Python can call, without a C compiler."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

try:
    import llvmlite.binding as llvm
except Exception:  # missing or broken: elman.engine.cpu.start warns before anything is compiled
    llvm: Any = None

from elman.engine.cpu.llvm import Writer
from elman.engine.cpu.outer import outer_text
from elman.engine.cpu.packing import pack_text
from elman.engine.cpu.product import Tile, product_text

__all__ = ["compile_text", "compiling_products", "is_wide_amd", "shared_address", "tile_for"]

_lock = threading.RLock()  # LLVM's state is not thread-safe
_llvmlite: Any = getattr(llvm and llvm.ffi.lib, "_lock", nullcontext())  # held by llvmlite during each call into LLVM


def _before_fork() -> None:
    """Wait until no thread is inside LLVM: a child lacks that thread, so its locks would stay held forever."""
    _lock.acquire()
    _llvmlite.__enter__()


def _after_fork() -> None:
    _llvmlite.__exit__(None, None, None)
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def _target() -> Any:
    """Return a new target machine for each module, because the compiled code takes ownership of it."""
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


@cache
def is_wide_amd() -> bool:
    """Return whether this is an AMD processor with 512-bit vectors."""
    return llvm.get_host_cpu_name().startswith("znver") and bool(llvm.get_host_cpu_features().get("avx512f"))


class Code:
    """Compiled functions, which exist as long as this object.

    Attributes:
        addresses: the address of each function, by name.
    """

    def __init__(self, text: str, names: Sequence[str]):
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
            self.addresses = {name: self.engine.get_function_address(name) for name in names}


def compile_text(functions: str, declared: set[str], names: Sequence[str]) -> Code:
    """Compile the text of functions with the given names."""
    attributes = 'attributes #0 = { nounwind "prefer-vector-width"="512" }'
    return Code("\n".join([*sorted(declared), functions, attributes]), names)


_shared: dict[int, Code] = {}  # by number format


def shared_address(name: str, bits: int) -> int:
    """Return the address of ``product``, ``outer``, ``pack`` or ``team``, compiled once per process and dtype."""
    code = _shared.get(bits)
    if code is None:
        with _lock:
            code = _shared.get(bits)
            if code is None:
                declared: set[str] = set()
                text = "".join(part(tile_for(bits), declared) for part in SHARED.values())
                code = _shared[bits] = compile_text(text, declared, tuple(SHARED))
    return code.addresses[name]


@contextmanager
def compiling_products(bits: int) -> Iterator[None]:
    """Compile the code shared by all cells in a thread beside the block, once: LLVM releases the GIL meanwhile."""
    if bits in _shared:
        yield
        return
    beside = threading.Thread(target=shared_address, args=("product", bits), name="elman-compile")
    beside.start()
    try:
        yield
    finally:
        beside.join()


def _team_text(tile: Tile, declared: set[str]) -> str:
    """Return ``team(job)``: a member of an OpenMP team runs its share of ``function(work, 0 .. count, count)``.

    Without ``together`` the shares are independent, and a smaller team than requested runs several shares per member.
    With ``together`` the shares wait for each other, and count is the number of members.
    """
    w = Writer(tile.lanes, declared)
    w.arguments(function="ptr", work="ptr", count="i64", number="ptr", members="ptr", together="i64")
    mine, there = (w.do(f"sext i32 {w.do(f'call i32 %{ask}()')} to i64") for ask in ("number", "members"))
    together = w.do("icmp ne i64 %together, 0")
    stop = w.do(f"select i1 {together}, i64 {there}, i64 %count")
    with w.loop(stop, there, mine) as i:
        w.put(f"call void %function(ptr %work, i64 {i}, i64 {stop})")
    w.put("ret void")
    return w.function("define void @team(ptr %job) #0")


SHARED = {"product": product_text, "outer": outer_text, "pack": pack_text, "team": _team_text}
