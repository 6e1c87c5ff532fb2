"""Regions as a tree of names: what all stretches of one name used together, and below it each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import digits
from ..report import node_tables
from ..report.runs import ReadRecord, Stretches
from ..result import Result
from ..values import Energy
from .markup import Html, element, joined, markup, name
from .packing import Block
from .tables import framed, head

MOST_DRAWN = 20_000  # stretches in the tracks of a page's charts
MOST_ROWS = 1_500  # of a page's tables of regions
MOST_OF_A_NAME = 50  # stretches of one name that have rows of their own
_DEEPEST = 6


@dataclass
class RegionGroup:
    """All stretches of one name below the same parents."""

    name: str
    depth: int
    stretches: list[Result] = field(default_factory=list)
    below: dict[str, RegionGroup] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    """A row of the table: `key` of its own where rows lie below it, `parent` the key of the row it lies below."""

    key: str
    parent: str
    depth: int
    title: str
    stretches: Sequence[Result]
    is_of_many: bool = False  # one stretch of a name that has a row for all of its stretches


def tree_of(regions: Sequence[Result]) -> RegionGroup:
    """The tree below a root without a name. A region whose parent was never closed stands at the top."""
    root = RegionGroup("", 0)
    by_number = {region.measured.region: region for region in regions}
    groups: dict[int, RegionGroup] = {}

    def group_of(region: Result) -> RegionGroup:
        pending = [region]
        seen = {region.measured.region}
        while pending[-1].measured.region not in groups:
            above = by_number.get(pending[-1].measured.parent)
            if above is None or above.measured.region in seen:
                break
            seen.add(above.measured.region)
            pending.append(above)
        for each in reversed(pending):
            number = each.measured.region
            if number not in groups:
                above_group = groups.get(each.measured.parent, root)
                groups[number] = above_group.below.setdefault(each.name, RegionGroup(each.name, above_group.depth + 1))
        return groups[region.measured.region]

    for region in sorted(regions, key=lambda region: region.start_ns):
        group_of(region).stretches.append(region)
    return root


def depths_of(regions: Sequence[Result]) -> list[int]:
    """How many regions each lies in, 0 for none, in the order given."""
    by_number = {region.measured.region: region.measured.parent for region in regions}
    depths: dict[int, int] = {}
    for number in by_number:
        path: dict[int, None] = {}
        at = number
        while at in by_number and at not in depths and at not in path:
            path[at] = None
            at = by_number[at]
        depth = depths.get(at, -1)
        for each in reversed(path):
            depth += 1
            depths[each] = depth
    return [depths[region.measured.region] for region in regions]


def track_of(run: ReadRecord, block: Block, share: float) -> dict[str, object]:
    """What the page's script draws below the chart. Of too many regions the longest are drawn. `share`: of the page's
    room that this run may take, 0 to 1."""
    regions = list(run.record.regions)
    depths = dict(zip(map(id, regions), depths_of(regions)))
    drawn = sorted(regions, key=lambda region: -region.duration_s)[: math.ceil(MOST_DRAWN * share)]
    drawn.sort(key=lambda region: region.start_ns)
    names = list(dict.fromkeys(region.name for region in drawn))
    numbers = {text: number for number, text in enumerate(names)}
    zero = run.result.start_ns
    return {
        "count": len(drawn),
        "lanes": 1 + max((depths[id(region)] for region in drawn), default=0),
        "begin": block.add_list("f8", [(region.start_ns - zero) / 1e9 for region in drawn]),
        "end": block.add_list("f8", [(region.stop_ns - zero) / 1e9 for region in drawn]),
        "depth": block.add_list("u2", [min(depths[id(region)], 65_535) for region in drawn]),
        "name": block.add_list("u2", [numbers[region.name] % 65_536 for region in drawn]),
        "names": names[:65_536],
    }


def _rows(root: RegionGroup) -> list[_Row]:
    """The tree's rows from the top, each above what lies below it. However deep it is, nothing calls itself."""
    rows: list[_Row] = []
    pending: list[tuple[RegionGroup, str, str]] = _keyed(root, "r")
    while pending:
        group, key, parent = pending.pop()
        several = len(group.stretches) > 1
        own = key if several or group.below else ""
        rows.append(_Row(own, parent, group.depth, group.name, group.stretches))
        if several:
            for index, stretch in enumerate(group.stretches[:MOST_OF_A_NAME], 1):
                rows.append(_Row("", key, group.depth + 1, f"{group.name}, no. {index}", [stretch], True))
        pending += _keyed(group, key)
    return rows


def _most_telling(rows: Sequence[_Row], most: int) -> list[_Row]:
    """The rows in their order; of too many those of whole names before single stretches, and shallow before deep ones.
    None is left without those that it lies below."""
    if len(rows) <= most:
        return list(rows)
    order = sorted(range(len(rows)), key=lambda index: (rows[index].is_of_many, rows[index].depth, index))
    return [rows[index] for index in sorted(order[:most])]


def _keyed(group: RegionGroup, key: str) -> list[tuple[RegionGroup, str, str]]:
    """The groups below with keys of their own, the last one first, as a stack takes them."""
    return [(child, f"{key}.{number}", key) for number, child in enumerate(group.below.values())][::-1]


