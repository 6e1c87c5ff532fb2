"""Makes the pictures of README.md and docs/ anew, on a fake machine whose power is known: `python scripts/pictures.py`.

Needs the built fakes (make setup), Debian's Chromium and Textual. It prints the result of the README's five lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fakes import zones  # noqa: E402
from fakes.machine import FakeMachine  # noqa: E402

PICTURES = ROOT / "docs/pictures"
COLUMNS = 112
TRAINING = """
import sys, time
from pathlib import Path
from impact_tracker import ImpactTracker

def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(10000))

Path("/proc/self/comm").write_text("training")  # what the machine's power follows

with ImpactTracker(sys.argv[1], zone="FR", interval_s=0.05, tags={"model": "resnet"}) as tracker:
    with tracker.region("load"):
        time.sleep(1.5)
    for epoch in range(4):
        with tracker.region("epoch"):
            with tracker.region("train"):
                work(2.2)
            with tracker.region("validate"):
                time.sleep(0.7)
print(tracker.result)
"""


def on_machine(machine: FakeMachine, *words: str, **variables: str) -> str:
    """What a program prints on the fake machine."""
    environment = {**os.environ, "IMPACT_TRACKER_SOURCES": machine.reader, "COLUMNS": str(COLUMNS), **variables}
    done = machine.run([sys.executable, *words], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{words}: {done.stderr}")
    return str(done.stdout)


def console_picture(text: str, title: str, target: Path) -> None:
    """A console's output as an SVG, its colours in it."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    # Names of classes that do not change with the content keep the differences of two versions small.
    console.save_svg(str(target), title=title, unique_id="console")


def page_picture(page: Path, target: Path) -> None:
    """The first screen of an HTML page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        view.goto(page.as_uri())
        view.wait_for_timeout(1000)
        if view.get_by_text("cannot be drawn").count():
            raise SystemExit(f"{page}: the chart was not drawn")
        view.screenshot(path=str(target))
        browser.close()


def live_picture(target: Path) -> None:
    """The live view of a node that trains: a snapshot of known numbers, drawn as a terminal gets it."""
    import asyncio

    from impact_tracker.live.app import TopApp
    from impact_tracker.live.snapshot import LiveSnapshot
    from python.top.views import PICTURE

    class Watch:
        def snapshot(self) -> LiveSnapshot:
            return PICTURE

        def close(self) -> None: ...

    async def draw() -> str:
        app = TopApp(Watch(), interval_s=3600)
        async with app.run_test(size=(COLUMNS, 32)) as pilot:
            await pilot.pause()
            return app.export_screenshot(title="impact-tracker top runs/resnet")

    target.write_text(asyncio.run(draw()), encoding="utf-8")


def plain_places(text: str) -> str:
    """Without the names of the machine on which the pictures were made; the host's as a word of its own, for a short
    one may be a part of anything."""
    text = text.replace(f"{Path.cwd()}/", "").replace(sys.executable, "python")
    return re.sub(rf"(?<![\w+/=]){re.escape(os.uname().nodename)}(?![\w+/=])", "node1", text)


def in_terminal(machine: FakeMachine, *words: str) -> str:
    """What a program prints where it sees a terminal."""
    line = " ".join(["impact-tracker" if word == "impact_tracker" else word for word in words])
    command = f"stty cols {COLUMNS} rows 50; {sys.executable} -m {' '.join(words)}"
    done = machine.run(
        ["script", "-qec", command, "/dev/null"],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    shown = plain_places(done.stdout.replace("\r\n", "\n"))
    return f"\x1b[1m$ {line}\x1b[0m\n{shown}"


def main() -> None:
    """The pictures, and the printed result. With the word "top" that of the live view alone."""
    PICTURES.mkdir(exist_ok=True)
    live_picture(PICTURES / "top.svg")
    if sys.argv[1:] == ["top"]:
        return
    load = {"training": 120.0}
    machine = FakeMachine(zones.following_load(idle_w=45.0, watts_per_cpu=0.0, by_command=load, dram=True))
    with machine, tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        program = Path(scratch) / "train.py"
        program.write_text(TRAINING)
        print(on_machine(machine, str(program), "runs/resnet"))
        console_picture(
            in_terminal(machine, "impact_tracker", "report", "runs/resnet", "--regions"),
            "impact-tracker",
            PICTURES / "console.svg",
        )
        on_machine(machine, "-m", "impact_tracker", "report", "runs/resnet", "--html", "report.html")
        report = Path("report.html")
        report.write_text(plain_places(report.read_text()))
        page_picture(report.resolve(), PICTURES / "report.png")
    subprocess.run(["ls", "-l", str(PICTURES)], check=True)


if __name__ == "__main__":
    main()
