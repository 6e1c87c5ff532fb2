"""One run in full: power over time, regions, devices, footprint, sources, health, what was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .. import digits
from ..footprint import STAGES, Impact, Units, words_of
from ..hostinfo import hardware_of
from ..interop import InteropError, from_result
from ..interop.assessment import Assessment, Assumptions, assessed
from ..report import estimates
from ..report.footprint_page import page_of as footprint_page
from ..report.page import Table
from ..report.runs import ReadRecord
from ..report.tables import device_table
from ..result import ChannelFields
from ..result.view import carbon_line, energy_line, share_line
from .document import Section
from .markup import Html, element, facts, items, joined, name
from .packing import Block
from .power import RunPower, power_of
from .regions import table_of_regions, track_of
from .tables import table_of

if TYPE_CHECKING:
    from .. import _core

_FEW_GAPS = 20


class DrawnRun(NamedTuple):
    """A run's section, and what the page's script draws in it."""

    section: Section
    chart: dict[str, object]
    power: RunPower


def run_section(run: ReadRecord, number: int, block: Block, share: float, *, alone: bool) -> DrawnRun:
    """The section of a run. `number`: its place among the charts; `share`: of the page's room for samples; `alone`: its
    energy and carbon stand at the page's top already."""
    power = power_of(run, block, share)
    gaps = _gaps(power)
    chart: dict[str, object] = {
        "duration": max(run.result.duration_s, 1e-6),
        "shortest": max(min(run.result.duration_s, 4.0 * power.bucket_s), 1e-4),
        "channels": [channel.fields for channel in power.channels],
        "regions": track_of(run, block, share) if run.record.regions else {"count": 0},
        "gaps": block.add_list("f8", [end for gap in gaps for end in gap]) if gaps else None,
    }
    has_chart = bool(power.channels)
    parts = [
        "" if alone else _headline(run),
        element("h3", None, "Power over time"),
        _chart(number, run) if has_chart else "",
        _power_words(power),
        *_block("Regions", table_of_regions(run, share, has_chart=has_chart), tag="section"),
        *_block("Devices", table_of(device_table(run.result), "energy by device")),
        *_block("Footprint", _footprint(run)),
        *_block("Sources", _sources(run)),
        *_block("Health", _health(run)),
        *_block("What was not measured", _unmeasured(run, power)),
        *_block("The run", _about(run)),
    ]
    return DrawnRun(Section(f"run-{number + 1}", f"Run {run.label}", joined(parts)), chart, power)


def _headline(run: ReadRecord) -> Html:
    lines = [energy_line(run.result)]
    if run.result.energy_j is not None:
        lines.append(carbon_line(run.result))
    return joined([element("p", None, line) for line in (*lines, share_line(run.result)) if line])


def _block(title: str, body: Html, tag: str = "div") -> list[Html]:
    return [element(tag, None, element("h3", None, title), body)]


def _gaps(power: RunPower) -> list[tuple[float, float]]:
    """The gaps of the channels of the sum; the longest where there are too many to draw."""
    gaps = {(gap.begin_s, gap.end_s) for channel in power.channels if not channel.is_apart for gap in channel.gaps}
    longest = sorted(gaps, key=lambda gap: gap[0] - gap[1])[:5_000]
    return sorted(longest)


def _chart(number: int, run: ReadRecord) -> Html:
    acts = (("in", "Zoom in"), ("out", "Zoom out"), ("earlier", "Earlier"), ("later", "Later"), ("all", "Whole run"))
    buttons = [element("button", {"type": "button", "data-act": act}, words) for act, words in acts]
    slider = {"type": "range", "min": "0", "max": "1000", "value": "0", "step": "1"}
    help_id = f"chart-help-{number + 1}"
    return element(
        "div",
        {"class": "power", "data-chart": str(number)},
        element(
            "div",
            {"class": "controls", "role": "group", "aria-label": "what the chart shows"},
            *buttons,
            element("label", None, "View ", element("input", slider)),
        ),
        element("div", {"class": "devices", "role": "group", "aria-label": "devices in the chart"}),
        element(
            "div",
            {
                "class": "plot",
                "tabindex": "0",
                "role": "group",
                "aria-label": f"power over time of {run.label}",
                "aria-describedby": help_id,
            },
        ),
        element("canvas", {"class": "track", "role": "img", "aria-label": "regions and gaps over time; tables follow"}),
        element("p", {"class": "readout", "aria-live": "off"}),
        element(
            "p",
            {"class": "help", "id": help_id},
            "Hatched: modelled, not measured. A line that breaks: no reading. Drag: zoom. Shift and drag, or the "
            "slider: move. Ctrl and wheel: zoom. Double click: whole run. Keys in the chart: ← → read values, "
            "+ − zoom, Page up and Page down move, 0 shows the whole run.",
        ),
        element("noscript", None, "The chart needs JavaScript; the tables below hold its numbers."),
    )


