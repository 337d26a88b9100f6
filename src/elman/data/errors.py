"""What goes wrong with data, in one line."""

__all__ = ["DataError", "NotHere"]


class DataError(ValueError):
    """Data that is missing, damaged, or not what it should be; the message says what to do."""


class NotHere(DataError):
    """Data that this machine does not have."""
