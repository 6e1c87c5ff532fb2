"""Rows of the index and what they stand for: files of spools, runs, what to select."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, cast

from ..spool import RunEntry
from ..values import QUALITIES, Energy
from .database import Cell, Row


class Member(NamedTuple):
    """What the index holds of one file of a run, the energy as it counts."""

    run_id: str
    kind: str
    project: str
    name: str
    tool: str
    person: str | None
    host: str | None
    stage: str | None
    fate: str
    started_ns: int | None
    duration_s: float | None
    job: str | None
    cluster: str | None
    restart: int | None
    series: str | None
    launch: str | None
    within: str | None
    continues: str | None
    metrics: str
    tags: str
    weighing: str
    origin: str
    recovered: int
    c_best: float | None
    c_half: float | None
    c_bias: float | None
    c_modelled: float | None
    c_quality: int
    c_partial: int

    @property
    def energy(self) -> Energy:
        """Its part of what its machine used."""
        return energy_of(self[-6:])

    @property
    def times(self) -> tuple[int | None, int | None]:
        """Begin and end in UTC."""
        if self.started_ns is None or self.duration_s is None:
            return self.started_ns, None
        return self.started_ns, self.started_ns + round(self.duration_s * 1e9)

    def changed(self, **values: object) -> Member:
        """With other values."""
        return self._replace(**values)  # type: ignore[arg-type]


MEMBER_COLUMNS = ", ".join(Member._fields)


@dataclass(frozen=True)
class LedgerRun:
    """A run of a project: its ranks, its attempts and what ran within it together, each joule once.

    `fate`, `stage`: as in `spool`; `attempts`: how often it began, by requeues; `ranks`: files that it is made of;
    `weighing`: PUE, zone and intensity as they were set for it; `origin`: the record or file of its first part.
    """

    run_id: str
    project: str
    energy: Energy
    fate: str
    stage: str | None = None
    name: str = ""
    tool: str = ""
    kind: str = "tracked"
    person: str | None = None
    host: str | None = None
    started_ns: int | None = None
    duration_s: float | None = None
    attempts: int = 1
    ranks: int = 1
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    weighing: str = ""
    origin: str = ""

    @property
    def started_at(self) -> str | None:
        """Begin in UTC, to the second; None where nobody said when."""
        if self.started_ns is None:
            return None
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.started_ns // 1_000_000_000))

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        fields = asdict(self)
        energy = fields.pop("energy")
        fields.pop("weighing")
        return {**fields, "started_at": self.started_at, **energy, "error_j": self.energy.error_j}


@dataclass(frozen=True)
class Filter:
    """Which runs: of a project, begun in [`begin_ns`, `end_ns`), of a person, with a fate, of a stage; `None` for all.
    `tags`: those that a run must have."""

    project: str | None = None
    begin_ns: int | None = None
    end_ns: int | None = None
    person: str | None = None
    fate: str | None = None
    stage: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def where(self) -> tuple[str, list[Cell]]:
        """As SQL, without `tags`."""
        tests = {
            "project = ?": self.project,
            "started_ns >= ?": self.begin_ns,
            "started_ns < ?": self.end_ns,
            "person = ?": self.person,
            "fate = ?": self.fate,
            "stage = ?": self.stage,
        }
        given = {test: value for test, value in tests.items() if value is not None}
        return " AND ".join(given) or "1 = 1", list(given.values())


def entry_row(entry: RunEntry, file: str, spool: str, shard: str, weighing: str) -> Row:
    """The values of `ENTRY_COLUMNS`."""
    place, lineage, energy = entry.place, entry.lineage, entry.energy
    return (
        *(file, spool, shard, entry.run_id, entry.kind, entry.project, entry.name, entry.tool, entry.person),
        *(place.host, entry.stage, entry.fate, entry.started_ns, entry.duration_s, *energy_cells(energy)),
        *(place.machine, place.start_ns, place.stop_ns, place.scope, int(place.is_certain), place.share_j),
        *(as_json(place.hardware), place.pid, lineage.job, lineage.cluster, lineage.restart, lineage.series),
        *(lineage.launch, lineage.within, lineage.continues, as_json(entry.metrics), as_json(entry.tags)),
        *(weighing, entry.origin, entry.written_ns, int(entry.recovered)),
    )


def energy_cells(energy: Energy) -> tuple[Cell, ...]:
    """As six columns."""
    quality = QUALITIES.index(energy.quality)
    return energy.best_j, energy.half_j, energy.bias_j, energy.modelled_j, quality, int(energy.partial)


def energy_of(cells: Sequence[object]) -> Energy:
    """From six columns."""
    best, half, bias, modelled, quality, partial = cast("tuple[float, float, float, float, int, int]", tuple(cells))
    return Energy(best, half, bias, modelled, QUALITIES[quality], bool(partial))


def as_json(table: Mapping[str, object]) -> str:
    """As a column; "" for an empty one."""
    return json.dumps(table, sort_keys=True, ensure_ascii=False, allow_nan=False) if table else ""


def texts_of(column: object) -> dict[str, str]:
    """What `as_json` wrote of texts."""
    return dict(json.loads(str(column))) if column else {}


def metrics_of(column: object) -> dict[str, float | None]:
    """What `as_json` wrote of metrics."""
    return dict(json.loads(str(column))) if column else {}


def digest(text: str) -> str:
    """A short name of a text."""
    return hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def run_of(row: Row) -> LedgerRun:
    """From the values of `RUN_COLUMNS`."""
    names = ("run_id", "_", "project", "name", "tool", "kind", "person", "host", "stage", "fate", "started_ns")
    fields: dict[str, object] = dict(zip((*names, "duration_s", "attempts", "ranks"), row))
    del fields["_"]
    *_, weighing, metrics, tags, origin, _month = row
    return LedgerRun(
        energy=energy_of(row[14:20]),
        weighing=str(weighing),
        metrics=metrics_of(metrics),
        tags=texts_of(tags),
        origin=str(origin),
        **fields,  # type: ignore[arg-type]  # the index's columns have these types
    )