def _power_words(power: RunPower) -> Html:
    """The chart's numbers as a table, and what is not in it."""
    rows = [
        (
            channel.label,
            channel.quality,
            *(digits.quantity(value, "W") for value in (channel.lowest_w, channel.mean_w, channel.highest_w)),
            str(channel.samples),
            str(len(channel.gaps)),
            digits.duration(sum(gap.end_s - gap.begin_s for gap in channel.gaps)) if channel.gaps else "0 s",
            "in no sum" if channel.is_apart else "in the sum",
        )
        for channel in power.channels
    ]
    columns = ("device", "quality", ">lowest", ">mean", ">highest", ">samples", ">gaps", ">no reading for", "counted")
    sentences = list(power.unread)
    if power.bucket_s:
        sentences.append(
            f"The run is long: the chart keeps the lowest, the highest and the mean power of every "
            f"{digits.duration(power.bucket_s)}; the record holds each sample."
        )
    return joined(
        [table_of(Table(columns, rows, "power by device, between readings")), items(sentences), _gap_list(power)]
    )


def _gap_list(power: RunPower) -> Html:
    rows = [
        (channel.label, digits.duration(gap.begin_s), digits.duration(gap.end_s - gap.begin_s))
        for channel in power.channels
        for gap in channel.gaps
    ]
    if not rows:
        return Html("")
    more = f" (the first {_FEW_GAPS} of {len(rows)})" if len(rows) > _FEW_GAPS else ""
    table = Table(("device", ">begins after", ">length"), rows[:_FEW_GAPS], f"gaps{more}")
    return element("details", None, element("summary", None, f"{len(rows)} gaps without a reading"), table_of(table))


def assessment_of(run: ReadRecord) -> Assessment:
    """The run's footprint as `impact-tracker footprint` has it, under the weights that the report was asked for."""
    statement = from_result(run.result, name=run.label, hardware=hardware_of(run.record.header))
    return assessed(statement, Assumptions())


def _footprint(run: ReadRecord) -> Html:
    try:
        assessment = assessment_of(run)
    except (ValueError, InteropError) as error:
        return element("p", {"class": "soft"}, f"not known: {error}")
    rows = [
        (
            indicator.replace("_", " "),
            *(_amount(cell) for cell in cells),
            _amount(total),
            _range(total),
            unit,
            total.quality if total.value is not None else "missing",
        )
        for indicator, unit, cells, total in assessment.footprint.matrix.rows()
    ]
    columns = ("indicator", *(f">{stage.replace('_', ' ')}" for stage in STAGES), ">total", ">range", "unit", "quality")
    page = footprint_page(assessment, Units({}))
    uses = [(part, words_of(impact)) for part, impact in assessment.footprint.use.items()]
    return joined(
        [
            element("p", None, page.headline),
            table_of(Table(columns, rows, "over the life cycle; X: nobody can say, and it is in no total")),
            facts([(f"carbon of use, {part}", words) for part, words in uses]),
            element(
                "details",
                None,
                element("summary", None, "what it compares with, and why cells are X"),
                items([detail for detail in page.details if detail.strip()]),
            ),
        ]
    )


def _amount(cell: Impact) -> str:
    return "X" if cell.value is None else digits.within(cell.value, cell.low, cell.high)


def _range(impact: Impact) -> str:
    if impact.value is None or impact.low is None or impact.high is None:
        return "X"
    return digits.span(impact.value, impact.low, impact.high)


def _sources(run: ReadRecord) -> Html:
    rows = [
        _channel_row(channel, core) for channel, core in zip(run.record.channels, run.record.result.measured.channels)
    ]
    columns = ("channel", "source", "device", "role", "quality", ">value", ">covered")
    readings = table_of(Table(columns, rows, "what was read"))
    cited = [element("li", None, factor.cite()) for factor in run.result.carbon.factors]
    factors = element("ul", {"class": "plain"}, *cited)
    return joined(
        [
            readings,
            element("p", None, "The carbon rests on:") if cited else "",
            factors if cited else "",
            items(estimates.lines(run)),
        ]
    )


