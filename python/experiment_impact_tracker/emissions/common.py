"""Carbon intensity as it changes: needs the network, and is not asked for here."""

from __future__ import annotations

from typing import Any, NoReturn


def is_capable_realtime_carbon_intensity(*args: Any, **kwargs: Any) -> bool:
    """False: nothing here asks the network."""
    return False


def get_realtime_carbon(*args: Any, **kwargs: Any) -> NoReturn:
    """Would need the network."""
    raise NotImplementedError(
        "carbon intensity as it changes needs the network, which is never asked here: "
        "give ImpactTracker zone= or intensity_g_per_kwh= (impact_tracker.factors has the yearly means)"
    )


get_realtime_carbon_source = get_realtime_carbon
