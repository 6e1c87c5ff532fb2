"""A cluster's report as `impact-tracker cluster report` wrote it (--json, --csv): balance, tables, drawings.

The files may have been written by another version or by hand: what is not there is not shown, and what is no number is
"not known".
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .. import digits
from ..report.page import Table
from .answer import FirstScreen
from .document import Section
from .figures import Interval, intervals
from .markup import Html, element, facts, items, joined
from .tables import table_of

MOST_ROWS = 300
MOST_BYTES = 512 << 20
_KEYS = frozenset({"balance", "summary", "tables"})
_JOULES = {
    "energy_j": "energy",
    "own_idle_j": "idle of it",
    "handed_j": "handed out",
    "gpu_j": "of cards",
    "wasted_j": "wasted",
}
_NUMBERS = {
    "jobs": "jobs",
    "users": "active users",
    "core_hours": "core hours",
    "gpu_hours": "card hours",
    "energy_rank": "rank",
    "core_hours_rank": "rank by core hours",
    "ga_ratio": "Green Algorithms / measured",
    "cost": "cost",
}

Row = Mapping[str, object]


@dataclass(frozen=True)
class SiteReport:
    """What the files hold. `tables`: rows by the table's keys. `balance` and `summary` are empty of CSVs alone."""

    name: str
    window: Mapping[str, object]
    balance: Mapping[str, object]
    summary: Mapping[str, object]
    tables: Mapping[str, Sequence[Row]]
    findings: Sequence[str]
    sources: Sequence[str]
    rejected: int


def is_site_report(place: Path) -> bool:
    """Whether a file or folder is what `cluster report` wrote."""
    if place.is_dir():
        return any(place.glob("by-*.csv"))
    return place.suffix == ".json" and place.is_file() and _looks_like_one(place)


