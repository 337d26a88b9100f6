"""The exception that gives the reason why the native engine cannot run a cell."""

__all__ = ["Unsupported"]


class Unsupported(Exception):
    """The native engine does not support a cell or a call; holds the reason and the line of ``step``."""

    def __init__(self, reason: str, source: str = ""):
        super().__init__(reason + (f"\n    {source}" if source else ""))
        self.reason, self.source = reason, source
