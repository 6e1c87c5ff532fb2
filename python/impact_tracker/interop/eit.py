"""experiment-impact-tracker's logs: reading them, and writing a data.json that its tools read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..record import Record, read_record
from ..result import ChannelFields
from ..values import worst_quality
from .statement import InteropError, Parts, Site, Stated, Statement, faults_of_file, implied_intensity


def read_logs(path: str | Path) -> list[Statement]:
    """Every experiment below a place; its findings (mended ends, missing parts) come with it as notes."""
    from ..old_logs import find_old_logs

    runs, place = [], Path(path)
    for folder in [place] if place.is_file() else find_old_logs(place):
        with faults_of_file(folder):
            runs.append(_statement(folder))
    if not runs:
        raise InteropError(f"{path}: no log of experiment-impact-tracker (impacttracker/data.json)")
    return runs


def _statement(folder: Path) -> Statement:
    from ..old_logs import PUE, read_old_log

    log = read_old_log(folder)
    source = "experiment-impact-tracker: its own intensity of the region"
    return Statement(
        name=folder.stem if folder.is_file() else folder.parent.name or "experiment",
        tool="experiment-impact-tracker",
        duration_s=log.duration_s,
        energy=log.energy,
        parts=Parts(log.cpu, log.gpu),
        site=Site(
            pue=PUE,
            pue_source="experiment-impact-tracker",
            intensity=implied_intensity(log.grams_per_pue, log.energy.kwh, source, year=2019),
        ),
        stated=Stated(carbon_g=None if log.grams_per_pue is None else log.grams_per_pue * PUE),
        notes=log.findings,
        origin=str(folder),
    )


def samples_of(record: Record) -> list[dict[str, object]]:
    """One sample for each second-or-so of a record, with the fields that its tools integrate; one alone, of the mean
    power, where a run was over before its second reading.

    `…_absolute` is the machine's power, `…_attributable_…` the run's share of it. `rapl_quality`, `nvidia_quality`:
    what that tool's names do not say, that a model and no counter may have given them.
    """
    opened = record.started_at
    begin = opened.timestamp() if opened else 0.0
    groups: dict[str, list[ChannelFields]] = {"rapl": [], "nvidia": []}
    for channel in record.channels:
        if channel.get("in_total"):
            groups["nvidia" if str(channel.get("device", "")).startswith("gpu") else "rapl"].append(channel)
    columns = {kind: _series(record, channels) for kind, channels in groups.items()}
    if not any(columns.values()):
        columns = {kind: _mean(record, channels) for kind, channels in groups.items()}
    qualities = {
        kind: worst_quality(str(channel.get("quality", "measured")) for channel in channels)
        for kind, channels in groups.items()
    }
    share = _share_of(record)
    samples = []
    for at in sorted({t for series in columns.values() for t in series}):
        sample: dict[str, object] = {"timestamp": begin + at}
        for kind, series in columns.items():
            if at in series:
                sample["rapl_power_draw_absolute" if kind == "rapl" else "nvidia_draw_absolute"] = series[at]
                if share is not None:
                    sample[f"{kind}_estimated_attributable_power_draw"] = series[at] * share
                sample[f"{kind}_quality"] = qualities[kind]
        samples.append(sample)
    return samples


def _share_of(record: Record) -> float | None:
    """The run's share of its machine's energy; 1 where the whole machine's was asked for, `None` where it is not known:
    the samples then hold no attributable power."""
    measured = getattr(record.result, "measured", None)
    share = None if measured is None else measured.share
    if share is None:
        return 1.0
    whole_j = record.result.energy_j
    return None if share.share_j is None or not whole_j else min(share.share_j / whole_j, 1.0)


def _mean(record: Record, channels: Sequence[ChannelFields]) -> dict[float, float]:
    """Mean power of the whole run, at its end; nothing where one channel's energy is not known."""
    seconds = record.result.duration_s
    known = [channel.get("energy_j") for channel in channels]
    if not known or not seconds > 0:
        return {}
    joules = [energy for energy in known if isinstance(energy, (int, float)) and math.isfinite(energy)]
    return {seconds: sum(joules) / seconds} if len(joules) == len(known) else {}


def record_as_data_json(path: str | Path) -> str:
    """A record's data.json. ValueError for a record without power over time."""
    samples = samples_of(read_record(path))
    if not samples:
        raise ValueError(f"{path}: its record holds no power over time, of which this form is made: choose another")
    return to_data_json(samples)


def to_data_json(samples: Iterable[dict[str, object]]) -> str:
    """JSON Lines as that tool writes them: one sample a line."""
    return "".join(json.dumps(sample, allow_nan=False) + "\n" for sample in samples)


def _series(record: Record, channels: Sequence[ChannelFields]) -> dict[float, float]:
    """Summed mean power since the time before, by time. Channels are read at times of their own: those of the one with
    the most readings are kept, the others' energy is shared out over them. A piece that one lacks has no sum."""
    pieces = [_pieces(*record.series(str(channel["id"]))) for channel in channels]
    if not pieces or not all(pieces):
        return {}
    longest = max(pieces, key=len)
    total = {round(end, 6): 0.0 for _, end, _ in longest}
    for own in pieces:
        known = _shared_out(longest, own)
        total = {at: watts + known[at] for at, watts in total.items() if at in known}
    return total


def _pieces(times: Sequence[float], watts: Sequence[float]) -> list[tuple[float, float, float]]:
    """(begin, end, mean power) of each stretch between two readings that was measured."""
    return [(a, b, w) for a, b, w in zip(times, times[1:], watts[1:]) if b > a and math.isfinite(w)]


def _shared_out(
    wanted: Sequence[tuple[float, float, float]], own: Sequence[tuple[float, float, float]]
) -> dict[float, float]:
    """Mean power of one channel over the wanted stretches, where it covers at least half of them."""
    powers: dict[float, float] = {}
    first = 0
    for begin, end, _ in wanted:
        while first < len(own) and own[first][1] <= begin:
            first += 1
        joules = covered = 0.0
        at = first
        while at < len(own) and own[at][0] < end:
            length = min(end, own[at][1]) - max(begin, own[at][0])
            joules, covered = joules + own[at][2] * length, covered + length
            at += 1
        if covered >= 0.5 * (end - begin):
            powers[round(end, 6)] = joules / covered
    return powers
