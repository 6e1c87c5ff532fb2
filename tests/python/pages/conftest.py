"""One browser for each module of tests, and a page of one run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from impact_tracker.budget import Price
from impact_tracker.pages import html_report
from impact_tracker.weighing import Reweighing
from python.pages import written
from python.pages.opened import INFO, REGIONS, meters
from python.pages.written import Run

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "Debian's chromium is missing: it is in requirements/debian.txt"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of one run."""
    folder = tmp_path_factory.mktemp("report") / "run"
    written.write(folder, Run(meters(), stretches=REGIONS, info=INFO))
    path = folder / "page.html"
    path.write_text(html_report([folder], new=Reweighing(None, 400.0, 1.2), price=Price(0.25, "EUR")), encoding="utf-8")
    return path
