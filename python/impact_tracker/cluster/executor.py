"""Where the parts of a report are computed: threads of this process, or workers of a Dask cluster.

Each part is a pure function of its plan, and results come back in the order of the plans: the numbers are the same
wherever they are computed, and a part that a lost worker had is computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from ..system import usable_processors

Plan = TypeVar("Plan")
Answer = TypeVar("Answer")


class Executor(Protocol):
    """Computes a function of many plans."""

    def map(self, function: Callable[[Plan], Answer], plans: Sequence[Plan]) -> Iterator[Answer]:
        """The answers in the order of the plans."""
        ...


class LocalThreads:
    """Threads of this process; NumPy and Polars leave the interpreter's lock while they work."""

    def __init__(self, count: int | None = None) -> None:
        self._count = count or usable_processors()

    def map(self, function: Callable[[Plan], Answer], plans: Sequence[Plan]) -> Iterator[Answer]:
        """The answers in the order of the plans; at most a few more than threads are computed ahead."""
        if self._count == 1 or len(plans) < 2:
            yield from map(function, plans)
            return
        with ThreadPoolExecutor(self._count) as pool:
            waiting = []
            for plan in plans:
                waiting.append(pool.submit(function, plan))
                if len(waiting) > 4 * self._count:
                    yield waiting.pop(0).result()
            for answer in waiting:
                yield answer.result()


class DaskWorkers:
    """Workers of a Dask scheduler at an address; they need this package, and see the same files under the same path."""

    def __init__(self, address: str, *, patience_s: float = 30.0) -> None:
        """ImportError that names the extra; OSError where nobody answers at the address."""
        try:
            from dask.distributed import Client
        except ImportError as error:
            raise ImportError("--dask needs Dask: pip install impact-tracker[cluster]") from error
        try:
            self._client = Client(address, timeout=patience_s)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as error:
            raise OSError(f"no Dask scheduler answers at {address}: {error}") from error

    def map(self, function: Callable[[Plan], Answer], plans: Sequence[Plan]) -> Iterator[Answer]:
        """The answers in the order of the plans. A part may be lost with its worker ten times before it is an error."""
        if not plans:
            return
        # Tasks of some plans each: sending one costs more than computing a small plan.
        size = max(1, min(32, len(plans) // 64))
        groups = [list(plans[begin : begin + size]) for begin in range(0, len(plans), size)]
        futures = list(self._client.map(_Group(function), groups, pure=False, retries=10))
        futures.reverse()
        while futures:  # what was read is forgotten, by the workers too
            answers: list[Answer] = futures.pop().result()
            yield from answers

    def close(self) -> None:
        """Leave the scheduler; its workers go on."""
        self._client.close()  # type: ignore[no-untyped-call]


class _Group(Generic[Plan, Answer]):
    """A function of some plans at once."""

    def __init__(self, function: Callable[[Plan], Answer]) -> None:
        self._function = function

    def __call__(self, plans: list[Plan]) -> list[Answer]:
        return [self._function(plan) for plan in plans]
