"""The live view on snapshots of our own, in a terminal that Textual plays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual.widgets import DataTable, Static

from impact_tracker.live.app import ORDERS, TopApp, answer_of, ranked
from impact_tracker.live.processes import ProcessUse
from impact_tracker.live.snapshot import DevicePower, LiveSnapshot, processors_watts

USES = (
    ProcessUse(30, "train", 0, 0.9, 90.0, "job_12"),
    ProcessUse(20, "load [red]", 0, 0.1, 10.0, "job_13"),
    ProcessUse(10, "sleep", 0, 0.0, 0.0, ""),
)
SNAPSHOT = LiveSnapshot(
    "this machine", 10.0, 120.0, 1200.0, 12.0, "measured",
    (DevicePower("cpu:0 package", 100.0, 1000.0, "measured", "rapl", True),
     DevicePower("cpu:0 core", None, None, "missing", "rapl", False)),
    USES, ("fit", "epoch"), "50 Wh", ("memory: not measured",),
)  # fmt: skip


class Fixed:
    """A watch that shows the same each second, a second later."""

    def __init__(self) -> None:
        self.looks = 0

    def snapshot(self) -> LiveSnapshot:
        self.looks += 1
        return replace(SNAPSHOT, seconds=9.0 + self.looks)

    def close(self) -> None: ...


def played(steps: Callable[[TopApp], Awaitable[None]], watch: Fixed | None = None) -> None:
    async def run() -> None:
        app = TopApp(watch or Fixed(), interval_s=3600)
        async with app.run_test(size=(110, 36)) as pilot:
            await pilot.pause()
            app.pilot = pilot  # type: ignore[attr-defined]
            await steps(app)

    asyncio.run(run())


def rows(app: TopApp, name: str) -> list[list[str]]:
    table = app.query_one(f"#{name}", DataTable)
    return [[str(cell) for cell in table.get_row_at(index)] for index in range(table.row_count)]


def text(app: TopApp, name: str) -> str:
    return str(app.query_one(f"#{name}", Static).render())


def test_the_first_screen_has_the_answer_and_what_uses_it() -> None:
    async def steps(app: TopApp) -> None:
        assert text(app, "answer") == answer_of(SNAPSHOT)
        assert "fit › epoch" in text(app, "details") and "memory: not measured" in text(app, "details")
        assert rows(app, "devices")[0][:4] == ["cpu:0 package", "100 W", "1.00 kJ", "measured"]
        assert rows(app, "devices")[1][1:3] == ["–", "not measured"]
        assert [row[0] for row in rows(app, "processes")] == ["30", "20", "10"]

    played(steps)


def test_order_filter_and_freeze() -> None:
    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        await pilot.press("s", "s")
        assert [row[0] for row in rows(app, "processes")] == ["10", "20", "30"]
        await pilot.press("slash", *"job_13", "enter")
        assert [row[0] for row in rows(app, "processes")] == ["20"]
        await pilot.press("escape")
        assert len(rows(app, "processes")) == 3
        await pilot.press("space")
        assert "[frozen]" in text(app, "answer")
        looks = watch.looks
        app.renew()
        assert watch.looks == looks
        await pilot.press("space")
        app.renew()
        assert watch.looks == looks + 1 and "frozen" not in text(app, "answer")

    watch = Fixed()
    played(steps, watch)


def test_a_picture_is_written_and_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        await pilot.press("p")
        await pilot.pause()
        (picture,) = tmp_path.glob("impact-top-*.svg")
        assert "job_12" in picture.read_text() and "[red]" in picture.read_text().replace("&#160;", " ")

        def full(*_: object, **__: object) -> str:
            raise OSError("No space left on device")

        monkeypatch.setattr(app, "save_screenshot", full)
        await pilot.press("p")

    played(steps)


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_has_every_process_once(order: str) -> None:
    assert sorted(use.pid for use in ranked(USES, order, "")) == [10, 20, 30]
    assert [use.pid for use in ranked(USES, order, "TRAIN")] == [30]


def test_unknown_powers() -> None:
    unknown = replace(SNAPSHOT, watts=None, energy_j=None, error_j=None, quality="missing")
    assert answer_of(unknown) == "this machine: power not measured, not measured in 10.0 s, missing"
    package = SNAPSHOT.devices[0]
    assert processors_watts([package, replace(package, watts=None)]) is None  # half of two sockets is not the machine's
    assert processors_watts([replace(package, in_total=False)]) is None
    assert processors_watts([package, package]) == 200.0
