"""Statements of this tool's own records and results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..estimators import use_of
from ..hostinfo import Hardware, hardware_of
from ..modelled import parts_of
from ..overlap import groups
from ..record import Record, unite
from ..result import Result
from ..values import Energy, total
from .statement import STATED_BY_USER, Parts, Site, Statement

if TYPE_CHECKING:
    from .._core import ChannelResult


def from_record(record: Record) -> Statement:
    """What a record states of its run."""
    header, tags = record.header, record.tags
    hardware = hardware_of(header)
    run = from_result(record.result, name=tags.get("name") or record.path.parent.parent.name, hardware=hardware)
    return replace(
        run,
        started_at=record.started_at,
        run_id=str(header.get("run_id") or record.path.stem),
        tool_version=hardware.tool_version or "",
        notes=(*run.notes, *(() if record.complete else ("the record ends early: it holds the run up to there",))),
        origin=str(record.path),
        span=record.span,
    )


def from_records(records: Sequence[Record]) -> list[Statement]:
    """What records state, those of one machine that overlap in time together: each joule once."""
    return [_together([records[index] for index in group]) for group in groups([each.span for each in records])]


def _together(records: Sequence[Record]) -> Statement:
    longest = max(records, key=lambda record: record.span.length_ns)
    statement = from_record(longest)
    if len(records) == 1:
        return statement
    weighing = longest.weighing
    notes = [f"of {len(records)} records of one machine that overlap in time: each joule counts once"]
    if len({(record.weighing.pue, record.weighing.intensity.value) for record in records}) > 1:
        notes.append(f"its records hold different PUE or intensity; weighed as {longest.path.name}")
    united = from_result(Result(unite(records).run, weighing), name=statement.name, hardware=statement.hardware)
    return replace(
        statement,
        started_at=min((record.started_at for record in records if record.started_at), default=None),
        duration_s=united.duration_s,
        energy=united.energy,
        models=united.models,
        parts=united.parts,
        use=united.use,
        notes=tuple(dict.fromkeys([*notes, *united.notes, *statement.notes])),
        span=replace(
            longest.span,
            start_ns=min(record.span.times[0] for record in records),
            stop_ns=max(record.span.times[1] for record in records),
        ),
    )


def from_result(result: Result, *, name: str = "", hardware: Hardware | None = None) -> Statement:
    """Of a run or a region as the tracker gives it, on hardware as `hardware_of` a record's header gives it."""
    known, weighing, channels = hardware or Hardware(), result.weighing, result.measured.channels
    return Statement(
        name=name or result.name or "run",
        tool="impact-tracker",
        duration_s=result.duration_s,
        energy=result.energy,
        models=parts_of(channels, result.modelled_j),
        parts=Parts(
            _part(channels, ("package", "core", "cpu")),
            _part(channels, ("gpu",)),
            _part(channels, ("dram", "ram", "memory")),
        ),
        site=Site(
            pue=weighing.pue,
            pue_source=STATED_BY_USER if weighing.pue_is_stated else None,
            intensity=weighing.intensity,
            zone=weighing.zone,
            zone_name=weighing.intensity.name.rpartition(", ")[2] or None,
        ),
        hardware=known,
        use=use_of(result, known.threads),
        notes=tuple(result.notes),
    )


def _part(channels: Iterable[ChannelResult], words: tuple[str, ...]) -> Energy:
    """Energy of the channels in the total whose domain or device begins with one of the words."""
    energies = []
    for channel in channels:
        domain, device, joules = channel.domain.casefold(), channel.device.casefold(), channel.energy_j
        fits = domain.startswith(words) or (domain in ("", "total", "device") and device.startswith(words))
        if channel.in_total and joules is not None and fits:
            energies.append(Energy.from_range(None, joules, None, quality=channel.quality))
    return total(energies)
