"""Why a cell runs on the loop."""

__all__ = ["Unsupported"]


class Unsupported(Exception):
    """Why a step cannot be lowered, and where in it."""

    def __init__(self, reason: str, source: str = ""):
        super().__init__(reason + (f"\n    {source}" if source else ""))
        self.reason, self.source = reason, source
