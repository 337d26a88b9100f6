"""Text from files and from users on a terminal: shown, never obeyed."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["guarded_streams", "marked", "printable"]

# Control characters save newline and tab, line separators, and what turns the direction of writing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return a text with its control characters escaped, as JSON escapes them; newlines and tabs stay.

    Example:
        >>> print(printable("a\x1b[31m red\n\tb"))
        a\u001b[31m red
            b
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def marked(text: str) -> str:
    r"""Return a text as Rich's markup of itself: neither tags nor control characters in it have an effect.

    Example:
        >>> print(marked("[bold]\x1b[31m"))
        \[bold]\u001b[31m
    """
    from rich.markup import escape

    return escape(printable(text))


class _Guarded:
    """A text stream through which no control character passes. Rich writes past it: its own colours are meant."""

    def __init__(self, stream: Any):
        self.rich_proxied_file = stream  # the name by which Rich finds the stream behind another

    def write(self, text: str) -> int:
        """Write the text, escaped."""
        self.rich_proxied_file.write(printable(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Escape whatever is printed inside the block. What goes to the terminal by Rich needs :func:`marked`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and _Guarded(stream) for stream in before)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
