"""An end to waiting: what takes longer than it ever should hangs."""

import signal
from contextlib import contextmanager


class Hangs(BaseException):
    """Not an Exception, lest somebody catch it."""


@contextmanager
def patience(seconds: float = 20):
    """Stop what is still computing after so many seconds of processor time, or waiting after sixty times as many."""

    def stop(*_):
        raise Hangs(f"still at it after {seconds:g} s")

    kinds = ((signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, 60 * seconds))
    before = [signal.signal(number, stop) for number, _, _ in kinds]
    for _, timer, after in kinds:
        signal.setitimer(timer, after)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(kinds, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
