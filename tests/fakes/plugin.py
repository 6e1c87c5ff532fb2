"""Fixtures over the fake machines; where this machine cannot run one, the test is skipped with the reason."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakes.machine import FakeMachine, FakeUnavailableError
from fakes.zones import Zone

MachineFactory = Callable[..., FakeMachine]


@pytest.fixture
def fake_machine() -> Iterator[MachineFactory]:
    """``fake_machine(zones, **options)`` starts a ``FakeMachine`` that ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(zones: list[Zone], **options: Any) -> FakeMachine:
            try:
                return stack.enter_context(FakeMachine(zones, **options))
            except FakeUnavailableError as error:
                pytest.skip(str(error))

        yield start
