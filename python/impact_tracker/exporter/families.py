"""The metrics of a snapshot. Their names, units and meanings stand here once, for both formats, OTLP and the board."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..interop.metric_text import Family, Kind, Sample
from .snapshot import ChannelNow, Snapshot


@dataclass(frozen=True)
class Metric:
    """A metric's description; `name` without `_total`."""

    name: str
    unit: str
    text: str
    kind: Kind

    def family(self, samples: Iterable[Sample] = ()) -> Family:
        """The metric with its samples."""
        return Family(self.name, self.unit, self.text, self.kind, tuple(samples))


ENERGY = Metric(
    "impact_energy_joules",
    "joules",
    "Energy of a channel since the service began. The sum over role=in_total counts each joule once.",
    "counter",
)
POWER = Metric("impact_power_watts", "watts", "Mean power of a channel over the last interval", "gauge")
MACHINE_ENERGY = Metric(
    "impact_machine_energy_joules", "joules", "Energy of the machine's best cover since the service began", "counter"
)
MACHINE_ERROR = Metric(
    "impact_machine_energy_error_joules", "joules", "95 % half-width of impact_machine_energy_joules_total", "gauge"
)
MACHINE_POWER = Metric(
    "impact_machine_power_watts", "watts", "Power of the best cover; absent while a part of it is not read", "gauge"
)
COVERAGE = Metric(
    "impact_machine_coverage_ratio", "ratio", "Part of the time that the readings of the worst part cover", "gauge"
)
SOURCE_UP = Metric("impact_source_up", "", "Whether all channels of a source give readings now", "gauge")
READINGS = Metric("impact_readings", "", "Readings taken", "counter")
READ_FAILURES = Metric("impact_read_failures", "", "Readings that failed", "counter")
RESETS = Metric("impact_counter_resets", "", "Counters that began anew", "counter")
MISSED_TICKS = Metric("impact_missed_ticks", "", "Samples that came too late and were left out", "counter")
GAPS = Metric("impact_gap_seconds", "seconds", "Time over which a channel had no reading", "counter")
BEGAN = Metric("impact_start_time_seconds", "seconds", "When the service began to measure, Unix time", "gauge")
TAKEN = Metric("impact_snapshot_time_seconds", "seconds", "When these values were taken, Unix time", "gauge")
READER_UP = Metric("impact_reader_up", "", "Whether the service has values that are not too old", "gauge")
CONNECTIONS = Metric("impact_http_connections", "", "Connections of clients now", "gauge")
DROPPED = Metric(
    "impact_http_dropped", "", "Clients that were cut off: too slow, too long a request, too many at once", "counter"
)

METRICS = (
    *(ENERGY, POWER, MACHINE_ENERGY, MACHINE_ERROR, MACHINE_POWER, COVERAGE, SOURCE_UP, READINGS, READ_FAILURES),
    *(RESETS, MISSED_TICKS, GAPS, BEGAN, TAKEN, READER_UP, CONNECTIONS, DROPPED),
)


def _labels(channel: ChannelNow) -> dict[str, str]:
    return {
        "channel": channel.id,
        "device": channel.device,
        "domain": channel.domain,
        "source": channel.source,
        "quality": channel.quality,
        "role": channel.role,
    }


def _value(value: float | None, labels: dict[str, str] | None = None) -> list[Sample]:
    """One sample, or none for what is not known."""
    return [] if value is None else [Sample(labels or {}, value)]


def families_of(snapshot: Snapshot | None) -> list[Family]:
    """The metrics of a snapshot. Without one only `impact_reader_up` has a sample, which is 0."""
    if snapshot is None:
        return [READER_UP.family(_value(0.0))]
    machine, health = snapshot.machine, snapshot.health
    quality: dict[str, str] = (
        {} if machine is None else {"quality": machine.quality, "partial": str(machine.partial).lower()}
    )
    channels = snapshot.channels
    powers = [(channel, channel.power_w) for channel in channels]
    return [
        ENERGY.family(Sample(_labels(channel), channel.energy_j) for channel in channels),
        POWER.family(Sample(_labels(channel), power_w) for channel, power_w in powers if power_w is not None),
        MACHINE_ENERGY.family(_value(machine.energy_j if machine else None, quality)),
        MACHINE_ERROR.family(_value(machine.error_j if machine else None)),
        MACHINE_POWER.family(_value(machine.power_w if machine else None)),
        COVERAGE.family(_value(machine.coverage if machine else None)),
        SOURCE_UP.family(Sample({"source": name}, float(up)) for name, up in sorted(snapshot.sources_up.items())),
        READINGS.family(_value(health.readings)),
        READ_FAILURES.family(_value(health.read_failures)),
        RESETS.family(_value(health.resets)),
        MISSED_TICKS.family(_value(health.missed_ticks)),
        GAPS.family(_value(health.gaps_s)),
        BEGAN.family(_value(snapshot.began_unix_s)),
        TAKEN.family(_value(snapshot.taken_unix_s)),
        READER_UP.family(_value(1.0)),
    ]