_ROLES = {
    "in_total": "in the sum",
    "inside": "inside another",
    "duplicate": "seen twice, not in the sum",
    "apart": "apart from the sum",
    "model_unused": "model, not needed",
    "state": "state",
}


def _channel_row(channel: ChannelFields, core: _core.ChannelResult) -> tuple[str, ...]:
    if core.measures_energy:
        value = digits.energy(core.energy_j, core.energy.error_j)
    else:
        number = channel.get("value")
        value = digits.quantity(number, channel["unit"]) if number is not None else "not measured"
    coverage = channel.get("coverage")
    covered = "" if coverage is None else digits.percent(min(coverage, 1.0))
    role = _ROLES.get(channel["role"], channel["role"])
    return channel["id"], channel["source"], channel["device"], role, channel["quality"], value, covered


def _health(run: ReadRecord) -> Html:
    health = run.result.health or run.record.health
    terms: list[tuple[str, str]] = [("record", run.state)]
    if run.record.damage:
        terms.append(("damage", run.record.damage))
    for key, words in (
        ("readings", "readings"),
        ("read_failures", "readings that failed"),
        ("wraps", "counters that wrapped"),
        ("ambiguous_wraps", "wraps that may be more than one"),
        ("resets", "counters that were reset"),
    ):
        if key in health:
            terms.append((words, str(health[key])))  # type: ignore[literal-required]
    if "gaps_s" in health:
        terms.append(("time in gaps", digits.duration(health["gaps_s"])))
    findings = [f"sensors contradict each other: {finding}" for finding in health.get("findings", [])]
    for channel, state in health.get("channels", {}).items():
        findings.append(
            f"{channel}: {state['read_failures']} readings failed, {state['resets']} resets, "
            f"{state['ambiguous_wraps']} ambiguous wraps, {digits.duration(state['gap_s'])} in gaps"
        )
    return joined([facts(terms), items(findings, "notes")])


def _unmeasured(run: ReadRecord, power: RunPower) -> Html:
    missing = [
        f"{channel['id']} ({channel['device']}): nothing was measured"
        for channel in run.record.channels
        if channel["quality"] == "missing"
    ]
    modelled = [
        f"{channel['device']}: no sensor was read; {channel['source']} gives a {channel['quality']} value"
        for channel in run.record.channels
        if channel["in_total"] and channel["quality"] in ("modelled", "estimated")
    ]
    if run.result.wall_j is None:
        missing.append("no meter of the whole machine was read: fans, drives, network and losses are in no number")
    probes = [
        (str(probe.get("name", "")), str(probe.get("state", "")), str(probe.get("error", ""))) for probe in _probes(run)
    ]
    table = table_of(Table(("reader", "state", "why"), probes, "readers that gave nothing"))
    parts = [items([*missing, *modelled])]
    if probes:
        parts.append(
            element("details", None, element("summary", None, f"{len(probes)} readers gave nothing here"), table)
        )
        parts.append(element("p", {"class": "soft"}, "On that machine, impact-tracker doctor names what mends it."))
    return joined(parts)


def _probes(run: ReadRecord) -> Sequence[dict[str, object]]:
    """Readers that were not used, as the record's header holds them; a header may hold anything."""
    probes = run.record.header.get("probes")
    listed = probes if isinstance(probes, list) else []
    return [probe for probe in listed if isinstance(probe, dict) and probe.get("state") not in ("used", "shadowed")]


def _about(run: ReadRecord) -> Html:
    header = run.record.header
    hardware = hardware_of(header)
    cards = ", ".join(hardware.gpus)
    terms: list[tuple[str, str]] = [
        ("record", name(str(run.record.path))),
        ("began", f"{run.when} UTC" if run.when else "not known"),
        ("length", digits.duration(run.result.duration_s)),
        ("machine", name(run.hostname or "not known")),
        ("processor", name(hardware.cpu or "not known")),
        *([("cards", name(cards))] if cards else []),
        *([("command", element("code", None, run.record.command))] if run.record.command else []),
    ]
    terms += [(f"tag {tag}", name(value)) for tag, value in run.record.tags.items()]
    return facts(terms)
