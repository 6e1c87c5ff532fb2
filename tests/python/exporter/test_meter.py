"""The machine's meter: it writes no record that nobody wants, its counters never step back, it leaves no trace."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from impact_tracker.config import resolve
from impact_tracker.exporter import meter as meter_module
from impact_tracker.exporter.meter import MachineMeter
from impact_tracker.exporter.snapshot import decoded, encoded
from waiting import until


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