def _looks_like_one(place: Path) -> bool:
    try:
        if place.stat().st_size > MOST_BYTES:
            return False
        document = json.loads(place.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and set(document) >= _KEYS


def site_report_of(place: Path) -> SiteReport:
    """Reads it. ValueError for a file that is none."""
    if place.is_file():
        return _of_document(place.stem, json.loads(place.read_bytes()))
    beside = next((path for path in sorted(place.glob("*.json")) if _looks_like_one(path)), None)
    report = _of_document(place.name, json.loads(beside.read_bytes())) if beside is not None else None
    tables = {path.stem[3:].replace("-", ","): _csv_rows(path) for path in sorted(place.glob("by-*.csv"))}
    if (place / "jobs.csv").is_file():
        tables["job_id"] = _csv_rows(place / "jobs.csv")
    if report is None:
        return SiteReport(place.name, {}, {}, {}, tables, (), (), 0)
    return SiteReport(
        place.name,
        report.window,
        report.balance,
        report.summary,
        {**tables, **report.tables},
        report.findings,
        report.sources,
        report.rejected,
    )


def _csv_rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8", newline="", errors="replace") as stream:
            return [{str(key): value for key, value in row.items()} for row in csv.DictReader(stream)]
    except csv.Error as error:
        raise ValueError(f"{path}: {error}") from None


def _of_document(title: str, document: object) -> SiteReport:
    if not isinstance(document, dict):
        raise ValueError(f"{title} is no report of a cluster")

    def mapping(key: str) -> Mapping[str, object]:
        value = document.get(key)
        return value if isinstance(value, dict) else {}

    def texts(key: str) -> list[str]:
        value = document.get(key)
        entries = value if isinstance(value, list) else []
        return [str(entry.get("text", "") if isinstance(entry, dict) else entry) for entry in entries]

    tables = {
        str(keys): [row for row in rows if isinstance(row, dict)]
        for keys, rows in mapping("tables").items()
        if isinstance(rows, list)
    }
    rejected = _number(document.get("rejected_rows"))
    return SiteReport(
        title,
        mapping("window"),
        mapping("balance"),
        mapping("summary"),
        tables,
        [text for text in texts("findings") if text],
        texts("sources"),
        int(rejected or 0),
    )


def _number(value: object) -> float | None:
    """A finite number, also from the text of a CSV."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def site_answer(report: SiteReport) -> FirstScreen:
    """The site's energy and where it went, carbon and cost, as far as the files say them."""
    balance, summary = report.balance, report.summary
    parts = [
        f"{words} {digits.kwh(_number(balance.get(key)))}"
        for key, words in (
            ("jobs_j", "jobs"),
            ("idle_j", "idle"),
            ("standby_j", "standby"),
            ("uncovered_j", "uncovered"),
        )
    ]
    nodes = _number(balance.get("nodes"))
    if nodes is not None:
        lead = f"{nodes:g} nodes used {digits.kwh(_number(balance.get('total_j')))}: {', '.join(parts)}"
    else:
        lead = _sum_of_jobs(report)
    caveats = list(report.findings[:20])
    if len(report.findings) > 20:
        caveats.append(f"{len(report.findings) - 20} more findings are in the file")
    uncovered, covered = _number(balance.get("uncovered_s")), _number(balance.get("covered_s"))
    if uncovered and covered is not None:
        share = digits.percent(uncovered / (uncovered + covered))
        caveats.insert(0, f"{digits.duration(uncovered)} of nodes' time ({share}) have no power: they are in no energy")
    if report.rejected:
        caveats.append(f"{report.rejected} rows of the accounting were kept aside")
    grams = [_number(summary.get(key)) for key in ("carbon_g", "carbon_low_g", "carbon_high_g")]
    best = grams[0]
    span = (
        f"between {digits.carbon(grams[1])} and {digits.carbon(grams[2])}" if None not in grams else "no range is given"
    )
    cost = _number(summary.get("cost"))
    amounts = [
        ("Energy of all nodes", digits.kwh(_number(balance.get("total_j"))), "without the site's overhead", ""),
        ("Carbon", digits.carbon(best), span if best is not None else "the files do not say it", ""),
        (
            "Cost",
            "not known" if cost is None else digits.significant(cost, 4),
            "no price was given to cluster report (--price)" if cost is None else "with the site's overhead",
            "",
        ),
    ]
    return FirstScreen(lead, amounts if balance else (), (), caveats)


def _sum_of_jobs(report: SiteReport) -> str:
    rows = report.tables.get("job_id")
    if rows is None:
        return "Tables of a cluster's energy; no balance was written (cluster report --json)"
    energies = [_number(row.get("energy_j")) for row in rows]
    known = [energy for energy in energies if energy is not None]
    dark = len(energies) - len(known)
    amount = digits.kwh(math.fsum(known)) if known else "not measured"
    return f"{len(rows)} jobs: {amount}" + (f"; {dark} have no energy and are not in the sum" if dark else "")


def site_section(report: SiteReport, number: int) -> Section:
    """Drawings and tables."""
    body: list[str] = []
    begin, end = (_moment(report.window.get(key)) for key in ("begin_ns", "end_ns"))
    if begin and end:
        body.append(element("p", None, f"{begin} to {end} UTC"))
    for keys, rows in report.tables.items():
        body += [_drawing(keys, rows), table_of(_table(keys, rows))]
    facts_known = [(key.replace("_", " "), f"{value:.6g}") for key, value in _numbers(report.summary)]
    if facts_known:
        body.append(
            element("details", None, element("summary", None, "every number of the summary"), facts(facts_known))
        )
    if report.sources:
        body += [element("h3", None, "Sources"), items(list(report.sources))]
    return Section(f"cluster-{number}", f"Cluster {report.name}", joined(body))


def _numbers(fields: Mapping[str, object]) -> list[tuple[str, float]]:
    numbers = ((key, _number(value)) for key, value in fields.items())
    return [(key, value) for key, value in numbers if value is not None]


def _moment(value: object) -> str:
    number = _number(value)
    try:
        return (
            "" if number is None else datetime.fromtimestamp(number / 1e9, tz=timezone.utc).strftime("%Y-%m-%d %H:%M")
        )
    except (OverflowError, OSError, ValueError):
        return ""


def _label(keys: str, row: Row) -> str:
    return ", ".join(str(row.get("job_id" if key == "job" else key) or "–") for key in keys.split(","))


def _half(row: Row) -> float | None:
    low, high = _number(row.get("low_j")), _number(row.get("high_j"))
    return None if low is None or high is None or high < low else (high - low) / 2.0


def _ordered(keys: str, rows: Sequence[Row]) -> list[Row]:
    if keys in ("month", "day"):
        return sorted(rows, key=lambda row: str(row.get(keys) or ""))
    return sorted(rows, key=lambda row: -(_number(row.get("energy_j")) or 0.0))


def _drawing(keys: str, rows: Sequence[Row]) -> Html:
    bars = []
    for row in _ordered(keys, rows)[:20]:
        energy, half = _number(row.get("energy_j")), _half(row)
        if energy is not None:
            low, high = _number(row.get("low_j")), _number(row.get("high_j"))
            ends = (energy if low is None else low, energy if high is None else high)
            bars.append(Interval(_label(keys, row), ends[0], energy, ends[1], digits.kwh(energy, half, spread=False)))
    return intervals(f"Energy by {keys.replace(',', ', ')}", bars)


def _table(keys: str, rows: Sequence[Row]) -> Table:
    present = set().union(*(row.keys() for row in rows)) if rows else set()
    present = {key for key in present if any(row.get(key) not in (None, "") for row in rows)}
    joules = {key: words for key, words in _JOULES.items() if key in present}
    numbers = {key: words for key, words in _NUMBERS.items() if key in present and key not in keys.split(",")}
    columns = [*keys.split(","), *(f">{words}" for words in joules.values())]
    columns += [">CO2e"] if "carbon_g" in present else []
    columns += [f">{words}" for words in numbers.values()]
    columns += [">covered"] if "coverage" in present else []
    cells = []
    ordered = _ordered(keys, rows)
    for row in ordered[:MOST_ROWS]:
        texts = [str(row.get("job_id" if key == "job" else key) or "–") for key in keys.split(",")]
        texts += [digits.kwh(_number(row.get(key)), _half(row) if key == "energy_j" else None) for key in joules]
        texts += [digits.carbon(_number(row.get("carbon_g")))] if "carbon_g" in present else []
        texts += [_plain(row.get(key)) for key in numbers]
        texts += [digits.percent(_number(row.get("coverage")))] if "coverage" in present else []
        cells.append(texts)
    more = f" (the first {MOST_ROWS} of {len(ordered)})" if len(ordered) > MOST_ROWS else ""
    return Table(columns, cells, f"by {keys.replace(',', ', ')}{more}")


def _plain(value: object) -> str:
    number = _number(value)
    if number is None:
        return "not known"
    return f"{number:,.0f}" if number == int(number) else f"{number:.4g}"
