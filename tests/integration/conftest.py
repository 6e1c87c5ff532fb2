"""Programs on a fake machine have its sensors; all others have those of no machine: models of load and memory alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def no_sensor_of_this_machine() -> Iterator[None]:
    """What a machine has for sensors, a slow management controller among them, is in no test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPACT_TRACKER_SOURCES", "cpu_model,ram_model,cpu_state")
        yield
