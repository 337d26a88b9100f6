"""Executors other than local worker processes.

- On a cluster, each trial as a task of Ray: ``elman study 15.12 --cluster ray``.
- Data-parallel training of each trial's model: ``torchrun --nproc-per-node 2 -m elman study 15.12``.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from elman.lab.worker import in_one_line
from elman.train import parallel

__all__ = ["OnRay", "Together", "follow"]


class OnRay(Executor):
    """Runs trials as Ray tasks, on this machine or on a cluster that shares its file system.

    Args:
        address: address of a cluster; default ``RAY_ADDRESS``, or else this machine.
        retries: how often a task whose worker died is run again; default 1.

    Raises:
        RuntimeError: if Ray is not installed (``elman[cluster]``).
    """

    def __init__(self, address: str | None = None, retries: int = 1):
        try:
            import ray  # pyright: ignore[reportMissingImports]  # an extra
        except ImportError:
            raise RuntimeError("trials on a cluster need Ray: pip install 'elman[cluster]'") from None
        if not ray.is_initialized():
            ray.init(address, log_to_driver=False, configure_logging=False, include_dashboard=False)
        self._ray, self._retries = ray, retries

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit one call to the cluster."""
        task = self._ray.remote(fn).options(max_retries=self._retries, num_cpus=1)
        return task.remote(*args, **kwargs).future()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Disconnect from the cluster."""
        self._ray.shutdown()


class Together(Executor):
    """Runs trials one after another in this process and simultaneously in every process that calls :func:`follow`.

    Raises:
        LeftAlone: from ``submit``, if a trial failed in this process while another process still runs it.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run one call now, in this process and in the followers."""
        from torch import distributed as dist

        future: Future[Any] = Future()
        dist.broadcast_object_list([args], src=0)
        failure = None
        try:
            failure = fn(*args, **kwargs)
            future.set_result(failure)
        except Exception as error:
            failure = in_one_line(error)
            future.set_exception(error)
        parallel.end_together(str(args[3]), failure)  # the trial's folder
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Release the followers."""
        from torch import distributed as dist

        dist.broadcast_object_list([None], src=0)

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:  # after an error a follower may be in a trial and would not receive the message
            self.shutdown()


def follow() -> None:
    """Take part in the first process's trials until there are no more; only the first process saves results.

    Raises:
        LeftAlone: if a trial failed in this process while another process still runs it.
    """
    from torch import distributed as dist

    from elman.lab.workspace import Desk

    while True:
        message: list[Any] = [None]
        dist.broadcast_object_list(message, src=0)
        if message[0] is None:
            return
        study, plan, trial, folder, _ = message[0]
        failure = None
        try:
            study.run(plan, trial, Desk(folder))
        except Exception as error:
            failure = f"{trial.name}: {in_one_line(error)}"
        parallel.end_together(str(folder), failure)
