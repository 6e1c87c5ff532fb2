"""Names from outside run nothing, wherever in a page they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from impact_tracker.budget import Price
from impact_tracker.pages import html_report
from python.pages import written
from python.pages.opened import Opened, context_of
from python.pages.written import Meter, Run, Stretch

pytestmark = pytest.mark.usefixtures("core")

HOSTILE = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "<!--<script>",
    "\u2028alert(1)\u2029", "]]><x>", "javascript:alert(1)", "{{7*7}}${alert(1)}`", "&lt;b&gt;&#x3c;", "\u202egnp.exe",
    "</style><style>*{display:none}</style>", "<base href=//x>", "' onfocus=alert(1) autofocus='", "\x00\x08\x7f",
    "<meta http-equiv=refresh>",
)  # fmt: skip
names = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(names, min_size=6, max_size=6), st.sampled_from(HOSTILE))
def test_no_name_runs_anything(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, chosen: list[str], sure: str
) -> None:
    folder = tmp_path_factory.mktemp("hostile") / "<img src=x onerror=alert(1)>"
    tag, host, word, region, inner, device = chosen
    info: dict[str, object] = {
        "tags": {tag: sure, sure: tag},
        "hostname": host,
        "argv": [word, sure],
        "host": {"cpu": host, "gpus": [{"name": sure}]},
        "probes": [{"name": word, "state": sure, "error": inner}, sure],
    }
    stretches = [Stretch(region, 1, 4), Stretch(inner, 2, 3, 1), Stretch(sure, 4.5, 5)]
    run = Run([Meter(device), Meter(sure, watts=lambda time: 30.0)], seconds=6.0, stretches=stretches, info=info)
    written.write(folder, run)
    written.write(folder, Run(run.meters, 6.0, stretches=stretches, info=info, number=1))
    path = folder.parent / "page.html"
    path.write_text(html_report([folder], price=Price(1.0, "EUR")), encoding="utf-8")
    with context_of(browser) as context:
        opened = Opened(context, path)
        page = opened.page
        for button in page.locator("button[data-fold=open]").all():
            button.click()
        page.locator(".plot").first.focus()
        page.keyboard.press("ArrowLeft")
        assert opened.is_quiet(), (chosen, sure, opened.said, opened.asked)
        assert page.evaluate("document.querySelectorAll('script').length") == 3
        assert page.evaluate("document.querySelectorAll('img, base, iframe, object, style').length") == 1
        inline = (
            "[...document.querySelectorAll('*')].some((e) => [...e.attributes].some((a) => a.name.startsWith('on')))"
        )
        assert not page.evaluate(inline)


def test_a_script_that_were_let_in_would_not_run(browser: Browser, report: Path, tmp_path: Path) -> None:
    """The page's own rule forbids every other script, style and request."""
    image, paragraph = "<img src='https://example.org/x.png'>", "<p style='color:red' id=p>x</p>"
    bad = f"<script>document.title='run'</script>{image}{paragraph}</main>"
    path = tmp_path / "page.html"
    path.write_text(report.read_text(encoding="utf-8").replace("</main>", bad), encoding="utf-8")
    with context_of(browser) as context:
        opened = Opened(context, path)
        assert opened.page.title() != "run"
        assert opened.page.evaluate("getComputedStyle(document.getElementById('p')).color") != "rgb(255, 0, 0)"
        assert sum("Content Security Policy" in words for words in opened.said) >= 3
