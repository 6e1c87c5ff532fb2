"""What a page holds, without a browser: the console's numbers, escaped names, power, regions, inputs of other kinds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker import cli, digits
from impact_tracker.budget import Price
from impact_tracker.pages import html_report
from impact_tracker.pages.answer import cost_of, money
from impact_tracker.pages.markup import data_block, element, name
from impact_tracker.pages.tables import sort_value
from impact_tracker.report import load_runs
from impact_tracker.report.runs import load_readable
from impact_tracker.report.tables import page_of
from impact_tracker.values import Energy
from impact_tracker.weighing import Weighing
from python.pages import written
from python.pages.opened import meters
from python.pages.parsed import Text
from python.pages.written import Meter, Run, Stretch

pytestmark = pytest.mark.usefixtures("core")
Capture = pytest.CaptureFixture[str]


def test_the_pages_numbers_are_the_consoles(tmp_path: Path) -> None:
    written.write(tmp_path, Run(meters(), stretches=[Stretch("train", 5, 50), Stretch("epoch", 5, 14, 1)]))
    (run,), _ = load_runs([tmp_path])
    page = Text(html_report([tmp_path], price=Price(0.25, "EUR"))).text
    console = page_of([run], regions=True)
    for line in (*console.headline.split("\n"), *console.caveats):
        assert " ".join(line.split()) in page
    for row in console.tables[0].rows:
        for cell in row:
            assert cell in page
    cost = cost_of(run.result.energy, run.result.weighing, Price(0.25, "EUR"))
    assert cost is not None and money(cost, "EUR") in page


def test_several_runs_have_the_consoles_tables_and_intervals(tmp_path: Path) -> None:
    for number in range(3):
        watts = 100.0 * (1 + number)
        written.write(tmp_path / str(number), Run([Meter("cpu:0", watts=lambda _, watts=watts: watts)], number=number))
    runs, _ = load_runs([tmp_path])
    page = Text(html_report([tmp_path])).text
    for row in page_of(runs).tables[0].rows:
        assert all(cell in page for cell in row)
    assert re.search(r"2 used 200\.?0* % ± \S+ % more energy than 0", page) and "3.0000 ±" in page


def test_records_of_one_machine_at_one_time_are_drawn_as_one_and_not_compared(tmp_path: Path) -> None:
    for number in range(2):
        path = written.write(tmp_path / str(number), Run(number=number))
        path.write_text(
            path.read_text().replace(f'"start_ns": {written.START_NS + 10**12}', '"start_ns": 1000000000000')
        )
    page = Text(html_report([tmp_path])).text
    assert "machines, each joule once" in page and "Compared with the first" not in page
    assert "2 records of 1 machine: 7.20 kJ" in page


def test_a_cost_has_the_range_of_energy_and_overhead() -> None:
    energy = Energy(3.6e6, 3.6e5, 0.0)
    stated = cost_of(energy, Weighing(pue=1.5), Price(0.2, "EUR"))
    assert stated is not None and stated.best == pytest.approx(0.3)
    assert (stated.low, stated.high) == (pytest.approx(0.27), pytest.approx(0.33))
    open_pue = cost_of(energy, Weighing(), Price(0.2, "EUR"))
    assert open_pue is not None and open_pue.high > 1.5 * open_pue.best
    assert cost_of(Energy.missing(), Weighing(), Price(0.2, "EUR")) is None


# ---- names

texts = st.text(st.characters(), max_size=30) | st.sampled_from(
    [
        "</script><script>x()</script>",
        "<!--<script>",
        "]]>",
        "\u2028\u2029",
        "\x00\x1f",
        "\ud800",
        '" onload=x ',
        "&lt;",
    ]
)


@given(texts, texts)
def test_a_name_is_text_wherever_it_stands(text: str, other: str) -> None:
    page = element("p", {"title": text, "data-x": other}, name(text), other)
    page.encode("utf-8")
    parsed = Text(page)
    assert [tag for tag, _ in parsed.tags] == ["p", "bdi"]
    assert set(parsed.tags[0][1]) <= {"title", "data-x"}


@given(st.dictionaries(texts, st.lists(texts)))
def test_a_block_of_data_comes_back_and_ends_where_it_ends(value: dict[str, list[str]]) -> None:
    block = data_block("x", value)
    inside = block.partition(">")[2].rpartition("</script>")[0]
    assert not re.search("[<>&\u2028\u2029]", inside)
    assert json.loads(inside) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.2 kJ ± 0.1 kJ", 1200.0), ("12.00 kWh ± 0.15 kWh", 12000 * 3600.0), ("140 µg CO2e (29 to 650)", 140e-6),
        ("3 h 12 min", 11520.0), ("4 min 05 s", 245.0), ("420 mW", 0.42), ("< 0.1 %", 0.1), ("1,234", 1234.0),
        ("not measured", None), ("", None), ("2.4e-06", 2.4e-06), ("−3 W", -3.0), ("8.3 ± 0.9", 8.3), ("2 t CO2e", 2e6),
        ("2 d 04 h", 187200.0),
    ],
)  # fmt: skip
def test_cells_are_sorted_by_what_they_say(cell: str, value: float | None) -> None:
    assert sort_value(cell) == (None if value is None else pytest.approx(value))


@given(st.floats(1e-6, 1e12))
def test_sorting_undoes_the_digits(joules: float) -> None:
    value = sort_value(digits.energy(joules))
    assert value == pytest.approx(joules, rel=0.06)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("cpu", "gpus", "name", "state", "rank", "value", "logical_cpus")), inner)
    ),
    max_leaves=8,
)
keys = ("tags", "host", "hostname", "argv", "probes", "job", "rank", "pue", "zone", "intensity", "tool", "environment")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(keys), values, min_size=1, max_size=4))
def test_a_header_may_hold_anything(tmp_path: Path, info: dict[str, object]) -> None:
    written.write(tmp_path, Run([Meter("cpu:0")], seconds=3.0, info=info))
    page = html_report([tmp_path])
    runs, unreadable = load_readable([tmp_path])
    assert runs or "not read" in first_screen(page), unreadable  # half a pair of surrogates is no JSON
    if runs:
        page_of(runs)


# ---- what is wrong with the input stands first


def first_screen(page: str) -> str:
    return Text(page.partition('<section class="answer"')[2].partition("</section>")[0]).text


def test_damage_an_early_end_and_a_future_version_are_said_first(tmp_path: Path, capsys: Capture) -> None:
    damaged = written.write(tmp_path / "damaged", Run(number=1))
    lines = damaged.read_text().split("\n")
    lines[20] = "[1,2,<b>"
    damaged.write_text("\n".join(lines))
    written.write(tmp_path / "killed", Run(number=2, complete=False, stretches=[Stretch("train", 5, 99)]))
    future = written.write(tmp_path / "future", Run(number=3))
    future.write_text(future.read_text().replace('"version": 1', '"version": 99'))
    empty = tmp_path / "empty" / "impacttracker" / "20260101T000000Z-1-0000000000000009.jsonl"
    empty.parent.mkdir(parents=True)
    empty.write_text("")
    screen = first_screen(html_report([tmp_path]))
    assert "damaged: the record is damaged: line 21" in screen
    assert "killed: the record ends early" in screen
    assert "not read" in screen and "99" in screen and empty.name in screen

    out = tmp_path / "page.html"
    for place in (future.parent.parent, empty.parent.parent):
        assert cli.main(["report", str(place), "--html", str(out)]) == 2
        screen = first_screen(out.read_text())
        assert "No run could be read" in screen and "not read" in screen
        assert "not read" in capsys.readouterr().err


def test_a_huge_record_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written.write(tmp_path)
    monkeypatch.setattr("impact_tracker.pages.report.HUGE_BYTES", 100)
    assert "the record is huge" in first_screen(html_report([tmp_path]))


def test_nothing_measured_is_never_0(tmp_path: Path) -> None:
    path = written.write(tmp_path, Run([Meter("cpu:0", missing=((-1.0, 99.0),))]))
    path.write_text(re.sub(r'"v": \[\[.*\]\]', '"v": []', path.read_text()))
    text = html_report([tmp_path], price=Price(0.25, "EUR"))
    screen = first_screen(text)
    assert "energy not measured" in screen and "no energy was measured" in screen and " 0 J" not in screen


def test_many_runs_have_sections_up_to_a_number_and_the_page_says_so(tmp_path: Path) -> None:
    for number in range(14):
        written.write(tmp_path / f"{number:02}", Run([Meter("cpu:0")], seconds=5, number=number))
    page = html_report([tmp_path])
    assert page.count("data-chart=") == 12 and "the 12 newest of 14 runs" in first_screen(page)


# ---- campaigns and clusters

FASHION = Path(__file__).parents[2] / "data" / "golden" / "bench" / "fashion"


def test_a_campaign_has_its_headline_tables_and_drawings() -> None:
    page = html_report([FASHION])
    text = Text(page).text
    assert "MobileNet-V2 takes 7.65 (7.07 to 8.28) times the energy of Small CNN to train" in first_screen(page)
    assert "1 of 8 tasks failed" in first_screen(page)
    for words in ("0.324 ± 0.013", "Invalid runs: in no mean of this report", "Training: J for each image"):
        assert words in text
    assert page.count("<svg") == 2


def test_a_damaged_campaign_is_said(tmp_path: Path) -> None:
    (tmp_path / "campaign.json").write_text('{"schema": 99, "settings": {}, "tasks": []}')
    assert "install that" in first_screen(html_report([tmp_path]))


@pytest.fixture(scope="module")
def cluster_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("polars")
    from impact_tracker.cluster.simulate import SiteSpec, write_site

    folder = tmp_path_factory.mktemp("cluster")
    write_site(SiteSpec(seed=9, nodes=3, days=1.0, jobs=60, users=4, period_s=30.0), folder / "site", gpu_meters=True)
    return folder


def made(folder: Path, capsys: Capture, *more: str) -> dict[str, object]:
    site = folder / "site"
    words = ["--jobs", f"{site}/jobs.csv", "--power", f"{site}/power", "--nodes", f"{site}/nodes.csv", *more]
    assert cli.main(["cluster", "report", *words, "--json"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_a_clusters_report_as_json_and_as_tables(cluster_report: Path, tmp_path: Path, capsys: Capture) -> None:
    document = made(cluster_report, capsys, "--by", "user,month", "--by", "node", "--csv", str(tmp_path / "tables"))
    path = tmp_path / "site.json"
    path.write_text(json.dumps(document))
    balance, tables = document["balance"], document["tables"]
    out = tmp_path / "page.html"
    assert cli.main(["report", str(path), "--html", str(out)]) == 0
    page = out.read_text()
    screen, text = first_screen(page), Text(page).text
    assert digits.kwh(balance["total_j"]) in screen and "nodes used" in screen  # type: ignore[index]
    for row in tables["node"]:  # type: ignore[index]
        half = (row["high_j"] - row["low_j"]) / 2
        assert row["node"] in text and digits.kwh(row["energy_j"], half) in text
    from_tables = html_report([tmp_path / "tables"])
    jobs = len((tmp_path / "tables" / "jobs.csv").read_text().splitlines()) - 1
    assert f"{jobs} jobs: " in first_screen(from_tables) and "by node" in Text(from_tables).text


def test_a_clusters_file_of_any_shape_gives_a_page(tmp_path: Path) -> None:
    hostile = {
        "balance": {"nodes": "x", "total_j": 1e999, "jobs_j": None},
        "summary": [1],
        "tables": {"user": [{"user": "</td><script>1</script>", "energy_j": "NaN"}, 7], "a,b": "no"},
        "findings": [{"text": "<i>"}, 3],
        "window": {"begin_ns": 1e300},
    }
    path = tmp_path / "site.json"
    path.write_text(json.dumps(hostile))
    parsed = Text(html_report([path]))
    assert "</td><script>1</script>" in parsed.text and "not measured" in parsed.text
    assert sum(tag == "script" for tag, _ in parsed.tags) == 3


# ---- the command


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: Capture) -> None:
    written.write(tmp_path)
    for words, complaint in (
        (["--price", "0.25 EUR"], "give --html FILE too"),
        (["--html", str(tmp_path / "a.html"), "--price", "cheap"], "--price must be a price above 0"),
        (["--html", str(tmp_path / "impacttracker")], "impacttracker"),
    ):
        assert cli.main(["report", str(tmp_path), *words]) == 2
        assert complaint in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "nowhere"), "--html", str(tmp_path / "a.html")]) == 2
    assert not (tmp_path / "a.html").exists()


def test_a_page_opens_in_the_browser_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    written.write(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    page = tmp_path / "new" / "a b.html"
    assert cli.main(["report", str(tmp_path), "--html", str(page), "--open"]) == 0
    assert opened == [page.as_uri()] and page.read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in page.parent.iterdir()] == ["a b.html"]
