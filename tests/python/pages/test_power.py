"""Power over time and the tree of regions, as a page holds them."""

from __future__ import annotations

import base64
import math
import random
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from impact_tracker.pages import html_report
from impact_tracker.pages.packing import Block
from impact_tracker.pages.power import MOST_BUCKETS, power_of
from impact_tracker.pages.regions import depths_of, tree_of
from impact_tracker.report import load_runs
from python.pages import written
from python.pages.opened import meters
from python.pages.parsed import Text
from python.pages.written import Meter, Run, Stretch

pytestmark = pytest.mark.usefixtures("core")


def arrays(block: Block, *places: object) -> list[tuple[float, ...]]:
    data = zlib.decompress(base64.b64decode(block.text))
    kinds = {"f8": "d", "f4": "f", "u2": "H"}
    return [
        struct.unpack_from(f"<{place['count']}{kinds[place['type']]}", data, place["at"])  # type: ignore[index]
        for place in places
    ]


def test_a_short_run_keeps_every_sample_and_its_gaps(tmp_path: Path) -> None:
    written.write(tmp_path, Run(meters()))
    (run,), _ = load_runs([tmp_path])
    block = Block()
    power = power_of(run, block, 1.0)
    assert [channel.label for channel in power.channels] == ["cpu:0", "memory", "gpu:0", "wall"]
    cpu, memory, _, wall = power.channels
    assert memory.fields["modelled"] and not cpu.fields["modelled"] and wall.is_apart
    assert [(gap.begin_s, gap.end_s) for gap in cpu.gaps] == [
        (pytest.approx(20, abs=0.01), pytest.approx(24, abs=0.01))
    ]
    times, values = arrays(block, cpu.fields["times"], cpu.fields["values"])
    assert len(times) == len(values) == 60
    assert values[5] == pytest.approx(100 + 30 * math.sin(6 / 5), rel=1e-4)
    assert sum(map(math.isnan, values)) == 5  # the first one, which has none before it, and four that are missing
    # The run's own last reading, half a millisecond after the last row's, tells nothing more.
    assert memory.mean_w == pytest.approx(20.0 * 59.0 / 59.0005)


def decoded(block: Block, fields: dict[str, object]) -> list[list[float]]:
    low, high = float(fields["lowest"]), float(fields["highest"])  # type: ignore[arg-type]
    return [
        [math.nan if code == 65535 else low + (high - low) * code / 65534 for code in codes]
        for codes in arrays(block, fields["low"], fields["mean"], fields["high"])
    ]


def test_a_long_run_keeps_lowest_highest_and_mean_of_short_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np = pytest.importorskip("numpy")
    spikes = {777, 1500, 2999}
    watts = {step: 1000.0 if step in spikes else 100.0 + step % 7 for step in range(1, 3001)}
    meter = Meter("cpu:0", watts=lambda time: watts.get(round(time / 0.1), 100.0), missing=((100.0, 130.0),))
    written.write(tmp_path, Run([meter], seconds=300.0, interval_s=0.1))
    (run,), _ = load_runs([tmp_path])
    monkeypatch.setattr("impact_tracker.pages.power.MOST_SAMPLES", 100)
    monkeypatch.setattr("impact_tracker.pages.power.MOST_BUCKETS", 300)
    block = Block()
    (channel,) = power_of(run, block, 1.0).channels
    low, mean, high = map(np.asarray, decoded(block, channel.fields))
    assert len(mean) <= 301 and channel.bucket_s == pytest.approx(1.0)
    assert (high > 990).sum() == len(spikes) and channel.highest_w == pytest.approx(1000.0)
    assert np.isnan(mean).sum() == pytest.approx(30, abs=1)
    assert np.nanmin(low) == pytest.approx(100.0) and (low <= mean + 1e-9).sum() == (~np.isnan(mean)).sum()
    # Readings are missing over 30 s: the rest is what the channel says of the other 270.
    known = sum(value for step, value in watts.items() if not 1000 < step <= 1300) * 0.1
    assert np.nansum(mean) * channel.bucket_s == pytest.approx(known, rel=0.01)
    assert [(round(gap.begin_s), round(gap.end_s)) for gap in channel.gaps] == [(100, 130)]


