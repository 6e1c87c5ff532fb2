"""The core, or a skip."""

import pytest


@pytest.fixture
def core():
    module = pytest.importorskip("impact_tracker._core", reason="the core is not built")
    if not hasattr(module, "IntensitySeries"):
        pytest.skip("the core is not built")
    return module
