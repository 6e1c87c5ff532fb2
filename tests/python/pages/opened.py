"""Pages that are open in Chromium, without a network, and the runs that they show."""

from __future__ import annotations

import math
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from python.pages.written import Meter, Stretch


class Opened:
    """A page that is open, with what it said and what it asked for."""

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]")
        self.address = path.as_uri()

    def is_quiet(self) -> bool:
        """Whether it said nothing, and asked for nothing but itself."""
        return self.said == [] and {address.partition("#")[0] for address in self.asked} == {self.address}


def context_of(browser: Browser, theme: str = "light", width: int = 1200) -> BrowserContext:
    scheme = "dark" if theme == "dark" else "light"
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        offline=True,
    )
    context.route("http*://**", lambda route: route.abort())
    return context


def meters() -> tuple[Meter, ...]:
    return (
        Meter("cpu:0", "package", lambda time: 100 + 30 * math.sin(time / 5), missing=((20.0, 24.0),)),
        Meter("memory", "dram", lambda time: 20.0, "modelled", source="ram_model"),
        Meter("gpu:0", "gpu", lambda time: 300.0 if 10 < time < 40 else 40.0),
        Meter("wall", "wall", lambda time: 600.0, role="apart"),
    )


REGIONS = (
    Stretch("train", 5, 50),
    *(Stretch("epoch", 5 + 10 * number, 14 + 10 * number, 1) for number in range(4)),
    Stretch("evaluate", 51, 58),
)
INFO: dict[str, object] = {
    "tags": {"model": "small"},
    "argv": ["python", "train.py"],
    "probes": [{"name": "nvml", "state": "absent", "error": "no NVIDIA driver"}],
}
