"""Decoding: from ``step(tokens, state) -> (log_probs, state)`` to sequences. It knows no model."""

from elman.decode.sampling import sample

__all__ = ["sample"]
