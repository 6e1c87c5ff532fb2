"""ENTSO-E transparency platform: generation by type (A75), weighed with a fuel's life-cycle factor each."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import urlencode

from ..constants import constant
from .http import LiveError, Request
from .points import SECOND, About, utc_ns
from .services import IntensityService, Points

# Production types of ENTSO-E -> fuel of the table. B10, pumped storage, is left out: its electricity was counted when
# it was generated.
_KINDS = {
    "biomass": "B01 B17",
    "coal": "B02 B05 B08",
    "gas": "B03 B04",
    "geothermal": "B09",
    "hydro": "B11 B12 B13",
    "nuclear": "B14",
    "oil": "B06 B07",
    "solar": "B16",
    "unknown": "B15 B20",
    "wind": "B18 B19",
}
FUELS = {kind: fuel for fuel, kinds in _KINDS.items() for kind in kinds.split()}
AREAS = {
    "FR": "10YFR-RTE------C",
    "DE": "10Y1001A1001A82H",
    "BE": "10YBE----------2",
    "NL": "10YNL----------L",
    "ES": "10YES-REE------0",
    "PT": "10YPT-REN------W",
    "CH": "10YCH-SWISSGRIDZ",
    "AT": "10YAT-APG------L",
    "PL": "10YPL-AREA-----S",
    "CZ": "10YCZ-CEPS-----N",
    "FI": "10YFI-1--------U",
    "DK1": "10YDK-1--------W",
    "DK2": "10YDK-2--------M",
}
_SLIGHT = 0.01  # of an intensity: well below the 15 % by which it is known
_RESOLUTION = re.compile(r"^PT(\d+)M$")


class EntsoE(IntensityService):
    """Average intensity of production from the mix; no imports. Great Britain is absent since June 2021."""

    about = About(
        "entsoe",
        "ENTSO-E generation by type with IPCC 2014 factors",
        "average, lifecycle, production, location-based",
        "CC-BY-4.0",
        3600,
        7200.0,
        0.15,
    )
    base = "https://web-api.tp.entsoe.eu"
    needs_key = True
    longest = timedelta(days=30)

    def place(self, zone: str) -> str:
        """A country of the list by its EIC code, or such a code."""
        domain = AREAS.get(zone.upper(), zone)
        if not re.fullmatch(r"[0-9A-Z-]{16}", domain):
            raise LiveError(f"entsoe knows {', '.join(AREAS)} and EIC codes of 16 signs, not {zone!r}")
        return domain

    def request(self, base: str, place: str, begin: datetime, stop: datetime, key: str | None) -> Request:
        """`documentType=A75`."""
        asked = {"securityToken": key or "", "documentType": "A75", "processType": "A16", "in_Domain": place}
        span = {"periodStart": _compact(begin), "periodEnd": _compact(stop)}
        return Request(f"{base}/api?{urlencode({**asked, **span})}")

    def read(self, body: bytes, public_url: str) -> Points:
        """Megawatts by type and time, weighed: Σ MW × g/kWh / Σ MW; a hole where a type is absent that matters."""
        powers = list(_generation(_parse(body, public_url), public_url))
        finest = min((power.step_ns for power in powers), default=1)
        by_kind: dict[str, dict[int, float]] = {}
        for power in powers:  # one that is told by the hour holds for all quarters of it
            told = by_kind.setdefault(power.kind, {})
            for at in range(power.at_ns, power.at_ns + power.step_ns, finest):
                told[at] = told.get(at, 0.0) + power.megawatts
        times = sorted({at for told in by_kind.values() for at in told})
        return list(zip(times, _intensities(times, by_kind)))


def _parse(body: bytes, public_url: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:  # entities may grow without bound
        raise LiveError(f"{public_url}: a reply with a document type, which is not read")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as fault:
        raise LiveError(f"{public_url}: no XML: {fault}") from None
    if _name(root) == "Acknowledgement_MarketDocument":
        reason = next((e.text for e in root.iter() if _name(e) == "text"), None)
        raise LiveError(f"{public_url}: {reason or 'no data'}")
    return root


class _Power(NamedTuple):
    """What plants of a production type delivered from a time on, for a step."""

    at_ns: int
    step_ns: int
    kind: str
    megawatts: float


def _generation(root: ElementTree.Element, public_url: str) -> Iterator[_Power]:
    for series in (e for e in root if _name(e) == "TimeSeries"):
        # A series with an out-domain in place of an in-domain is the consumption of pumped storage, not generation.
        if any(_name(e) == "outBiddingZone_Domain.mRID" for e in series):
            continue
        kind = next((e.text or "" for e in series.iter() if _name(e) == "psrType"), "")
        repeats = next((e.text for e in series if _name(e) == "curveType"), "A01") == "A03"
        for period in (e for e in series if _name(e) == "Period"):
            if kind in FUELS:
                for at, step, megawatts in _period(period, repeats, public_url):
                    yield _Power(at, step, kind, megawatts)


def _period(period: ElementTree.Element, repeats: bool, public_url: str) -> Iterator[tuple[int, int, float]]:
    def text(name: str) -> str:
        return next((e.text or "" for e in period.iter() if _name(e) == name), "")

    resolution = _RESOLUTION.match(text("resolution"))
    if not resolution:
        raise LiveError(f"{public_url}: a resolution of {text('resolution')!r}")
    step = int(resolution.group(1)) * 60 * SECOND
    begin, end = utc_ns(text("start")), utc_ns(text("end"))
    points: dict[int, float] = {}
    for point in (e for e in period if _name(e) == "Point"):
        fields = {_name(e): e.text or "" for e in point}
        try:
            points[int(fields["position"])] = float(fields["quantity"])
        except (KeyError, ValueError):
            raise LiveError(f"{public_url}: a point without position or quantity") from None
    last: float | None = None
    for position in range(1, (end - begin) // step + 1):
        # In curves of type A03 a position is left out where the last value repeats; in others it is a hole.
        last = points.get(position, last if repeats else None)
        if last is not None:
            yield begin + (position - 1) * step, step, last


def _intensities(times: Sequence[int], by_kind: Mapping[str, Mapping[int, float]]) -> Iterator[float | None]:
    """Of each time. A type that is absent then had up to the greater of its powers before and after: the intensity is
    known where that changes it by less than `_SLIGHT`, as of the sun at night, which some leave out for 0."""
    grams = {kind: constant("fuel_lifecycle", FUELS[kind]).value for kind in by_kind}
    in_order = {kind: sorted(told) for kind, told in by_kind.items()}
    for at in times:
        total = math.fsum(told.get(at, 0.0) for told in by_kind.values())
        weighed = math.fsum(told.get(at, 0.0) * grams[kind] for kind, told in by_kind.items())
        intensity = weighed / total if total > 0 else 0.0
        absent = [kind for kind, told in by_kind.items() if at not in told]
        most = ((_beside(at, by_kind[kind], in_order[kind]), grams[kind] - intensity) for kind in absent)
        changes = (abs(power * beyond / (total + power)) for power, beyond in most if power > 0)
        yield intensity if total > 0 and max(changes, default=0.0) <= _SLIGHT * intensity else None


def _beside(at: int, told: Mapping[int, float], times: Sequence[int]) -> float:
    """The greater of the powers before and after a time."""
    place = bisect(times, at)
    return max(told[near] for near in times[max(place - 1, 0) : place + 1])


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _compact(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y%m%d%H%M")
