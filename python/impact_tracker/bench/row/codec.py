"""Reads lines of rows.jsonl into typed values and writes them back; CSV and JSON files take their fields from here.

What a line may say is what the classes of `row/row.py` hold: a name of the line is the attribute of that name. A line
is written in the order of its `names`, so that one that was read is written as it was; a name that this version does
not know stays, with its value. A value of another type than its attribute's makes the line a damaged one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar

from ...runner.messages import Observed, PassTimes
from ...typed import built
from ...values import Energy
from ..plan.axes import SweepPoint
from . import row as types
from .origin import Origin
from .roof_run import RoofRun
from .row import Epoch, Line, Row, TaskEnd, Unknown

SCHEMA = 1
_Class = TypeVar("_Class")

_KINDS: dict[str, type[Epoch] | type[TaskEnd] | type[RoofRun]] = {"epoch": Epoch, "task": TaskEnd, "roof": RoofRun}
# The parts of a row, each a class of its own.
PARTS: dict[str, type[object]] = {
    item.name: vars(types)[str(item.type)] for item in fields(Row) if str(item.type) in vars(types)
}
_WHERE_KNOWN = ("epoch_share",)  # what no line says where there is nothing to say
_APART = ("energy", "names", "others")  # attributes that a line does not say by their own name
_ENERGY = {"energy_j": "best_j", "bias_j": "bias_j", "modelled_j": "modelled_j", "quality": "quality"}
_DERIVED: dict[str, Callable[[Row], object]] = {
    "kwh": lambda row: row.energy.kwh,
    "j_per_image": lambda row: row.j_per_image,
    "images_per_s": lambda row: row.images_per_s,
    "over_budget_j": lambda row: row.over_budget_j,
}


def names_of(kind: type[object], *apart: str) -> tuple[str, ...]:
    """The names under which a line holds the attributes of a class, without those that stand apart."""
    return tuple(item.name for item in fields(kind) if item.name not in (*_APART, *apart))  # type: ignore[arg-type]


# Where each name of a row's line stands: the part of the row, "" for the row itself.
_PLACES: dict[str, str] = {"status": "", "reason": "", "failure": ""}
_PLACES.update((name, part) for part, kind in PARTS.items() for name in names_of(kind))
NAMES: tuple[str, ...] = (*_PLACES, *_ENERGY, *_DERIVED)
# Columns of results.csv: the names above that fit into a cell, and whether the row counts.
_CSV = (
    "task test model title phase repeat attempt session seed status reason valid images unit passes batch input "
    "epochs duration_s region_s energy_j energy_low_j energy_high_j bias_j modelled_j psys_j wall_j share_j kwh "
    "j_per_image above_idle_j above_idle_low_j above_idle_high_j idle_w idle_baselines power_w pue intensity_g_per_kwh "
    "carbon_g carbon_low_g carbon_high_g quality coverage partial "
    "cpu_utilisation worker_cpus images_per_s loss final_loss accuracy dice target_metric target reached best final "
    "evaluated_on score scored_on most_epochs parameters trainable_parameters gmac device threads threads_by "
    "cpu_quota layout precision batch_norm variant peak_memory_bytes device_memory_bytes torch_version blas data host "
    "record region written_at samples settled drift pass_cv power_drift steady_off steady_off_low steady_off_high "
    "temperature_begin_c temperature_end_c invalid warnings failure pue_is_stated provisional start_ns stop_ns cold "
    "gmac_stated reference_ms reference_batch classes macs devices gpu_devices gpu_use gpu_utilisation allocator limit "
    "stopped correct finite loss_function optimizer lr pass_ms peak_memory_scope parts suspended_s others_cpus cpus "
    "slope temperature_slope silent sample_period_s notes schema of"
)
CSV_NAMES = tuple(_CSV.split())
BUDGET_NAMES = ("budget", "budget_j", "over_budget_j", "ended_by", "checkpoint")  # after them, where a row has a budget


def value_of(row: Row, name: str) -> object:
    """The value that a row's line holds under a name. KeyError for a name that no line has."""
    if name in _DERIVED:
        return _DERIVED[name](row)
    if name in _ENERGY:
        return getattr(row.energy, _ENERGY[name])
    if name in row.origin.others:
        return row.origin.others[name]
    part = _PLACES[name]
    return getattr(getattr(row, part) if part else row, name)


