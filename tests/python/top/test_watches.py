"""Where the live view's snapshots come from: records with budgets, GPUs whose users are known or not."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import ImpactTracker, _core
from impact_tracker.budget_notes import BUDGET, KeptBudget, KeptForecast, kept_budget, left_of
from impact_tracker.live.gpus import gpu_uses
from impact_tracker.live.processes import DividedPower
from impact_tracker.live.snapshot import BudgetView, Powers
from impact_tracker.live.watches import RecordWatch
from impact_tracker.record import read_record
from impact_tracker.result import Result
from impact_tracker.values import Energy, Range

LIMIT = KeptBudget(Range(90.0, 100.0, math.inf), "100 J", "energy", "stop", Energy(10.0, 1.0, 0.5, 0.0))


def test_a_budget_is_kept_with_the_last_forecast() -> None:
    notes = [
        {"kind": "suspended"}, {"kind": "forecast", "energy_j": 1.0, "half_j": None, "done": 0.5}, LIMIT.as_note(),
        KeptForecast(80.0, None, 0.1).as_note(), KeptForecast(90.0, 5.0, 0.2).as_note(),
        {"kind": "forecast", "energy_j": "90", "done": True}, {"kind": BUDGET, "limit_j": 5},
    ]  # fmt: skip
    kept = kept_budget(notes)
    assert kept is not None and kept.limit == LIMIT.limit and kept.before == LIMIT.before
    assert kept.forecast == KeptForecast(90.0, 5.0, 0.2)
    view = BudgetView.of(kept, Energy(40.0, 2.0, 1.0, 0.0))
    assert view.left_j == pytest.approx(50.0) and view.used_share == pytest.approx(0.5)
    assert view.left_error_j is not None and view.left_error_j > 2.0  # what was used before has an error too
    assert view.forecast_half_j == pytest.approx(math.hypot(5.0, 90.0 * 1.0 / 40.0))  # a sensor's error does not shrink
    assert BudgetView.of(kept, Energy(40.0, 2.0, None, 0.0)).forecast_half_j is None
    unknown = BudgetView.of(kept, Energy.missing())
    assert (unknown.left_j, unknown.used_share, unknown.quality) == (None, None, "missing")
    assert BudgetView.of(kept, Energy(500.0, 0.0, 0.0, 0.0)).left_j == 0.0
    for used_j, most_left_j in ((95.0, 1.0), (500.0, 0.0)):  # what is used beyond the limit is known to 6 J
        left = left_of(100.0, Energy(0.0, 0.0, 0.0, 0.0), Energy(used_j + 10.0, 6.0, 0.0, 0.0))
        assert (left.best_j, left.error_j) == (0.0, pytest.approx(most_left_j))
    alone = BudgetView.of(replace(kept, before=Energy.missing()), Energy(40.0, 2.0, 1.0, 0.0))
    assert (alone.left_j, alone.used_share) == (None, None)  # other runs have used nobody knows what
    passed = BudgetView.of(replace(kept, before=Energy.missing()), Energy(120.0, 2.0, 1.0, 0.0))
    assert passed.used_share == pytest.approx(1.2)
    assert kept_budget([]) is None
    assert kept_budget([{**LIMIT.as_note(), "limit_j": [90.0, None, None]}]) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["budget", "forecast", "other"])},
            optional={
                "limit_j": json_values, "text": json_values, "before": json_values | st.just({"best_j": 1.0}),
                "energy_j": json_values, "half_j": json_values, "done": json_values,
            },
        ),
        max_size=4,
    )
)  # fmt: skip
def test_any_notes_are_read_or_passed_over(notes: list[dict[str, object]]) -> None:
    kept = kept_budget(notes)
    if kept is not None:
        BudgetView.of(kept, Energy(40.0, 2.0, 1.0, 0.0))


def moment(duration_s: float, energy_j: float | None) -> Result:
    """A result of one channel, as far as powers are made of it."""
    channel = SimpleNamespace(
        measures_energy=True, energy_j=energy_j, id="a", device="cpu:0", domain="package", quality="measured",
        source="rapl", in_total=True,
    )  # fmt: skip
    measured = SimpleNamespace(channels=[channel])
    return cast("Result", SimpleNamespace(duration_s=duration_s, energy_j=energy_j, measured=measured))


@pytest.mark.parametrize(
    ("moments", "watts"),
    [
        ([(0.003, None), (1.0, 100.0)], [None, 100.0]),  # a look before the first reading
        ([(0.006, 8.0), (1.0, 100.0), (2.0, 150.0)], [None, 100.0, 50.0]),  # a counter that is renewed seldom
        ([(1.0, 100.0), (1.0, 100.0), (1.5, 150.0)], [100.0, None, 100.0]),  # a record that has not grown
        ([(1.0, None), (2.0, 30.0), (3.0, 70.0)], [None, None, 40.0]),  # since when, is not known
        ([(1.0, 100.0), (2.0, None), (3.0, 300.0)], [100.0, None, None]),
    ],
)
def test_watts_are_told_of_intervals_that_are_known_and_long_enough(
    moments: list[tuple[float, float | None]], watts: list[float | None]
) -> None:
    powers = Powers()
    told = [powers.of(moment(*each)) for each in moments]
    assert [machine for machine, _ in told] == watts
    assert [devices[0].watts for _, devices in told] == watts


@dataclass
class User:
    pid: int
    share: float | None = None
    use: float | None = None
    memory_bytes: int | None = None


@dataclass
class Look:
    device: str
    unknown: str = ""
    users: list[User] = field(default_factory=list)


def test_gpus_whose_users_are_known_and_others() -> None:
    looks = [
        Look("gpu:a", "", [User(7, 0.75, 0.6, 100), User(8, 0.25, 0.2, None)]),
        Look("gpu:b", "", [User(7, 1.0, 0.5, 50)]),
        Look("gpu:c", "its driver does not tell which processes use it"),
    ]
    powers = {
        "gpu:a": DividedPower(400.0, "measured"), "gpu:b": DividedPower(100.0, "modelled"),
        "gpu:d": DividedPower(50.0, "measured"),
    }  # fmt: skip
    uses, notes = gpu_uses(cast("list[_core.GpuLook]", looks), powers)
    assert (uses[7].watts, uses[7].use, uses[7].memory_bytes, uses[7].quality) == (400.0, 1.1, 150, "modelled")
    assert (uses[8].watts, uses[8].memory_bytes) == (100.0, None)
    assert [note.partition(":")[0] + note[4:5] for note in notes] == ["gpud", "gpuc"]
    unmeasured, _ = gpu_uses(cast("list[_core.GpuLook]", looks), {"gpu:a": DividedPower(400.0, "measured")})
    assert unmeasured[7].watts is None and unmeasured[7].use == pytest.approx(1.1)  # of the other one it is not known


@pytest.mark.usefixtures("core")
class TestRecords:
    @pytest.fixture
    def running(self, tmp_path: Path) -> Iterator[ImpactTracker]:
        with ImpactTracker(
            tmp_path, budget="5 kWh", sources=["cpu_model", "ram_model"], interval_s=0.05, scope="machine"
        ) as tracker:
            yield tracker

    def test_a_run_with_a_budget_tells_what_is_left(self, running: ImpactTracker, tmp_path: Path) -> None:
        assert running.budget is not None
        for _ in running.epochs(3):
            with running.region("epoch"):
                running.wait(energy_j=(running.energy_j or 0.0) + 0.5, timeout_s=5)
        # A forecast is kept when a second has passed since the last; this one is asked for.
        running.budget._keep_forecast(0.0)
        with running.region("last\x1b[2J"):
            running.flush()
            snapshot = RecordWatch(running.path).snapshot()
        budget = snapshot.budget
        assert budget is not None and budget.text == "5 kWh"
        assert budget.left_j is not None and 0 < budget.left_j < 18e6 and budget.quality == "modelled"
        assert snapshot.regions == ("last\N{REPLACEMENT CHARACTER}[2J",)
        assert [use.name for use in snapshot.region_uses] == ["epoch", snapshot.regions[0]]
        assert snapshot.region_uses[0].times == 3 and snapshot.region_uses[1].open
        assert os.getpid() in [use.pid for use in snapshot.processes]  # the run goes on here

    def test_a_record_is_read_again_only_when_it_has_grown(self, running: ImpactTracker, tmp_path: Path) -> None:
        running.flush()
        # A copy: the tracker writes on by its own clock.
        place = tmp_path / "copy.jsonl"
        place.write_bytes(Path(running.path).read_bytes())
        watch = RecordWatch(place)
        first = watch.snapshot()
        watch._next_s = 0.0
        assert watch.snapshot() is first
        running.wait(energy_j=(running.energy_j or 0.0) + 1.0, timeout_s=5)
        running.flush()
        place.write_bytes(Path(running.path).read_bytes())
        assert watch.snapshot() is not first
        running.stop()
        place.write_bytes(Path(running.path).read_bytes())
        watch._next_s = 0.0
        ended = watch.snapshot()
        assert "(ended)" in ended.title and ended.processes == ()
        place.unlink()
        watch._next_s = 0.0
        assert watch.snapshot() is ended

    def test_of_a_run_that_was_killed_no_power_and_no_processes_stay(
        self, running: ImpactTracker, tmp_path: Path
    ) -> None:
        result = running.result
        while result is None or result.energy_j is None or result.duration_s < 0.1:  # powers need some time
            running.wait(energy_j=(running.energy_j or 0.0) + 1.0, timeout_s=5)
            result = running.result
        running.flush()
        place = tmp_path / "copy.jsonl"
        place.write_bytes(Path(running.path).read_bytes())
        boot_id = tmp_path / "proc/sys/kernel/random/boot_id"
        boot_id.parent.mkdir(parents=True)
        boot_id.write_bytes(Path("/proc/sys/kernel/random/boot_id").read_bytes())
        process = tmp_path / "proc" / str(os.getpid())
        process.mkdir()
        watch = RecordWatch(place, str(tmp_path))
        watch._next_s = 0.0
        assert watch.snapshot().watts is not None
        process.rmdir()
        watch._next_s = 0.0
        killed = watch.snapshot()
        assert (killed.watts, killed.processes) == (None, ()) and killed.energy_j is not None
        watch._next_s = 0.0
        assert watch.snapshot() is killed

    def test_a_record_that_became_none_is_shown_as_it_was(self, running: ImpactTracker) -> None:
        running.stop()
        watch = RecordWatch(running.path)
        before = watch.snapshot()
        Path(running.path).write_text("this is no record any more\n")
        watch._next_s = 0.0
        after = watch.snapshot()
        assert after.energy_j == before.energy_j and after.notes[0].startswith("not read again: ")

    def test_a_damaged_record_says_so(self, running: ImpactTracker, tmp_path: Path) -> None:
        running.stop()
        lines = Path(running.path).read_text().splitlines()
        lines.insert(2, "{broken")
        Path(running.path).write_text("\n".join(lines) + "\n")
        snapshot = RecordWatch(running.path).snapshot()
        assert "(damaged)" in snapshot.title and snapshot.notes[0].startswith("damaged: line 3")

    def test_the_notes_of_a_budget_are_few(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from impact_tracker import pacing

        now_s = iter(range(100_000))
        monkeypatch.setattr(pacing, "_now_s", lambda: float(next(now_s)))
        with ImpactTracker(tmp_path, budget="5 kWh", sources=["cpu_model"], scope="machine") as tracker:
            for _ in tracker.batches(range(3000)):
                pass
        notes = [note for note in read_record(tmp_path).notes if note["kind"] == "forecast"]
        assert len(notes) <= 200


def test_a_card_whose_shares_are_hidden_shows_the_use_of_ones_own() -> None:
    """AMD's and Intel's, for a user without root: others may be at work on it."""
    looks = [Look("gpu:pci-0000:03:00.0", "programs of other users are closed", [User(7, None, 0.6, 100)])]
    powers = {"gpu:pci-0000:03:00.0": DividedPower(300.0, "measured")}
    uses, notes = gpu_uses(cast("list[_core.GpuLook]", looks), powers)
    assert uses[7].use == 0.6 and uses[7].memory_bytes == 100
    assert uses[7].watts is None and uses[7].quality == "missing"
    assert len(notes) == 1 and "programs of other users are closed" in notes[0]


def test_the_kernels_account_of_amds_and_intels_cards_is_read(core: object, tmp_path: Path) -> None:
    """From files as the kernel shows them, up to the watts of each process."""
    from impact_tracker.live.gpus import GpuTable

    card = tmp_path / "sys/class/drm/card0/device"
    card.mkdir(parents=True)
    (card / "uevent").write_text("DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n", encoding="ascii")

    def opens(pid: int, busy_ns: int) -> None:
        folder = tmp_path / f"proc/{pid}"
        for name in ("fd", "fdinfo"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "stat").write_text(f"{pid} (a) S 1 1 1\n", encoding="ascii")
        (folder / "fdinfo/5").write_text(
            "pos:\t0\ndrm-driver:\tamdgpu\ndrm-client-id:\t"
            f"{pid}\ndrm-pdev:\t0000:03:00.0\ndrm-memory-vram:\t4 KiB\ndrm-engine-gfx:\t{busy_ns} ns\n",
            encoding="ascii",
        )
        if not (folder / "fd/5").is_symlink():
            (folder / "fd/5").symlink_to("/dev/dri/renderD128")

    powers = {"gpu:pci-0000:03:00.0": DividedPower(200.0, "measured")}
    for pid in (10, 11):
        opens(pid, 1_000)
    table = GpuTable(str(tmp_path))
    uses, notes = table.look(powers)
    assert uses[10].watts is None and uses[10].use is None and uses[10].memory_bytes == 4096
    assert len(notes) == 1 and "did not account" in notes[0]
    opens(10, 1_300)  # less than passes between any two looks
    opens(11, 1_100)
    table._next_s = 0.0  # drivers are asked seldom
    uses, notes = table.look(powers)
    assert uses[10].watts == pytest.approx(150.0) and uses[11].watts == pytest.approx(50.0)
    assert uses[10].use is not None and 0 < uses[10].use <= 1
    assert notes == ()
