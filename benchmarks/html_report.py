"""How a day's page opens and moves: python benchmarks/html_report.py [--hours 24] [--rate 10] [--devices 5].

Writes a record of a day at 10 Hz with five devices into a temporary directory, makes its page, opens it in headless
Chromium from the disk, and prints what reading, opening, and moving through it took. Goals: opened in 2 s, 5 MB and
95 % of frames within 50 ms while the window moves and zooms. Needs playwright, numpy and Debian's chromium.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from many_records import channel, header, mark
from playwright.sync_api import CDPSession, sync_playwright

ROWS_TO_KEY = 600
OPENED_S, SIZE_MB, FRAME_MS, FRAMES = 2.0, 5.0, 50.0, 300

# The window moves over the whole run while it grows and shrinks, for as many frames as are asked for.
PAN = """async (frames) => {
  const host = document.querySelector("[data-chart]"), end = DURATION, times = [];
  let before = await new Promise(requestAnimationFrame);
  for (let i = 0; i < frames; i++) {
    const span = end * (0.01 + 0.2 * (1 + Math.sin(i / 15))), from = ((end - span) * i) / frames;
    host.dispatchEvent(new CustomEvent("impact-view", { detail: { from, to: from + span } }));
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times;
}"""


def write(folder: Path, hours: float, rate: float, devices: int) -> Path:
    """The record of noisy devices, with a region every ten minutes and one reading missing in a while."""
    names = [("cpu:0", "package"), ("memory", "dram"), *((f"gpu:{index}", "gpu") for index in range(devices))][:devices]
    head = json.loads(header(0, 0, 1, 1_000_000_000_000))
    head["channels"] = [
        {**channel(f"rapl/{domain}-{index}", device, domain, "counter", "J", 1e-6), "source": "rapl_powercap"}
        for index, (device, domain) in enumerate(names)
    ]
    head["groups"] = [{"source": "rapl_powercap", "channels": list(range(devices))}]
    head["info"] = {
        "hostname": "node-1",
        "book": {
            "interval_ns": round(1e9 / rate),
            "at_edges": [True] * devices,
            "roles": ["in_total"] * devices,
            "missing": [],
        },
    }
    steps, step_us = round(hours * 3600 * rate), round(1e6 / rate)
    draw = np.random.default_rng(1)
    watts = 60.0 * (1 + np.arange(devices)) * (1.2 + np.sin(np.arange(steps) / 3000.0)[:, None])
    joules = np.maximum(draw.normal(watts, 0.15 * watts), 0.0) * step_us  # in µJ
    energies = joules.astype(np.int64)
    counts = np.cumsum(energies, axis=0)
    lines = [json.dumps(head), mark("enter", 0, "run", 0.001).replace('"v": [[', '"w": [[')]
    every = round(600 * rate)
    for step in range(steps):
        time_us = (step + 1) * step_us
        if step % ROWS_TO_KEY == 0:
            lines.append(f'["k",0,{time_us},3,{",".join(map(str, counts[step]))}]')
        else:
            lines.append(f"[{step_us},3,{','.join(map(str, energies[step]))}]")
        if step % every == 0:
            lines.append(
                json.dumps({"m": "enter", "r": 1 + step // every, "n": "epoch", "at": time_us * 1000, "v": []})
            )
        if step % every == every - 5:
            lines.append(json.dumps({"m": "exit", "r": 1 + step // every, "at": time_us * 1000, "v": []}))
    lines.append(json.dumps({"m": "exit", "r": 0, "at": (steps + 1) * step_us * 1000, "v": []}))
    place = folder / "impacttracker"
    place.mkdir()
    path = place / "20260101T000000Z-1000-0000000000000000.jsonl"
    path.write_text("\n".join([*lines, '{"e":"totals","info":{}}', ""]))
    return path


def main() -> int:
    """Write, make the page, open it, move through it, print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=float, default=10.0, help="samples a second")
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    from impact_tracker.pages import html_report

    with tempfile.TemporaryDirectory(prefix="html-report-") as name:
        record = write(Path(name), args.hours, args.rate, args.devices)
        begin = time.perf_counter()
        text = html_report([name])
        made_s = time.perf_counter() - begin
        page = Path(name) / "page.html"
        page.write_text(text, encoding="utf-8")
        size_mb = page.stat().st_size / 1e6
        samples = round(args.hours * 3600 * args.rate)
        print(f"{samples} samples of {args.devices} devices, {record.stat().st_size / 1e6:.0f} MB of record")
        print(f"page made in {made_s:.1f} s, {size_mb:.2f} MB (goal {SIZE_MB:g} MB)")
        opened_s, frames, cpu_ms = _in_chromium(page, args.chromium, args.hours * 3600)
    frames.sort()
    middle, late, longest = frames[len(frames) // 2], frames[int(len(frames) * 0.95)], frames[-1]
    print(f"opened and drawn in {opened_s:.2f} s (goal {OPENED_S:g} s)")
    print(
        f"{len(frames)} frames while it moves and zooms: median {middle:.1f} ms, 95 % below {late:.1f} ms (goal",
        end=" ",
    )
    print(f"{FRAME_MS:g} ms), longest {longest:.1f} ms; {cpu_ms:.1f} ms of the page's own processor time a frame")
    return int(opened_s > OPENED_S or size_mb > SIZE_MB or late > FRAME_MS)


def _in_chromium(page: Path, chromium: str, duration_s: float) -> tuple[float, list[float], float]:
    """Seconds from the begin of navigation until the chart is drawn, the best of three; milliseconds of each frame, and
    of the processor's time for one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        times = []
        for _ in range(3):
            tab = browser.new_page(viewport={"width": 1280, "height": 1400})
            tab.goto(page.as_uri())
            tab.wait_for_selector(".plot canvas")
            times.append(tab.evaluate("performance.now()") / 1000.0)
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = _busy_s(session)
        frames = [float(each) for each in tab.evaluate(PAN.replace("DURATION", str(duration_s)), FRAMES)]
        cpu_ms = (_busy_s(session) - before) / FRAMES * 1000.0
        browser.close()
    return min(times), frames, cpu_ms


def _busy_s(session: CDPSession) -> float:
    """Processor time of the page's main thread so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


if __name__ == "__main__":
    sys.exit(main())
