"""Whether the processor's energy can be read here; its power comes from a tracker."""

from __future__ import annotations

from typing import Any, NoReturn


def is_intel_compatible(*args: Any, **kwargs: Any) -> bool:
    """Whether any source reads the energy of this machine's processors (AMD's too, today)."""
    from impact_tracker import _core

    return any(
        probe["state"] == "used" and channel["domain"] == "package" and channel.get("quality") == "measured"
        for probe in _core.probe()
        for channel in probe["channels"]
    )


def get_intel_power(*args: Any, **kwargs: Any) -> NoReturn:
    """Power is measured over time, by a tracker."""
    raise NotImplementedError(
        "use impact_tracker.ImpactTracker: its result has every part's energy under `devices`, its record the power"
    )


get_rapl_power = get_intel_power
get_powercap_power = get_intel_power