def encode(line: Line) -> dict[str, object]:
    """A line in the types that JSON has: texts, numbers, lists, dictionaries."""
    names = line.origin.names
    if isinstance(line, Row):
        content = {name: value_of(line, name) for name in names or NAMES}
        if not names:  # made without a file: what it knows
            content = {name: value for name, value in content.items() if value not in (None, (), {})}
        return {"kind": "row", **{name: _plain(value) for name, value in content.items()}}
    origin = {name: value for name in names_of(Origin) if (value := getattr(line.origin, name)) is not None}
    own = {} if isinstance(line, Unknown) else {name: getattr(line, name) for name in names_of(type(line))}
    own = {name: value for name, value in own.items() if value is not None or name not in _WHERE_KNOWN}
    content = {**own, **line.origin.others, **origin}
    words = [word for word, kind in _KINDS.items() if isinstance(line, kind)]
    kind = {"kind": words[0]} if words else {}
    return {**kind, **{name: _plain(content.get(name)) for name in names or content if name != "origin"}}


def as_line(line: Line) -> str:
    """The text of one line of rows.jsonl. Numbers that are not finite become null."""
    return json.dumps(encode(line), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def written(line: Line, mark: str | None, now: str) -> Line:
    """The line with the time of writing and the mark of the settings that it was measured with."""
    names = line.origin.names or tuple(encode(line))[1:]
    new = [name for name in ("of", "written_at") if name not in names and (name != "of" or mark is not None)]
    of = line.origin.of if mark is None else mark
    return replace(line, origin=replace(line.origin, of=of, written_at=now, names=(*names, *new)))


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, SweepPoint):
        return _plain(value.values)
    if is_dataclass(value):
        names = [item.name for item in fields(value)]
        if isinstance(value, (Observed, PassTimes)):  # the worker's JSON library writes names in their order
            names.sort()
        return {name: _plain(getattr(value, name)) for name in names}
    return value


def decode(content: Mapping[str, object]) -> Line:
    """The line that `encode` turned into this dictionary. ValueError if it cannot have been one."""
    kind = content.get("kind")
    if kind == "row":
        return _row(content)
    if isinstance(kind, str) and kind in _KINDS:
        return _simple(_KINDS[kind], content)
    return Unknown(Origin(names=tuple(content), others=dict(content)))


def _row(content: Mapping[str, object]) -> Row:
    given: dict[str, dict[str, object]] = {part: {} for part in ("", *PARTS)}
    others: dict[str, object] = {}
    for name, value in content.items():
        if name in _PLACES:
            given[_PLACES[name]][name] = value
        elif name not in _ENERGY and name not in _DERIVED and name != "kind":
            others[name] = value
    given["measured"]["energy"] = _energy(content)
    given["origin"].update(names=tuple(name for name in content if name != "kind"), others=others)
    parts = {part: built(kind, given[part]) for part, kind in PARTS.items()}
    row = built(Row, {**given[""], **parts})
    if row.phase != "idle" and None in (row.facts.test, row.facts.model, row.facts.title):
        raise ValueError(f"a row of {row.task} does not say what test it is of")
    return row


@dataclass(frozen=True)
class _FlatEnergy:
    """The fields of a line that make up its energy."""

    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    bias_j: float | None
    modelled_j: float | None
    quality: str | None
    partial: bool | None


def _energy(content: Mapping[str, object]) -> Energy:
    flat = built(_FlatEnergy, content)
    if flat.energy_j is None:
        return Energy.missing(partial=flat.partial is True)
    return Energy.from_range(
        flat.energy_low_j,
        flat.energy_j,
        flat.energy_high_j,
        bias_j=flat.bias_j,
        modelled_j=flat.modelled_j,
        quality=flat.quality or "stale",  # without a word on its quality it is trusted least
        partial=flat.partial is True,
    )


def _simple(kind: type[_Class], content: Mapping[str, object]) -> _Class:
    own = {name: content.get(name) for name in names_of(kind) if name != "origin"}
    of_origin = {name: content[name] for name in names_of(Origin) if name in content}
    others = {
        name: value for name, value in content.items() if name not in own and name not in of_origin and name != "kind"
    }
    names = tuple(name for name in content if name != "kind")
    return built(kind, {**own, "origin": built(Origin, {**of_origin, "names": names, "others": others})})
