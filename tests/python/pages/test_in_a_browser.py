"""The page in headless Chromium, opened from the disk without a network: what it draws, how it is used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from impact_tracker.pages import html_report
from python import golden
from python.pages import written
from python.pages.opened import REGIONS, Opened, context_of, meters
from python.pages.written import Run

pytestmark = pytest.mark.usefixtures("core")
FASHION = Path(__file__).parents[2] / "data" / "golden" / "bench" / "fashion"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of several runs, a damaged one among them, a campaign and a cluster."""
    folder = tmp_path_factory.mktemp("everything")
    for number in range(2):
        written.write(folder / f"runs/{number}", Run(meters(), stretches=REGIONS, number=number, complete=number < 1))
    site = folder / "site.json"
    rows = [
        {"user": f"user{number}", "jobs": 3, "energy_j": 1e8 * number, "low_j": 9e7 * number, "high_j": 1.1e8 * number}
        for number in range(1, 5)
    ]
    balance = {"nodes": 4, "total_j": 1.2e9, "jobs_j": 1e9, "idle_j": 2e8, "standby_j": 0.0, "uncovered_j": 0.0}
    site.write_text(json.dumps({"balance": balance, "summary": {"carbon_g": 1e5}, "tables": {"user": rows}}))
    path = folder / "page.html"
    path.write_text(html_report([folder / "runs", FASHION, site]), encoding="utf-8")
    return path


def test_it_opens_from_the_disk_without_a_word_and_without_a_request(browser: Browser, everything: Path) -> None:
    with context_of(browser) as context:
        opened = Opened(context, everything)
        opened.page.mouse.wheel(0, 5000)
        opened.page.wait_for_timeout(200)
        assert opened.is_quiet(), (opened.said, opened.asked)