@settings(max_examples=60)
@example(84, 6, 1)
@given(st.integers(0, 2**32), st.integers(2, 400), st.integers(1, 60))
def test_buckets_lose_no_sample_and_no_energy(seed: int, samples: int, buckets: int) -> None:
    np = pytest.importorskip("numpy")
    from impact_tracker.pages.power import _buckets

    draw = random.Random(seed)
    spans = [draw.choice((0.001, 0.1, 0.1001, 1.0, 7.0)) * draw.uniform(0.5, 2.0) for _ in range(samples)]
    ends = np.cumsum(spans)
    watts = np.array([math.nan if draw.random() < 0.2 else draw.uniform(0, 500) for _ in range(samples)])
    watts[0] = math.nan
    edges = np.linspace(ends[0], ends[-1], buckets + 1)
    low, high, mean = _buckets(ends, watts, edges)
    known = ~np.isnan(watts)
    covered = np.interp(edges, ends, np.cumsum(np.where(known, np.diff(ends, prepend=ends[0]), 0.0)))
    joules = np.nansum(mean * np.diff(covered))
    assert joules == pytest.approx(float((watts[known] * np.asarray(spans)[known]).sum()), rel=1e-6, abs=1e-6)
    assert not known.any() or np.nanmax(high) == pytest.approx(np.nanmax(watts))
    assert not known.any() or np.nanmin(low) == pytest.approx(np.nanmin(watts))
    assert np.all((low <= mean) & (mean <= high) | np.isnan(mean))


def test_without_numpy_a_long_run_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written.write(tmp_path)
    monkeypatch.setattr("impact_tracker.pages.power.MOST_SAMPLES", 10)
    monkeypatch.setitem(__import__("sys").modules, "numpy", None)
    assert "pip install 'impact-tracker[report]'" in Text(html_report([tmp_path])).text


def test_the_room_for_samples_keeps_a_page_below_its_size() -> None:
    assert MOST_BUCKETS * 3 * 2 * 4 / 3 < 4_000_000  # three numbers of two bytes each, as letters


# ---- regions


def nested(
    draw: random.Random, depth: int = 0, begin: float = 1.0, end: float = 59.0
) -> list[tuple[str, float, float]]:
    if depth > 3 or end - begin < 0.5:
        return []
    cut = sorted(draw.uniform(begin, end) for _ in range(2))
    return [(draw.choice("abc"), cut[0], cut[1]), *nested(draw, depth + 1, cut[0], cut[1])]


@pytest.mark.parametrize("seed", range(5))
def test_the_tree_holds_each_region_once_below_its_parents(tmp_path: Path, seed: int) -> None:
    chain = nested(random.Random(seed))
    stretches = [Stretch(label, begin, end, parent) for parent, (label, begin, end) in enumerate(chain)]
    written.write(tmp_path, Run(stretches=stretches))
    (run,), _ = load_runs([tmp_path])
    regions = run.record.regions
    assert sorted(depths_of(regions)) == list(range(len(chain)))
    at, seen = tree_of(regions), 0
    while at.below:
        (at,) = at.below.values()
        seen += len(at.stretches)
    assert seen == len(chain)


def test_stretches_that_overlap_in_time_are_said_to_count_it_each(tmp_path: Path) -> None:
    words = "overlap in time: a row of all of them counts that time each time"
    written.write(tmp_path / "one", Run(stretches=[Stretch("work", 1, 30), Stretch("work", 30, 50)]))
    written.write(tmp_path / "two", Run(stretches=[Stretch("work", 1, 30), Stretch("work", 20, 50)]))
    assert words not in Text(html_report([tmp_path / "one"])).text
    assert words in Text(html_report([tmp_path / "two"])).text


def test_of_too_many_rows_those_of_whole_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_tracker.pages.regions.MOST_ROWS", 12)
    first = [Stretch("early", 1 + number, 1.5 + number) for number in range(30)]
    written.write(
        tmp_path, Run([Meter("cpu:0")], stretches=[*first, Stretch("late", 50, 58), Stretch("in", 51, 52, 31)])
    )
    text = Text(html_report([tmp_path])).text
    assert "The table shows 12 of 33 rows." in text
    assert all(words in text for words in (" late ", " in ", "early, no. 1", "early, no. 9 "))


def test_a_region_below_itself_and_below_one_that_is_lost_stands_somewhere(tmp_path: Path) -> None:
    deep = [Stretch(f"level {number}", 1 + number / 1000, 59 - number / 1000, number) for number in range(1200)]
    path = written.write(tmp_path, Run([Meter("cpu:0")], stretches=[*deep, Stretch("lost", 2, 3, 99_999)]))
    text = path.read_text().replace('"r": 1, "p": 0', '"r": 1, "p": 1')
    path.write_text(text.replace('{"m": "enter", "r": 1, "n"', '{"m": "enter", "r": 1, "p": 1200, "n"'))
    page = Text(html_report([tmp_path])).text  # deeper than Python may call itself
    assert "level 1199" in page and "lost" in page


def test_many_long_runs_with_many_regions_stay_below_the_size_of_a_page(tmp_path: Path) -> None:
    stretches = [Stretch(f"step {number}", number / 40, number / 40 + 0.02) for number in range(1, 2000)]
    for number in range(6):
        written.write(tmp_path / str(number), Run(stretches=stretches, number=number))
    page = html_report([tmp_path])
    assert len(page.encode()) < 5_000_000 and "The table shows 250 of 1,999 rows." in Text(page).text
