"""The core does the arithmetic of series and draws: without it those tests are skipped, and said to be."""

import pytest


@pytest.fixture
def core():
    core = pytest.importorskip("impact_tracker._core", reason="the core is not built")
    if core.__name__ != "impact_tracker._core":
        pytest.skip("the core is not built")
    return core
