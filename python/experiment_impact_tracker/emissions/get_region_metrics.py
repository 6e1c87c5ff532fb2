"""Carbon intensity of a place: by the zone that was set, never by asking the network where this machine is."""

from __future__ import annotations

from typing import Any, NoReturn

from impact_tracker.config import resolve
from impact_tracker.factors import intensity


def _zone_information(zone: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    factor = intensity(zone)
    region = {"type": "Feature", "id": zone, "properties": {"zoneName": zone}}
    return region, {"_source": factor.cite(), "carbonIntensity": factor.value}


def get_current_region_info(*args: Any, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(region, {"carbonIntensity": g/kWh, "_source"}) of the zone that is set in the environment or a configuration
    file; the world's average where none is, named in `_source`."""
    return _zone_information(resolve({}).zone)


get_current_region_info_cached = get_current_region_info


def get_zone_name_by_id(zone_id: str) -> str:
    """A country's ISO 3166 alpha-3 code, of its code or name; UnknownZoneError (a ValueError) names near matches."""
    from impact_tracker.factors import country_code

    return country_code(zone_id)


def get_current_location(*args: Any, **kwargs: Any) -> NoReturn:
    """Would need the network."""
    raise NotImplementedError(
        "where this machine is is not asked of the network: set IMPACT_TRACKER_ZONE, or give ImpactTracker zone="
    )


def get_zone_information_by_coords(*args: Any, **kwargs: Any) -> NoReturn:
    """Coordinates are not looked up."""
    raise NotImplementedError("coordinates are not looked up: impact_tracker.factors.intensity takes a country")


get_region_by_coords = get_zone_information_by_coords
