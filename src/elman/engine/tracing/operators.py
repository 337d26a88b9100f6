"""PyTorch's operators by what the engine does with them."""

__all__ = ["BINARY", "KNOWN", "LINEAR", "LOGICAL", "SAME", "UNARY"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The same numbers, perhaps in another shape.
SAME = _names("""
    clone detach alias view _unsafe_view reshape _reshape_alias unsqueeze squeeze expand expand_copy contiguous
    lift_fresh lift_fresh_copy
""")
UNARY = _names("neg sigmoid tanh exp log log1p expm1 sqrt abs sin cos erf")
COMPARISONS = _names("eq ne lt le gt ge")
#: PyTorch's name to the engine's.
BINARY = {
    "mul": "mul", "div": "div", "maximum": "max", "minimum": "min",
    "logical_and": "and", "logical_or": "or", "bitwise_and": "and", "bitwise_or": "or",
    **{name: name for name in COMPARISONS},
}  # fmt: skip
#: The engine's operators whose result is a truth value.
LOGICAL = COMPARISONS | {"and", "or", "not"}
#: What a sum over all steps may pass through after the loop, since it is linear in the sum.
LINEAR = SAME | _names("""
    neg add sub mul div sum mean t permute transpose cat split split_with_sizes slice select narrow
    slice_backward select_backward
""")
#: What is read as it is; anything else is first written through these.
KNOWN = (
    LINEAR
    | UNARY
    | frozenset(BINARY)
    | _names("""
    rsub relu rsqrt reciprocal sign sgn pow square clamp clamp_min clamp_max where logical_not bitwise_not
    sigmoid_backward tanh_backward threshold_backward _to_copy mm addmm amax unbind chunk constant_pad_nd
    full zeros ones empty scalar_tensor zeros_like ones_like full_like new_zeros new_ones new_full
""")
)
