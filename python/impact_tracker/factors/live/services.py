"""What each service is asked and how its replies are read. Pure functions: no network here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode

from ..user_file import Fields
from .http import LiveError, Request, as_json
from .points import About, number, utc_ns

Points = list[tuple[int, "float | None"]]

LB_PER_MWH = 0.45359237  # g/kWh


def pieces(start: datetime, end: datetime, longest: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The span in pieces that a service answers at once."""
    at = start
    while at < end:
        stop = min(at + longest, end)
        yield at, stop
        at = stop


def _iso(at: datetime, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return at.astimezone(timezone.utc).strftime(form)


def _rows(reply: object, names: Sequence[str], public_url: str) -> list[Fields]:
    for name in names:
        rows = reply.get(name) if isinstance(reply, dict) else None
        if isinstance(rows, list):
            return [row for row in rows if isinstance(row, dict)]
    raise LiveError(f"{public_url}: a reply of another form: {str(reply)[:160]}")


class IntensityService:
    """`about` it; `requests` for a span; `read` of one reply. `base`: its address, another one in tests.

    `longest`: the span that it answers at once. A service of its own says its `place` and its `request`.
    """

    about: About
    base: str
    needs_key: bool = False
    longest = timedelta(days=14)

    def requests(self, base: str, zone: str, start: datetime, end: datetime, key: str | None) -> list[Request]:
        """One request for each piece of the span. LiveError for a zone that the service does not know."""
        place = self.place(zone)
        return [self.request(base, place, begin, stop, key) for begin, stop in pieces(start, end, self.longest)]

    def place(self, zone: str) -> str:
        """The zone by the service's own name. LiveError for one that it does not know."""
        return zone

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """What is asked for one piece of a span."""
        raise NotImplementedError

    def read(self, body: bytes, public_url: str) -> Points:
        """(UTC nanoseconds, g/kWh or `None`) of one reply."""
        raise NotImplementedError


class ElectricityMaps(IntensityService):
    """Consumption-based, life cycle, hourly. Its terms restrict passing the values on."""

    about = About(
        "electricity-maps",
        "Electricity Maps",
        "average, lifecycle, consumption, location-based",
        "terms of the service: not to be passed on",
        3600,
        7200.0,
    )
    base = "https://api.electricitymaps.com"
    needs_key = True
    longest = timedelta(days=10)

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """`/v3/carbon-intensity/past-range`."""
        query = urlencode({"zone": place, "start": _iso(begin), "end": _iso(stop), "emissionFactorType": "lifecycle"})
        return Request(f"{base}/v3/carbon-intensity/past-range?{query}", {"auth-token": key or ""})

    def read(self, body: bytes, public_url: str) -> Points:
        """`data`, `history` or `forecast`; or the single point of `latest`."""
        reply = as_json(body, public_url)
        if isinstance(reply, dict) and "datetime" in reply:
            return [(utc_ns(str(reply["datetime"])), number(reply.get("carbonIntensity")))]
        rows = _rows(reply, ("data", "history", "forecast"), public_url)
        return [(utc_ns(str(row["datetime"])), number(row.get("carbonIntensity"))) for row in rows if "datetime" in row]


class Neso(IntensityService):
    """Great Britain, half-hourly, direct emissions with imports; CC BY 4.0. A null `actual` gives its forecast."""

    about = About(
        "neso", "NESO Carbon Intensity API", "average, direct, consumption, location-based", "CC-BY-4.0", 1800, 3600.0
    )
    base = "https://api.carbonintensity.org.uk"
    longest = timedelta(days=13)  # it refuses more than 14

    def place(self, zone: str) -> str:
        """Great Britain alone."""
        if zone.upper() not in ("GB", "GBR", "UK"):
            raise LiveError(f"neso knows Great Britain (GB), not {zone!r}")
        return "GB"

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """`/intensity/{from}/{to}`."""
        form = "%Y-%m-%dT%H:%MZ"
        return Request(f"{base}/intensity/{_iso(begin, form)}/{_iso(stop, form)}", {"Accept": "application/json"})

    def read(self, body: bytes, public_url: str) -> Points:
        """The actual intensity, else the forecast, else a hole."""
        points: Points = []
        for row in _rows(as_json(body, public_url), ("data",), public_url):
            values = row.get("intensity") or {}
            actual = number(values.get("actual"))
            points.append((utc_ns(str(row["from"])), number(values.get("forecast")) if actual is None else actual))
        return points


class Rte(IntensityService):
    """France by quarter hour: RTE éCO2mix through ODRÉ. Direct emissions of production: no imports, no life cycle."""

    about = About(
        "rte", "RTE éCO2mix via ODRÉ", "average, direct, production, location-based", "Licence Ouverte 2.0", 900, 3600.0
    )
    base = "https://odre.opendatasoft.com"
    page = 100  # rows of a reply at most
    longest = timedelta(minutes=15 * page)

    def place(self, zone: str) -> str:
        """France alone."""
        if zone.upper() not in ("FR", "FRA", "FRANCE"):
            raise LiveError(f"rte knows France (FR), not {zone!r}")
        return "FR"

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """One page of records: of the last 30 days from -tr, of older ones from -cons-def."""
        is_recent = begin > datetime.now(timezone.utc) - timedelta(days=30)
        name = "eco2mix-national-tr" if is_recent else "eco2mix-national-cons-def"
        where = f"date_heure >= date'{_iso(begin)}' and date_heure < date'{_iso(stop)}'"
        fields = {"select": "date_heure,taux_co2", "where": where, "order_by": "date_heure", "limit": self.page}
        return Request(f"{base}/api/explore/v2.1/catalog/datasets/{name}/records?{urlencode(fields)}")

    def read(self, body: bytes, public_url: str) -> Points:
        """`results` of version 2.1, `records` of 2.0."""
        rows = _rows(as_json(body, public_url), ("results", "records"), public_url)
        flat = [row["record"]["fields"] if "record" in row else row for row in rows]
        return [(utc_ns(str(row["date_heure"])), number(row.get("taux_co2"))) for row in flat if row.get("date_heure")]


class WattTime(IntensityService):
    """MARGINAL emissions, direct, five minutes: for decisions, never for a total. The key is the token of a log-in."""

    about = About(
        "watttime",
        "WattTime v3, co2_moer",
        "marginal, direct",
        "terms of the service: not to be passed on",
        300,
        1800.0,
    )
    base = "https://api.watttime.org"
    needs_key = True
    longest = timedelta(days=30)

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """`/v3/historical`."""
        query = urlencode({"region": place, "start": _iso(begin), "end": _iso(stop), "signal_type": "co2_moer"})
        return Request(f"{base}/v3/historical?{query}", {"Authorization": f"Bearer {key or ''}"})

    def read(self, body: bytes, public_url: str) -> Points:
        """lb/MWh × 0.45359237; LiveError for another unit."""
        reply = as_json(body, public_url)
        units = (reply.get("meta") or {}).get("units") if isinstance(reply, dict) else None
        rows = _rows(reply, ("data",), public_url)
        if units != "lbs_co2_per_mwh":
            raise LiveError(f"{public_url}: in {units!r}, not in lbs_co2_per_mwh")
        points: Points = []
        for row in rows:
            value = number(row.get("value"))
            points.append((utc_ns(str(row["point_time"])), None if value is None else value * LB_PER_MWH))
        return points


class EnergiDataService(IntensityService):
    """Denmark (DK1, DK2), five minutes, direct emissions with imports."""

    about = About(
        "energi-data-service",
        "Energinet, Energi Data Service, CO2Emis",
        "average, direct, consumption, location-based",
        "CC-BY-4.0",
        300,
        1800.0,
    )
    base = "https://api.energidataservice.dk"
    longest = timedelta(days=365)

    def place(self, zone: str) -> str:
        """One of the two price areas."""
        area = {"DK-DK1": "DK1", "DK-DK2": "DK2"}.get(zone.upper(), zone.upper())
        if area not in ("DK1", "DK2"):
            raise LiveError(f"energi-data-service knows DK1 and DK2, not {zone!r}")
        return area

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """`/dataset/CO2Emis`. Its times have no zone: asked for in UTC."""
        form = "%Y-%m-%dT%H:%M"
        query = {
            "start": _iso(begin, form),
            "end": _iso(stop, form),
            "timezone": "UTC",
            "limit": 0,
            "sort": "Minutes5UTC asc",
            "filter": json.dumps({"PriceArea": [place]}),
        }
        return Request(f"{base}/dataset/CO2Emis?{urlencode(query, quote_via=quote)}")

    def read(self, body: bytes, public_url: str) -> Points:
        """`records` with `Minutes5UTC` and `CO2Emission`."""
        rows = _rows(as_json(body, public_url), ("records",), public_url)
        return [
            (utc_ns(str(row["Minutes5UTC"])), number(row.get("CO2Emission"))) for row in rows if "Minutes5UTC" in row
        ]
