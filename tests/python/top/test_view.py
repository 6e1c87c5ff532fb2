"""The live view's program in a terminal that Textual plays: keys, sizes, pictures."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual.geometry import Region

from impact_tracker.live import screen, watches
from impact_tracker.live.app import TopApp
from impact_tracker.live.processes import ProcessUse
from impact_tracker.live.screen import Line, answer_of
from impact_tracker.live.snapshot import LiveSnapshot, LiveWatch
from python.top.views import EVERY, MACHINE


class Fixed:
    """A watch that shows the same each second, a second later."""

    def __init__(self, snapshot: LiveSnapshot = MACHINE) -> None:
        self.looks = 0
        self.shows = snapshot

    def snapshot(self) -> LiveSnapshot:
        self.looks += 1
        return replace(self.shows, seconds=9.0 + self.looks)

    def close(self) -> None: ...


def played(
    steps: Callable[[TopApp], Awaitable[None]], watch: LiveWatch | None = None, size: tuple[int, int] = (120, 36)
) -> None:
    async def run() -> None:
        app = TopApp(watch or Fixed(), interval_s=3600)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.pilot = pilot  # type: ignore[attr-defined]
            await steps(app)

    asyncio.run(run())


def text(app: TopApp) -> str:
    return "\n".join(line.text for line in app.board.lines)


def pids(app: TopApp) -> list[str]:
    lines = [line.text.split() for line in app.board.lines if line.style in ("row", "idle")]
    return [words[0] for words in lines if words and words[0].isdigit()]


def test_the_first_screen_has_the_answer_and_what_uses_it() -> None:
    async def steps(app: TopApp) -> None:
        assert text(app).startswith(answer_of(MACHINE))
        assert "memory: not measured" in text(app) and "cpu:0 package" in text(app)
        assert pids(app) == ["30", "20", "10", "40"]
        assert "Slurm 77.0" in text(app) and "70 GiB" in text(app)

    played(steps)


def test_order_filter_panes_and_freeze() -> None:
    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        await pilot.press("s", "s", "s")
        assert pids(app) == ["10", "20", "30", "40"] and "by pid" in text(app)
        await pilot.press("slash", *"job_13x", "backspace")
        assert "filter: job_13_" in text(app)
        await pilot.press("enter")
        assert pids(app) == ["20"] and "filter: job_13," not in text(app)
        await pilot.press("escape")
        assert len(pids(app)) == 4
        await pilot.press("slash", *"q s/p", "escape")  # letters while a filter is typed, not keys
        assert app.is_running and len(pids(app)) == 4
        await pilot.press("tab")
        assert "[jobs]" in text(app) and "Docker 3f2a9c81b7d0" in text(app)
        await pilot.press("tab", "tab")
        assert "[processes 4]" in text(app)
        await pilot.press("shift+tab")
        assert "[regions]" in text(app)
        await pilot.press("space")
        assert "[frozen]" in text(app)
        looks = watch.looks
        app.renew()
        assert watch.looks == looks
        await pilot.press("space")
        app.renew()
        assert watch.looks == looks + 1 and "frozen" not in text(app)

    watch = Fixed()
    played(steps, watch)


def test_scrolling_goes_to_every_row_and_no_further() -> None:
    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        first = pids(app)
        await pilot.press("down", "down", "up")
        assert pids(app)[0] == first[1]
        await pilot.press("end")
        assert pids(app)[-1] == "499"
        await pilot.press("pageup", "pagedown", "end", "down", "home")
        assert pids(app) == first

    uses = tuple(ProcessUse(number, "x", 0, 0.0) for number in range(500))
    played(steps, Fixed(replace(MACHINE, processes=uses)))


def test_only_lines_that_changed_are_drawn() -> None:
    async def steps(app: TopApp) -> None:
        drawn: list[Region] = []
        refresh = app.board.refresh
        app.board.refresh = lambda *regions, **more: (drawn.extend(regions), refresh(*regions, **more))[1]  # type: ignore[method-assign,assign,func-returns-value]
        app.renew()
        assert [region.y for region in drawn] == [0]  # the answer has another duration, all else is the same
        app.board.show([Line("x" * 120), *app.board.lines[1:]])
        assert [region.y for region in drawn] == [0, 0]

    played(steps)


@pytest.mark.parametrize("size", [(40, 10), (20, 4), (200, 60)])
@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_view_is_drawn_in_every_size(name: str, size: tuple[int, int]) -> None:
    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        for key in ("tab", "tab", "tab", "s", "space"):
            await pilot.press(key)
            assert len(app.board.lines) == size[1]
        picture = app.export_screenshot().replace("&#160;", " ")
        shown = app.board.lines[0].text.strip()[:10]
        assert shown in picture
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert len(app.board.lines) == 20 and len(app.board.lines[0].text) == 60

    played(steps, Fixed(EVERY[name]), size)


def test_a_picture_is_written_and_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        await pilot.press("p")
        (picture,) = tmp_path.glob("impact-top-*.svg")
        svg = picture.read_text(encoding="utf-8").replace("&#160;", " ")
        assert "job_13" in svg and "[red]" in svg and "≈ 20.0 W" in svg
        assert "written: " in text(app)
        app.renew()
        app.renew()
        assert "written: " not in text(app)

        def full(*_: object, **__: object) -> str:
            raise OSError("No space left on device")

        monkeypatch.setattr(app, "save_screenshot", full)
        await pilot.press("p")
        assert "not written: No space left" in text(app)

    played(steps)


def test_q_ends() -> None:
    async def steps(app: TopApp) -> None:
        await app.pilot.press("q")  # type: ignore[attr-defined]
        await app.pilot.pause()  # type: ignore[attr-defined]
        assert not app.is_running or app._exit

    played(steps)


class Hanging(Fixed):
    """A watch whose driver does not return until it is let go."""

    def __init__(self, from_look: int) -> None:
        super().__init__()
        self.from_look = from_look
        self.let_go = threading.Event()

    def snapshot(self) -> LiveSnapshot:
        shown = super().snapshot()
        if self.looks >= self.from_look and not self.let_go.wait(60):
            raise RuntimeError("nobody let the driver go")
        return shown


async def until_shown(app: TopApp, words: str) -> None:
    end_s = time.monotonic() + 20
    while words not in text(app) and time.monotonic() < end_s:
        await asyncio.sleep(0.02)
    assert words in text(app)


def test_a_driver_that_hangs_holds_up_neither_keys_nor_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "LATE_S", 0.3)
    watch = Hanging(from_look=2)

    async def steps(app: TopApp) -> None:
        pilot = app.pilot  # type: ignore[attr-defined]
        assert text(app).startswith(answer_of(MACHINE))
        began_s = time.monotonic()
        for _ in range(50):
            app.renew()
        assert time.monotonic() - began_s < 10  # where each of them waited for the driver, it would be never
        assert watch.looks == 2  # one look at a time
        assert app.is_held_up
        await pilot.press("s", "s", "s")
        assert pids(app) == ["10", "20", "30", "40"] and "by pid" in text(app)
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert len(app.board.lines) == 30
        await until_shown(app, "stale: a reader or driver has not answered for")
        watch.let_go.set()
        await until_shown(app, "in 11.0 s")
        assert "stale" not in text(app) and not app.is_held_up
        app.renew()
        await until_shown(app, "in 12.0 s")

    try:
        played(steps, watch)
    finally:
        watch.let_go.set()


def test_a_driver_that_hangs_from_the_first_look_on_lets_the_user_quit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "LATE_S", 0.3)
    watch = Hanging(from_look=1)

    async def steps(app: TopApp) -> None:
        await until_shown(app, "a driver hangs")
        await app.pilot.press("q")  # type: ignore[attr-defined]

    try:
        played(steps, watch)
        assert not watch.let_go.is_set()
    finally:
        watch.let_go.set()


def test_a_driver_that_hangs_while_it_is_opened_leaves_the_first_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    class Slow:
        def __init__(self, *words: object, **options: object) -> None:
            let_go.wait(60)
            raise OSError("the driver is gone")

    monkeypatch.setattr(watches, "ImpactTracker", Slow)
    monkeypatch.setattr(screen, "LATE_S", 0.3)
    began_s = time.monotonic()
    watch = watches.MachineWatch(1.0)
    assert watch.is_opening and time.monotonic() - began_s < 20  # where it waited for the driver, it would be never

    async def steps(app: TopApp) -> None:
        app.view.waits_for = "the drivers are being opened"
        await until_shown(app, "the drivers are being opened, for")
        let_go.set()
        await until_shown(app, "could not be opened: the driver is gone")

    try:
        played(steps, watch)
    finally:
        let_go.set()
        watch.close()
    with pytest.raises(OSError, match="the driver is gone"):
        watches.MachineWatch(1.0)  # where it is known at once, no screen is drawn


def test_what_a_look_raises_ends_the_view() -> None:
    class Broken(Fixed):
        def snapshot(self) -> LiveSnapshot:
            if self.looks:
                raise RuntimeError("the record is gone")
            return super().snapshot()

    async def steps(app: TopApp) -> None:
        with pytest.raises(RuntimeError, match="the record is gone"):
            app.renew()

    played(steps, Broken())
