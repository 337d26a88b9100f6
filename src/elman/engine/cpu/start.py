"""Check whether this installation can compile machine code."""

import warnings
from functools import cache

__all__ = ["trouble"]


@cache
def trouble() -> str:
    """Return why the native engine cannot start, or an empty string; warn once."""
    try:
        from llvmlite import binding  # noqa: F401

        from elman.engine.cpu.compile import Code

        Code("define void @start(ptr %nothing) {\n  ret void\n}", ["start"])
        return ""
    except Exception as error:  # missing, too old or broken: LLVM and the loader may raise anything
        said = (str(error).splitlines() or [type(error).__name__])[0]
        why = f"the native engine cannot start, it needs llvmlite 0.45 or newer: {said}"
        warnings.warn(f"{why}; every cell runs on the loop engine, which is many times slower", stacklevel=2)
        return why
