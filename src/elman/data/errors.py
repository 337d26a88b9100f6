"""Errors about data, each with a one-line message."""

__all__ = ["DataError", "NotHere"]


class DataError(ValueError):
    """Data that is missing, damaged, or of the wrong form; the message says what to do."""


class NotHere(DataError):
    """Data that is not on this machine."""