@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 1200), ("dark", 400)])
def test_a_screen_reader_and_a_weak_eye_find_no_hindrance(
    browser: Browser, everything: Path, report: Path, theme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with context_of(browser, theme, width) as context:
        for path in (report, everything):
            page = Opened(context, path).page
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()


def test_the_first_screen_holds_the_answer(browser: Browser, report: Path) -> None:
    with context_of(browser) as context:
        page = Opened(context, report).page
        for words in ("Energy", "Carbon", "Cost of the electricity"):
            box = page.get_by_text(words, exact=True).first.bounding_box()
            assert box is not None and box["y"] + box["height"] < 900
        answer = page.inner_text("section.answer")
        assert "modelled" in answer and "±" in answer and "CO2e" in answer and "EUR" in answer


def test_no_width_makes_the_page_scroll_sideways(browser: Browser, everything: Path) -> None:
    for width in (320, 400, 1200):
        with context_of(browser, width=width) as context:
            page = Opened(context, everything).page
            wide = page.evaluate(
                """() => [...document.querySelectorAll("body *")].filter((each) => !each.closest(".scroll *")
                && each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 100))"""
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= width, wide


def test_each_control_is_reached_by_the_tab_key(browser: Browser, report: Path) -> None:
    controls = "button, input, summary, a[href], [tabindex='0']"
    with context_of(browser) as context:
        page = Opened(context, report).page
        page.evaluate(
            """() => { window.reached = new Set();
            document.addEventListener("focusin", (event) => reached.add(event.target)); }"""
        )
        count = page.evaluate(f"document.querySelectorAll(`{controls}`).length")
        for _ in range(count + 5):
            page.keyboard.press("Tab")
        # Of radio buttons one is reached by the tab key and the others by arrows; what is folded away is reached later.
        missed = page.evaluate(
            f"""() => [...document.querySelectorAll(`{controls}`)].filter((each) => !reached.has(each)
            && each.checkVisibility() && !each.disabled && !(each.type === "radio" && !each.checked))
            .map((each) => each.outerHTML.slice(0, 120))"""
        )
        assert missed == []
        page.focus("input[name=theme]:checked")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_keys_read_and_move_the_chart(browser: Browser, report: Path) -> None:
    with context_of(browser) as context:
        opened = Opened(context, report)
        page = opened.page
        page.focus(".plot")
        spoken = []
        for _ in range(25):
            page.keyboard.press("ArrowLeft")
            spoken.append(page.inner_text(".readout"))
        assert any("a reading is missing here" in words and "cpu:0 no reading" in words for words in spoken)
        assert any("in train › epoch" in words and "gpu:0 300 W" in words for words in spoken)
        assert page.get_attribute(".readout", "aria-live") == "polite"
        assert page.get_attribute("input[type=range]", "disabled") == ""
        page.keyboard.press("+")
        page.keyboard.press("+")
        page.wait_for_timeout(50)
        moved = page.get_attribute("input[type=range]", "aria-valuetext")
        assert moved is not None and "to" in moved
        page.keyboard.press("PageDown")
        assert page.get_attribute("input[type=range]", "aria-valuetext") != moved
        page.keyboard.press("0")
        page.wait_for_timeout(50)
        assert page.get_attribute("input[type=range]", "disabled") == ""
        assert opened.is_quiet()


def test_modelled_parts_are_hatched_and_a_device_can_be_hidden(browser: Browser, report: Path) -> None:
    with context_of(browser) as context:
        page = Opened(context, report).page
        page.locator("button.device").first.wait_for()  # the chart is drawn after the page has come
        named = [" ".join(text.split()) for text in page.locator("button.device").all_inner_texts()]
        assert named == ["cpu:0 measured", "memory modelled", "gpu:0 measured", "wall measured"]
        assert page.locator("button.device.modelled").count() == 1
        pressed = page.locator("button.device[aria-pressed=true]")
        assert pressed.count() == 3  # a meter of the whole machine is shown when it is asked for
        page.locator("button.device").nth(3).click()
        assert pressed.count() == 4
        # The hatching under the modelled line: coloured and empty points side by side.
        changes = page.evaluate(
            """() => { const canvas = document.querySelector(".plot canvas"), pen = canvas.getContext("2d");
            const { data, width, height } = pen.getImageData(80, 0, 600, canvas.height), changes = [];
            for (let y = 0; y < height; y++) {
              let count = 0;
              for (let x = 1; x < width; x++) {
                const at = 4 * (y * width + x) + 3;
                if (data[at] > 0 !== data[at - 4] > 0) count++;
              }
              changes.push(count);
            }
            return changes; }"""
        )
        assert sum(count > 100 for count in changes) >= 4  # rows of points, where all other rows have a few lines


def test_regions_fold_sort_and_zoom(browser: Browser, report: Path) -> None:
    with context_of(browser) as context:
        page = Opened(context, report).page
        shown = "table.tree tbody tr:not([hidden]) th"
        assert [name.strip() for name in page.locator(shown).all_inner_texts()] == ["train", "evaluate"]
        page.locator("button.fold").first.click()
        assert page.locator(shown).count() == 3
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator(shown).count() == 7
        page.locator("table.tree button.sort", has_text="length").click()
        page.locator("table.tree button.sort", has_text="length").click()
        first = page.locator(shown).all_inner_texts()
        assert first[0].strip() == "evaluate" and page.locator("th[aria-sort=ascending]").count() == 1
        page.get_by_role("button", name="show evaluate in the chart").click()
        page.wait_for_timeout(100)
        text = page.get_attribute("input[type=range]", "aria-valuetext") or ""
        assert text.startswith("50.") or text.startswith("51")


def test_a_region_of_a_chart_that_was_never_seen_is_shown_in_it(browser: Browser, everything: Path) -> None:
    with context_of(browser) as context:
        page = Opened(context, everything).page
        last = page.locator("[data-chart]").count() - 1
        chart = page.locator("[data-chart]").nth(last)
        assert chart.locator("canvas.swatch").count() == 0
        page.evaluate("[...document.querySelectorAll('tbody tr:not([hidden]) button.show')].at(-1).click()")
        chart.locator(".plot canvas").wait_for()
        page.wait_for_timeout(100)
        assert (chart.locator("input[type=range]").get_attribute("aria-valuetext") or "").startswith("50.65")


def test_dragging_zooms_and_a_double_click_shows_all_again(browser: Browser, report: Path) -> None:
    with context_of(browser) as context:
        page = Opened(context, report).page
        page.locator(".plot").scroll_into_view_if_needed()
        box = page.locator(".plot .u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=4)
        page.mouse.up()
        page.wait_for_timeout(100)
        slider = page.locator("input[type=range]")
        assert slider.is_enabled() and (slider.get_attribute("aria-valuetext") or "").startswith("15.")
        page.mouse.dblclick(box["x"] + 100, box["y"] + 100)
        page.wait_for_timeout(100)
        assert slider.is_disabled()


def test_paper_is_light_and_has_the_chart(browser: Browser, everything: Path) -> None:
    with context_of(browser, "dark") as context:
        opened = Opened(context, everything)
        assert opened.page.pdf(format="A4", print_background=True).startswith(b"%PDF")
        opened.page.emulate_media(media="print")
        assert opened.page.locator(".plot canvas").count() == 2  # of runs that were never scrolled to as well
        assert not opened.page.locator(".controls").first.is_visible()
        opened.page.wait_for_timeout(50)
        assert opened.page.evaluate("document.documentElement.dataset.theme ?? 'auto'") == "auto"
        assert opened.is_quiet(), opened.said


def test_a_page_without_javascript_has_its_numbers(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    assert "CO2e" in page.inner_text("section.answer") and page.locator("table.tree tbody tr").count() == 7
    context.close()


OUTLINE = """() => {
  const walk = (node, depth) => {
    const lines = [];
    for (const child of node.children) {
      if (["SCRIPT", "STYLE", "NOSCRIPT", "svg"].includes(child.tagName) || child.matches(".plot *")) continue;
      const facts = ["class", "role", "aria-label", "aria-pressed", "aria-expanded", "scope", "hidden"]
        .filter((name) => child.hasAttribute(name)).map((name) => `${name}=${child.getAttribute(name)}`);
      const words = [...child.childNodes].filter((each) => each.nodeType === 3);
      const text = words.map((each) => each.data.trim()).join(" ");
      lines.push(`${" ".repeat(depth)}${child.tagName.toLowerCase()} ${facts.join(" ")} ${text}`.trimEnd());
      lines.push(...walk(child, depth + 1));
    }
    return lines;
  };
  return walk(document.body, 0).join("\\n") + "\\n";
}"""


def test_the_structure_is_the_golden_one(browser: Browser, report: Path) -> None:
    with context_of(browser) as context:
        outline = Opened(context, report).page.evaluate(OUTLINE)
    from impact_tracker import __version__

    outline = outline.replace(str(report.parent.parent), "…").replace(__version__, "VERSION")
    # Numbers are compared with the console's elsewhere; those of the footprint change with the tables of factors.
    golden.check("pages/run.txt", re.sub(r"\d[\d.,]*(e-?\d+)?", "0", outline))
