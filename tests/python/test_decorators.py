"""Trackers and regions as decorators: plain functions, coroutines, generators, calls that overlap."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest

from impact_tracker.tracker import ImpactTracker, _running
from python import fake_core

Machine = fake_core.Machine


def test_decorators_keep_the_functions_nature(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        region = tracker.region("call")

        @region
        def plain(seconds: float) -> float:
            """Its own words."""
            machine.advance(seconds)
            return seconds

        @region
        async def coroutine(seconds: float) -> float:
            await asyncio.sleep(0)
            return plain(seconds)

        @region
        def generator(count: int):  # type: ignore[no-untyped-def]
            total = 0
            for _ in range(count):
                total += yield plain(1)
            return total

        @region
        async def async_generator():  # type: ignore[no-untyped-def]
            sent = yield plain(1)
            try:
                yield sent
            except LookupError:
                yield plain(5)

        assert plain(2) == 2
        assert (plain.__name__, plain.__doc__) == ("plain", "Its own words.")
        assert asyncio.run(coroutine(3)) == 3
        made = generator(2)
        assert [next(made), made.send(10)] == [1, 1]
        with pytest.raises(StopIteration) as ended:
            made.send(7)
        assert ended.value.value == 17
        assert region.result is not None
        assert region.result.duration_s == 2

        async def drive() -> list[object]:
            made = async_generator()
            return [
                await made.__anext__(),
                await made.asend("sent"),
                await made.athrow(LookupError()),
                *[x async for x in made],
            ]

        assert asyncio.run(drive()) == [1, "sent", 5]
        assert region.result.duration_s == 6


def test_decorating_a_class_is_refused(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="only functions"):
        ImpactTracker(tmp_path)(dict)


def test_tracker_as_decorator_writes_a_record_a_call(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)
    steps = []

    @tracker
    def train(seconds: float) -> None:
        with tracker.region("step") as step:
            machine.advance(seconds)
        steps.append(step.result)
        if seconds > 2:
            raise ValueError("theirs")

    train(1)
    assert tracker.result is not None
    assert tracker.result.duration_s == 1
    train(2)
    assert tracker.result.duration_s == 2
    with pytest.raises(ValueError, match="theirs"):
        train(3)
    assert tracker.result.duration_s == 3
    assert [step.duration_s for step in steps if step is not None] == [1, 2, 3]
    assert len(list((tmp_path / "impacttracker").iterdir())) == 3
    assert not _running


def test_calls_of_a_decorated_function_may_overlap(machine: Machine, tmp_path: Path) -> None:
    tracker, inside = ImpactTracker(tmp_path), threading.Barrier(4)

    @tracker
    def train() -> None:
        inside.wait(10)

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [path.read_text().splitlines() for path in (tmp_path / "impacttracker").iterdir()]
    assert len(lines) == 4
    assert all("totals" in json.loads(record[-1]) for record in lines)
