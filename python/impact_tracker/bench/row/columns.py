"""Columns that hold a row's parts which are lists or have names of their own inside: a table has one number a cell.

The names of `FlatParts` are those of the columns in results.csv and of a row in results.json, and the schema takes
them from there. Units are in the names.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from .row import Row

_SHARES = {0.5: "p50", 0.95: "p95", 0.99: "p99"}


@dataclass(frozen=True)
class FlatParts:
    """`machine_…`: how the machine was set while the phase ran, `machine_missing` why a part of that is not known;
    `latency_…`: how long single inputs waited for their answer, with 95 % intervals, where there are passes enough;
    `observed_…`: what the worker was seen to run in; `pass_…`: times of its passes; `point`: the place in a sweep;
    `sources_j`: joules of each channel of the energy."""

    machine_governor: str | None = None
    machine_boost: bool | None = None
    machine_clock_mhz: float | None = None
    machine_clock_low_mhz: float | None = None
    machine_clock_high_mhz: float | None = None
    machine_clock_floor_mhz: float | None = None
    machine_clock_ceiling_mhz: float | None = None
    machine_power_limits_w: str | None = None
    machine_missing: str | None = None
    latency_passes: int | None = None
    latency_p50_ms: float | None = None
    latency_p50_low_ms: float | None = None
    latency_p50_high_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p95_low_ms: float | None = None
    latency_p95_high_ms: float | None = None
    latency_p99_ms: float | None = None
    latency_p99_low_ms: float | None = None
    latency_p99_high_ms: float | None = None
    observed_precision: str | None = None
    observed_layout: str | None = None
    observed_threads: int | None = None
    observed_busy_cpus: float | None = None
    pass_mean_s: float | None = None
    pass_std_s: float | None = None
    pass_min_s: float | None = None
    pass_p50_s: float | None = None
    pass_p95_s: float | None = None
    pass_max_s: float | None = None
    point: str | None = None
    sources_j: str | None = None


FLAT_NAMES: tuple[str, ...] = tuple(item.name for item in fields(FlatParts))


def flat_parts_of(row: Row) -> FlatParts:
    """The columns of a row. What it does not hold is `None`."""
    known: dict[str, object] = {}
    machine, latency, observed = row.around.machine, row.work.latency, row.setup.observed
    if machine is not None:
        of_machine = ("governor", "boost", "clock_mhz", "clock_low_mhz", "clock_high_mhz")
        for name in (*of_machine, "clock_floor_mhz", "clock_ceiling_mhz"):
            known[f"machine_{name}"] = getattr(machine, name)
        limits = [f"{limit.device} {limit.name} {limit.limit_w:g}" for limit in machine.power_limits]
        known["machine_power_limits_w"] = "; ".join(limits) or None
        known["machine_missing"] = "; ".join(f"{part}: {why}" for part, why in machine.missing.items()) or None
    if latency is not None:
        known["latency_passes"] = latency.passes
        for quantile in latency.quantiles:
            if quantile.share in _SHARES:
                begin = f"latency_{_SHARES[quantile.share]}"
                ends = {"": quantile.ms, "_low": quantile.low_ms, "_high": quantile.high_ms}
                known.update({f"{begin}{end}_ms": value for end, value in ends.items()})
    if observed is not None:
        for name in ("precision", "layout", "threads", "busy_cpus"):
            known[f"observed_{name}"] = getattr(observed, name)
    if row.work.pass_s is not None:
        known.update({f"pass_{name}_s": value for name, value in vars(row.work.pass_s).items()})
    if row.facts.swept is not None and row.facts.swept.values:
        known["point"] = row.facts.swept.name
    energies = [f"{source.id} {source.energy_j!r}" for source in row.measured.sources if source.energy_j is not None]
    known["sources_j"] = "; ".join(energies) or None
    return FlatParts(**{name: known.get(name) for name in FLAT_NAMES})  # type: ignore[arg-type]