def table_of_regions(run: ReadRecord, share: float, *, has_chart: bool) -> Html:
    """The tree as a table whose rows fold; a sentence where the run has no regions. `share`: as of `track_of`."""
    regions = run.record.regions
    if not regions:
        return element("p", {"class": "soft"}, "The run has no regions.")
    rows = _rows(tree_of(regions))
    shown = _most_telling(rows, math.ceil(MOST_ROWS * share))
    shared = any(region.share_j is not None for region in regions)
    names = [("region", False), ("times", True), ("length", True), ("energy", True), ("of the run", True)]
    names += [("power", True), *([("share", True)] if shared else []), ("quality", False)]
    if has_chart:
        names.append(("chart", False))
    body = [_row(row, run, shared, has_chart) for row in shown]
    caption = element("caption", None, f"{len(regions)} stretches of {_distinct(regions)} names, by what they lie in")
    table = element("table", {"class": "sortable tree"}, caption, head(names), element("tbody", None, *body))
    tools = element(
        "p",
        {"class": "tools"},
        element("button", {"type": "button", "data-fold": "open"}, "Unfold all"),
        " ",
        element("button", {"type": "button", "data-fold": "shut"}, "Fold all"),
    )
    return joined(
        [tools, framed(table, "regions"), *_left_out(rows, len(shown), regions, math.ceil(MOST_DRAWN * share))]
    )


def _distinct(regions: Sequence[Result]) -> int:
    return len({region.name for region in regions})


def _left_out(rows: Sequence[_Row], shown: int, regions: Sequence[Result], drawn: int) -> list[Html]:
    sentences = []
    if any(_overlap(row.stretches) for row in rows if row.key):
        sentences.append("Some stretches of a name overlap in time: a row of all of them counts that time each time.")
    if len(rows) > shown:
        sentences.append(f"The table shows {shown:,} of {len(rows):,} rows.")
    if any(row.key and len(row.stretches) > MOST_OF_A_NAME for row in rows):
        sentences.append(f"Of each name the first {MOST_OF_A_NAME} stretches have rows of their own.")
    if len(regions) > drawn:
        sentences.append(f"The chart's track shows the {drawn:,} longest of {len(regions):,} stretches.")
    if len(rows) > shown or len(regions) > drawn or any(len(row.stretches) > MOST_OF_A_NAME for row in rows):
        sentences.append("impact-tracker report DIR --regions --csv writes every one.")
    if sentences:
        return [element("p", {"class": "soft"}, " ".join(sentences))]
    return []


def _overlap(stretches: Sequence[Result]) -> bool:
    """Whether two of them, which stand in the order of their begins, were open at one time, as in several threads."""
    latest = 0
    for stretch in stretches:
        if stretch.start_ns < latest:
            return True
        latest = max(latest, stretch.stop_ns)
    return False


def _row(row: _Row, run: ReadRecord, shared: bool, has_chart: bool) -> Html:
    stretches = row.stretches
    duration_s, energy = Stretches(stretches).duration_s, Stretches(stretches).energy
    machine_j = run.result.energy_j
    share = energy.best_j / machine_j if energy.best_j is not None and machine_j else None
    if row.key:
        label = f"what is inside {row.title}"
        fold: Html = element("button", {"type": "button", "class": "fold", "aria-label": label})
    else:
        fold = element("span", {"class": "leaf"})
    first = element(
        "th", {"scope": "row", "class": f"depth-{min(row.depth - 1, _DEEPEST)}"}, fold, name(row.title or "(no name)")
    )
    cells = [
        first,
        _number(str(len(stretches)), len(stretches)),
        _number(digits.duration(duration_s), duration_s),
        _number(digits.energy(energy.best_j, energy.error_j), energy.best_j),
        _number(digits.percent(share), share),
        _number(node_tables.power(energy, duration_s), _per_second(energy, duration_s)),
    ]
    if shared:
        shares = [stretch.share_j for stretch in stretches]
        summed = math.fsum(value for value in shares if value is not None) if None not in shares else None
        cells.append(_number(digits.energy(summed), summed))
    cells.append(element("td", None, energy.quality))
    if has_chart:
        cells.append(element("td", {"class": "screen"}, _zoom(row, run)))
    attributes = {"data-parent": row.parent if row.parent != "r" else None, "data-id": row.key or None}
    return element("tr", attributes, *cells)


def _per_second(energy: Energy, duration_s: float) -> float | None:
    return energy.best_j / duration_s if energy.best_j is not None and duration_s > 0 else None


def _zoom(row: _Row, run: ReadRecord) -> Html:
    begin = min(stretch.start_ns for stretch in row.stretches) - run.result.start_ns
    end = max(stretch.stop_ns for stretch in row.stretches) - run.result.start_ns
    attributes = {
        "type": "button",
        "class": "show",
        "data-from": f"{begin / 1e9:.6f}",
        "data-to": f"{end / 1e9:.6f}",
        "aria-label": f"show {row.title} in the chart",
    }
    return element("button", attributes, "show")


def _number(text: str, value: float | None) -> Html:
    attributes = {"class": "number", "data-sort": "" if value is None else f"{value:.12g}"}
    return element("td", attributes, markup(text))
