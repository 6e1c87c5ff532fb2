"""Live and historical intensity from the services that publish it. Nothing here is called unless somebody asks for it.

    curve = history("neso", "GB", start, end)          # asks api.carbonintensity.org.uk, 10 s at most, cached
    carbon_over_time(times_ns, joules, curve)
    now = latest("neso", "GB")                         # a factor: the newest value, its time in the note

Keys come from the argument or from IMPACT_TRACKER_ELECTRICITY_MAPS_KEY, …_WATTTIME_KEY, …_ENTSOE_KEY.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..curve import IntensityCurve
from ..factor import Factor, did_you_mean, near_matches
from .entsoe import EntsoE
from .http import LiveError, Transport, default_cache
from .points import curve
from .services import ElectricityMaps, EnergiDataService, IntensityService, Neso, Points, Rte, WattTime

__all__ = ["SERVICES", "LiveError", "history", "latest"]

SERVICES: dict[str, IntensityService] = {
    service.about.service: service
    for service in (ElectricityMaps(), Neso(), Rte(), WattTime(), EntsoE(), EnergiDataService())
}

_SETTLED_S = 7 * 86_400.0  # services do not change older values, so the cache keeps them
_FRESH_S = 300.0
_LOOK_BACK = timedelta(hours=6)  # how far back the newest value is looked for: some services are hours behind


def history(
    service: str,
    zone: str,
    start: datetime,
    end: datetime,
    *,
    key: str | None = None,
    timeout_s: float = 10.0,
    cache: str | Path | None = "default",
    base_url: str | None = None,
) -> IntensityCurve:
    """The intensity of a zone from `start` to `end` (aware datetimes), asked of a service over the network.

    `cache`: a folder, `"default"` for the user's cache folder, `None` for none. LiveError for an unknown service,
    a missing key, no answer within `timeout_s` (of each request), a reply of another form, no value at all.
    """
    chosen = _service(service)
    if start.tzinfo is None or end.tzinfo is None or not start < end:
        raise LiveError("start and end must be times with a zone, start before end")
    secret = key or os.environ.get(f"IMPACT_TRACKER_{service.upper().replace('-', '_')}_KEY")
    if chosen.needs_key and not secret:
        name = f"IMPACT_TRACKER_{service.upper().replace('-', '_')}_KEY"
        raise LiveError(f"{service} needs a key: give key=… or set {name}")
    folder = default_cache() if cache == "default" else None if cache is None else Path(cache)
    transport = Transport(timeout_s, folder)
    age = (datetime.now(timezone.utc) - end).total_seconds()
    points: Points = []
    base = (base_url or chosen.base).rstrip("/")
    for request in chosen.requests(base, zone, start, end, secret):
        body = transport.get(request, float("inf") if age > _SETTLED_S else _FRESH_S)
        points += chosen.read(body, request.public_url)
    return curve(points, zone, chosen.about, chosen.base)


def latest(
    service: str,
    zone: str,
    *,
    now: datetime | None = None,
    key: str | None = None,
    timeout_s: float = 10.0,
    cache: str | Path | None = "default",
    base_url: str | None = None,
) -> Factor:
    """The newest intensity of a zone in g/kWh, its time in the note; *stale* where it is older than its values
    may be held. LiveError as for `history`."""
    at = now or datetime.now(timezone.utc)
    # The span ends at the next full period, so that all calls within one period ask for the same and the cache answers.
    period = _service(service).about.period_s
    end = datetime.fromtimestamp((at.timestamp() // period + 1) * period, tz=timezone.utc)
    asked = history(service, zone, end - _LOOK_BACK, end, key=key, timeout_s=timeout_s, cache=cache, base_url=base_url)
    now_ns = round(at.timestamp()) * 1_000_000_000
    known = [(t, v) for t, v in zip(asked.times_ns, asked.values) if v is not None and t <= now_ns]
    if not known:
        raise LiveError(f"{service}: no intensity of {zone} up to now")
    when, value = known[-1]
    old_s = (now_ns - when) / 1e9 - period
    stamp = datetime.fromtimestamp(when // 1_000_000_000, tz=timezone.utc)
    quality = "stale" if old_s > asked.max_hold_s else "modelled"
    return asked.factor(value, year=stamp.year, quality=quality, note=f"of {stamp:%Y-%m-%d %H:%M} UTC")


def _service(name: str) -> IntensityService:
    if name not in SERVICES:
        hint = did_you_mean(near_matches(name, SERVICES))
        raise LiveError(f"unknown service {name!r}; known are {', '.join(SERVICES)}.{hint}")
    return SERVICES[name]
