"""The machine's meter: it writes no record that nobody wants, its counters never step back, it leaves no trace."""

from __future__ import annotations

import resource
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from impact_tracker.config import resolve
from impact_tracker.exporter import meter as meter_module
from impact_tracker.exporter.lost import Losses
from impact_tracker.exporter.meter import MachineMeter
from impact_tracker.exporter.snapshot import LostChannel, SensorNow, decoded, encoded
from waiting import until

if TYPE_CHECKING:
    from impact_tracker import _core
    from impact_tracker.probes import Probe


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def settings(folder: Path, interval_s: float = 0.02) -> dict[str, object]:
    return {"interval_s": interval_s, "sources": "rapl_powercap", "logdir": str(folder)}


def test_what_nobody_wants_is_cleared_while_it_measures_on(
    fake_machine: MachineFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(meter_module, "_LARGEST_SPARE_RECORD", 2000)
    machine = fake_machine(zones.server("constant:100"))
    meter = MachineMeter(resolve(settings(tmp_path), config="none"), keeps_record=False, root=str(machine.root))
    try:
        assert meter.path is None
        (record,) = tmp_path.rglob("*.jsonl")
        energies: list[float] = []
        sizes: list[int] = []

        def was_cleared_twice() -> bool:
            meter._core.flush()
            snapshot = meter.snapshot()
            assert snapshot is not None
            assert decoded(encoded(snapshot)) == snapshot
            energies.extend(channel.energy_j for channel in snapshot.channels)
            sizes.append(record.stat().st_size)
            return sum(later < earlier for earlier, later in zip(sizes, sizes[1:])) >= 2

        assert until(was_cleared_twice, 30)
        assert energies == sorted(energies)
        assert energies[-1] > energies[0]
        assert max(sizes) < 20_000
    finally:
        meter.close()
    assert not list(tmp_path.iterdir())


def test_thousands_of_snapshots_need_no_more_memory(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100", sockets=2))
    meter = MachineMeter(resolve(settings(tmp_path, 0.1), config="none"), keeps_record=False, root=str(machine.root))
    try:
        for number in range(6000):
            assert meter.snapshot() is not None
            if number == 1000:
                before = resident_pages()
        assert (resident_pages() - before) * resource.getpagesize() < 8 << 20
    finally:
        meter.close()


def test_a_source_that_there_is_not_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(ValueError, match="no-such-source"):
        MachineMeter(resolve({"sources": "no-such-source"}, config="none"), keeps_record=False)
    assert not list(tmp_path.iterdir())


def test_a_reader_that_fails_is_told_with_its_words_and_again_when_it_is_back(
    fake_machine: MachineFactory, tmp_path: Path
) -> None:
    """First stale, with what it had; then missing, with what `doctor` hears of the reader."""
    machine = fake_machine(zones.server("constant:100", sockets=2))
    meter = MachineMeter(resolve(settings(tmp_path), config="none"), keeps_record=False, root=str(machine.root))

    def lost() -> dict[str, LostChannel]:
        snapshot = meter.snapshot()
        assert snapshot is not None
        assert decoded(encoded(snapshot)) == snapshot
        ids = {channel.id for channel in snapshot.channels}
        for channel in snapshot.lost:
            assert (channel.quality == "stale") == (channel.id in ids)
            assert channel.sensor.kind == "counter"
        return {channel.id: channel for channel in snapshot.lost}

    def has_grown() -> bool:
        snapshot = meter.snapshot()
        return snapshot is not None and all(channel.energy_j > 5 for channel in snapshot.channels) and not lost()

    def quality() -> str:
        package = lost().get("rapl/package-0")
        return "" if package is None else package.quality

    try:
        assert until(has_grown, 10)  # of a counter that never grew nothing is known
        machine.control("eio intel-rapl:0 on")
        assert until(lambda: quality() == "stale", 10)
        stale = lost()["rapl/package-0"]
        assert stale.reason == "rapl_powercap gives no reading of rapl/package-0"
        assert (stale.source, stale.device, stale.domain) == ("rapl_powercap", "cpu:0", "package")
        assert until(lambda: quality() == "missing", 20)
        missing = lost()["rapl/package-0"]
        assert missing.reason.startswith(stale.reason)
        assert 0 < stale.lost_s < missing.lost_s
        assert "rapl/package-1" not in lost()
        machine.control("eio intel-rapl:0 off")
        assert until(lambda: not lost(), 20)
    finally:
        meter.close()


def test_a_reader_that_hangs_when_it_is_asked_why_holds_up_nothing() -> None:
    let_go = threading.Event()
    asked: list[float] = []

    def probe() -> list[Probe]:
        asked.append(time.monotonic())
        assert let_go.wait(60)
        return [cast("Probe", {"name": "nvml", "state": "broken", "error": "the driver\nfell off the bus"})]

    channel = cast("_core.ChannelResult", SimpleNamespace(id="nvml/a", source="nvml", device="gpu:a", domain="gpu"))
    sensor = SensorNow("counter", "measured", 0.0, 0.1, 900.0)
    losses = Losses(probe)
    try:
        assert losses.of(channel, "stale", 0.1, sensor).reason == "nvml gives no reading of nvml/a"
        assert not asked
        for lost_s in range(100):
            assert losses.of(channel, "missing", lost_s, sensor).reason == "nvml gives no reading of nvml/a"
        let_go.set()
        with_words = "nvml gives no reading of nvml/a: the driver fell off the bus"
        assert until(lambda: losses.of(channel, "missing", 101.0, sensor).reason == with_words, 10)
        losses.is_back(channel.id)
        losses.of(channel, "missing", 1.0, sensor)
        assert len(asked) == 1  # readers that come and go are not opened anew each time
    finally:
        let_go.set()
