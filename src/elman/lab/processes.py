"""Local worker processes with one trial each, so that a crash affects one trial only."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

from elman.lab.worker import start_worker

__all__ = ["Processes", "WorkerDied"]

ATTEMPTS = 2  # a call whose worker died is repeated once


class WorkerDied(RuntimeError):
    """A worker process died during a call, and so did its replacement."""


class _Worker:
    """A process that answers calls one after another until it is killed or its parent is gone."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        with _deaf(), theirs:
            self._process.start()

    def call(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Run a call in the process, and return its result and its exception; raise EOFError or ConnectionError if
        the process dies."""
        self._connection.send((fn, args, kwargs))
        return self._connection.recv()

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.join(5)

    def ended_by(self) -> str:
        """How the process ended: ``SIGSEGV``, ``exit status 3``."""
        self._process.join()
        code = self._process.exitcode or 0
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return f"{name}, perhaps out of memory" if name == "SIGKILL" else name


class Processes(Executor):
    """Calls in worker processes of one thread each.

    A call whose worker dies is repeated once in a new process; after that its future raises :class:`WorkerDied`.
    When an exception such as Ctrl-C leaves the context, the workers are killed.

    Args:
        workers: maximum number of processes.
    """

    def __init__(self, workers: int):
        self._threads = ThreadPoolExecutor(workers)
        self._idle: list[_Worker] = []
        self._alive: set[_Worker] = set()
        self._lock, self._killed = Lock(), False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call as soon as a worker is free."""
        return self._threads.submit(self._call, fn, args, kwargs)

    def _call(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        how = ""
        for _ in range(ATTEMPTS):
            worker = self._worker()
            try:
                result, error = worker.call(fn, args, kwargs)
            except (EOFError, ConnectionError):
                self._alive.discard(worker)
                how = worker.ended_by()
                continue
            self._idle.append(worker)
            if error is not None:
                raise error
            return result
        raise WorkerDied(f"its process died {ATTEMPTS} times ({how})")

    def _worker(self) -> _Worker:
        with self._lock:
            if self._killed:
                raise WorkerDied("its process was killed")
            if self._idle:
                return self._idle.pop()
            worker = _Worker()
            self._alive.add(worker)
            return worker

    def kill(self) -> None:
        """Kill every worker."""
        with self._lock:
            self._killed = True
        for worker in list(self._alive):
            worker.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the calls, and end the workers."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            self.kill()

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self.kill()
        self.shutdown()


def _serve(connection: Connection) -> None:
    """Answer calls in a worker process."""
    start_worker()
    while True:
        try:
            fn, args, kwargs = connection.recv()
        except EOFError:  # the parent is gone
            return
        try:
            answer = fn(*args, **kwargs), None
        except Exception as error:
            answer = None, error
        connection.send(answer)


@contextmanager
def _deaf() -> Iterator[None]:
    """Block Ctrl-C in processes started here; their parent handles it."""
    resource_tracker.ensure_running()  # otherwise it starts with the first process and unblocks Ctrl-C in this thread
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
