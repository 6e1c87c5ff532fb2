"""The page in headless Chromium, opened from the disk without a network: what it draws, how it is used, what runs."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from impact_tracker.budget import Price
from impact_tracker.pages import html_report
from python import golden
from python.pages import written
from python.pages.written import Meter, Run, Stretch

pytestmark = pytest.mark.usefixtures("core")
CHROMIUM = "/usr/bin/chromium"
FASHION = Path(__file__).parents[2] / "data" / "golden" / "bench" / "fashion"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "Debian's chromium is missing: it is in requirements/debian.txt"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


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


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of one run."""
    folder = tmp_path_factory.mktemp("report") / "run"
    written.write(folder, Run(meters(), stretches=REGIONS, info=INFO))
    path = folder / "page.html"
    path.write_text(html_report([folder], price=Price(0.25, "EUR")), encoding="utf-8")
    return path


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

    golden.check("pages/run.txt", outline.replace(str(report.parent.parent), "…").replace(__version__, "VERSION"))


# ---- names from outside run nothing

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


# ---- the script's arithmetic

FILL = """([channel, begin, width, count]) => {
  const numbers = { f8: Float64Array, f4: Float32Array, u2: Uint16Array }, parts = [];
  let at = 0;
  const place = (kind, values) => {
    const data = new numbers[kind](values.map((value) => value ?? NaN));
    parts.push([at, new Uint8Array(data.buffer)]);
    const told = { type: kind, at, count: values.length };
    at += Math.ceil(data.byteLength / 8) * 8;
    return told;
  };
  const spec = { ...channel };
  for (const [name, [kind, values]] of Object.entries(channel.arrays)) spec[name] = place(kind, values);
  const buffer = new ArrayBuffer(at);
  for (const [start, bytes] of parts) new Uint8Array(buffer).set(bytes, start);
  const out = { low: new Array(count), high: new Array(count), mean: new Array(count) };
  impactPower.channelOf(spec, buffer).fill(begin, width, out);
  return out;
}"""


@pytest.mark.parametrize("seed", range(4))
def test_columns_of_samples_are_what_a_sum_over_them_says(browser: Browser, report: Path, seed: int) -> None:
    draw = random.Random(seed)
    ends, values = [0.5], [math.nan]
    for _ in range(300):
        ends.append(ends[-1] + draw.choice((0.01, 0.1, 0.1, 2.0)))
        values.append(math.nan if draw.random() < 0.2 else float(draw.randrange(1, 500)))
    begin, count = draw.uniform(0, ends[-1] / 2), 40
    width = (ends[-1] - begin) / count * draw.uniform(0.1, 1.2)
    channel = {
        "kind": "steps",
        "begin": 0.5,
        "arrays": {"times": ["f8", ends], "values": ["f4", [None if math.isnan(value) else value for value in values]]},
    }
    with context_of(browser) as context:
        out = Opened(context, report).page.evaluate(FILL, [channel, begin, width, count])
    for column in range(count):
        low, high = begin + column * width, begin + (column + 1) * width
        parts = [
            (max(0.0, min(end, high) - max(start, low)), value)
            for start, end, value in zip(ends, ends[1:], values[1:])
            if not math.isnan(value) and min(end, high) > max(start, low)
        ]
        if not parts:
            assert out["mean"][column] is None
            continue
        seconds = sum(span for span, _ in parts)
        assert out["mean"][column] == pytest.approx(sum(span * value for span, value in parts) / seconds)
        assert (out["low"][column], out["high"][column]) == (min(v for _, v in parts), max(v for _, v in parts))


@pytest.mark.parametrize("merged", [1, 4, 16, 100])
def test_columns_of_buckets_lose_no_peak_at_any_zoom(browser: Browser, report: Path, merged: int) -> None:
    draw = random.Random(merged)
    count = 4000
    codes = [65535 if draw.random() < 0.05 else draw.randrange(1000, 40000) for _ in range(count)]
    codes[1234] = 65534
    arrays = {name: ["u2", codes] for name in ("low", "high", "mean")}
    channel = {"kind": "buckets", "begin": 0.0, "width": 0.25, "lowest": 0.0, "highest": 65534.0, "arrays": arrays}
    columns = count // merged
    with context_of(browser) as context:
        out = Opened(context, report).page.evaluate(FILL, [channel, 0.0, 0.25 * merged, columns])
    for column in range(columns):
        inside = [code for code in codes[column * merged : (column + 1) * merged] if code != 65535]
        if not inside:
            assert out["mean"][column] is None
            continue
        beside = slice(max(column - 1, 0), column + 2)
        assert min(value for value in out["low"][beside] if value is not None) <= min(inside) + 0.1
        assert max(value for value in out["high"][beside] if value is not None) >= max(inside) - 0.1
        if merged in (1, 4, 16):  # the columns begin where buckets do
            assert out["mean"][column] == pytest.approx(sum(inside) / len(inside), rel=0.2)
            assert (out["low"][column], out["high"][column]) == (pytest.approx(min(inside)), pytest.approx(max(inside)))
    assert max(value for value in out["high"] if value is not None) == pytest.approx(65534)
