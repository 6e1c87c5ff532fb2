"""Intervals of studies hold the truth as often as they say, on machines whose laws are known; from one run there is
none, and the tables say why."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.digits import plus_minus
from impact_tracker.studies.meters.compare import compared
from impact_tracker.studies.meters.measure import MeterReading
from impact_tracker.studies.meters.show import MeterStudy
from impact_tracker.studies.meters.show import draw as draw_meters
from impact_tracker.studies.meters.show import page_of as meters_page
from impact_tracker.studies.metrics.entry import METRICS, MetricsEntry, ScoredRun
from impact_tracker.studies.metrics.show import as_dict, draw, page_of
from impact_tracker.studies.points.point import Checkpoint, JoulesRead, StudyPoint, StudyRun
from impact_tracker.studies.questions.curves import CurveSpot, fieller, mean_margins
from impact_tracker.studies.questions.exponents import exponent_of
from impact_tracker.studies.questions.known import QUESTIONS
from impact_tracker.studies.questions.means import quantity_text, time_text
from impact_tracker.values.statistics import Mean, mean_of, student_t
from python.studies import study_points

pytest.importorskip("scipy")
DRAWS = 1500
HELD = (0.93, 0.97)  # of 95 %, and what so many draws scatter: 0.006


def held_by(draw: Callable[[random.Random], tuple[float, float] | None], truth: float, seed: int) -> float:
    """How often the interval of a draw holds the truth."""
    chance, held = random.Random(seed), 0
    for _ in range(DRAWS):
        ends = draw(chance)
        assert ends is not None
        held += ends[0] <= truth <= ends[1]
    return held / DRAWS


@pytest.mark.parametrize("runs", [2, 3, 5, 10])
@pytest.mark.parametrize("spread", [0.02, 0.15, 0.3])
def test_the_exponent_of_a_growth_is_held(runs: int, spread: float) -> None:
    def draw(chance: random.Random) -> tuple[float, float] | None:
        repeats = [
            {size: size**1.3 * math.exp(chance.gauss(0, spread)) for size in (250.0, 1000.0, 4000.0)}
            for _ in range(runs)
        ]
        exponent = exponent_of(repeats)
        assert exponent is not None and exponent.repeats == runs
        return None if exponent.low is None or exponent.high is None else (exponent.low, exponent.high)

    assert HELD[0] <= held_by(draw, 1.3, runs) <= HELD[1]


@pytest.mark.parametrize("sizes", [4, 5, 8])
def test_the_exponent_of_sizes_that_ran_once_is_held(sizes: int) -> None:
    def draw(chance: random.Random) -> tuple[float, float] | None:
        exponent = exponent_of([{4.0**i: 4.0 ** (0.8 * i) * math.exp(chance.gauss(0, 0.1)) for i in range(sizes)}])
        assert exponent is not None and exponent.repeats == 1
        return None if exponent.low is None or exponent.high is None else (exponent.low, exponent.high)

    assert HELD[0] <= held_by(draw, 0.8, sizes) <= HELD[1]
    few = exponent_of([{1.0: 1.0, 4.0: 4.0, 16.0: 16.0}])
    assert few is not None and few.low is None and few.value == pytest.approx(1.0)
    assert "no interval" in few.how and few.text == "1.00"


@pytest.mark.parametrize("runs", [2, 3, 5, 10])
@pytest.mark.parametrize(("spread", "noise"), [(0.02, 0.002), (0.15, 0.01), (0.3, 0.03)])
def test_what_one_more_point_costs_is_held(runs: int, spread: float, noise: float) -> None:
    """10 J for 0.05 of the score; where the noise is as large as the gain there is no upper end."""

    def draw(chance: random.Random) -> tuple[float, float] | None:
        costs = [10.0 * chance.gauss(1, spread) for _ in range(runs)]
        return fieller(costs, [0.05 + chance.gauss(0, noise) for _ in range(runs)])

    assert HELD[0] <= held_by(draw, 200.0, runs) <= 0.985  # what lies below 0 is cut off, which only adds


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(-0.1, 0.1)), min_size=2, max_size=6))
def test_a_marginal_cost_lies_within_its_interval(runs: list[tuple[float, float]]) -> None:
    costs, gains = [cost for cost, _ in runs], [gain for _, gain in runs]
    ends, gain = fieller(costs, gains), sum(gains)
    if ends is not None and gain > 1e-6:
        assert 0 <= ends[0] <= sum(costs) / gain * (1 + 1e-6)
        assert ends[1] >= sum(costs) / gain * (1 - 1e-6)


def test_margins_are_of_runs_that_looked_as_often() -> None:
    short = [CurveSpot(10.0, 0.5), CurveSpot(20.0, 0.6)]
    full_curves = [[CurveSpot(10.0 * n, 0.1 * n) for n in (1, 2, 3)] for _ in range(3)]
    steps = mean_margins([short, *full_curves])
    assert [step.runs for step in steps] == [3, 3]
    assert [step.j_per_score for step in steps] == pytest.approx([100.0, 100.0])
    assert [step.low for step in mean_margins([full_curves[0]])] == [None, None]
    assert mean_margins([]) == []


@pytest.mark.parametrize("runs", [3, 10])
@pytest.mark.parametrize("spread", [0.02, 0.15, 0.3])
@pytest.mark.parametrize("name", ["energy_efficiency", "time_efficiency", "size_efficiency"])
def test_an_efficiency_is_held(name: str, runs: int, spread: float) -> None:
    truth = {"energy_efficiency": 0.8 / 2000 * 1e3, "time_efficiency": 0.8 / 60 * 3600, "size_efficiency": 0.8}[name]

    def draw(chance: random.Random) -> tuple[float, float] | None:
        return MetricsEntry(
            "e",
            "made",
            "training",
            runs,
            mean_of([2000 * chance.gauss(1, spread) for _ in range(runs)]),
            duration_s=mean_of([60 * chance.gauss(1, spread) for _ in range(runs)]),
            parameters=1e6,
            score=mean_of([0.8 + chance.gauss(0, 0.02) for _ in range(runs)]),
            metric="accuracy",
        ).ends(name)

    assert HELD[0] - 0.01 <= held_by(draw, truth, runs) <= HELD[1] + 0.015  # Welch's degrees of freedom are whole ones


@given(st.floats(0.01, 100), st.floats(0.01, 0.9999))
def test_a_difference_beyond_its_half_width_is_shown_beyond_it(value: float, part: float) -> None:
    for signed in (value, -value):
        shown, _, half = plus_minus(signed, part * value, signed=True).partition(" ± ")
        if part < 0.998:
            assert abs(float(shown)) > float(half)
        assert float(half) > 0


def run_of(point: StudyPoint, repeat: int, chance: random.Random, spread: float, *, memory: float | None) -> StudyRun:
    """Energies as the examples; the score saturates; memory that is known, or not."""
    seen = point.examples * point.epochs
    joules = seen * 0.01 * math.exp(chance.gauss(0, spread))
    score = min(1.0, 0.9 * (1 - math.exp(-seen / 2000)) + chance.gauss(0, 0.005))
    looks = tuple(
        Checkpoint(round(seen * n / 5), joules * n / 5, 1.0 * n, score * n / (n + 0.2), "test") for n in range(1, 6)
    )
    return StudyRun(
        f"{point.id}.r{repeat}",
        point,
        repeat,
        repeat,
        "ok",
        training=JoulesRead(joules, 0.01, 0.69 * joules, joules, "modelled"),
        training_s=joules / 20,
        evaluation=JoulesRead(10.0 * math.exp(chance.gauss(0, spread)), 0.1, 1.0, 10.0, "modelled"),
        evaluated=1000,
        metric="accuracy",
        score=score,
        seen=seen,
        carbon_g=joules * 1e-4,
        core_hours=joules / 1e5,
        parameters=1000 * (point.width or 7),
        peak_memory_bytes=None if memory is None else round(memory * math.exp(chance.gauss(0, spread))),
        checkpoints=looks,
        reached=None if point.target is None else score >= point.target,
    )


# Two looks of few examples: a target that such runs reach.
POINTS = {**study_points.POINTS, "target": [replace(point, target=0.2) for point in study_points.POINTS["target"]]}


def answer_of(study: str, runs: int, spread: float, seed: int, *, memory: float | None = 5e8):  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    points = POINTS[study]
    made = [run_of(point, n, chance, spread, memory=memory) for point in points for n in range(1, runs + 1)]
    return QUESTIONS[study].answer(points, made)


@pytest.mark.parametrize("study", sorted(POINTS))
def test_of_one_run_nothing_has_an_interval_and_the_tables_say_so(study: str) -> None:
    answer = answer_of(study, 1, 0.1, 3)
    text = "\n".join([answer.sentence, *(cell for table in answer.tables for row in table.rows for cell in row)])
    assert "modelled by load and time, not measured (± 69 %, common to all)" in answer.sentence
    assert "±" not in text.replace("(± 69 %, common to all)", "")
    assert "n = 1: no interval" in answer.sentence
    for table in answer.tables:
        assert table.title, table.columns
    assert any("n = 1" in table.title for table in answer.tables)


@pytest.mark.parametrize("study", sorted(POINTS))
@pytest.mark.parametrize("runs", [3, 5])
def test_of_several_runs_every_table_says_n_and_what_the_interval_is(study: str, runs: int) -> None:
    answer = answer_of(study, runs, 0.1, runs)
    assert all(re.search(r"95 %|p \(Holm\)", table.title) for table in answer.tables), [t.title for t in answer.tables]
    assert any(f"n = {runs}" in table.title for table in answer.tables)
    assert answer.sentence.endswith("modelled by load and time, not measured (± 69 %, common to all).")
    cells = [cell for table in answer.tables for row in table.rows for cell in row]
    bare = [cell for cell in cells if re.fullmatch(r"[\d.]+ (?:[kMGmµ]?(?:J|s|B|g CO2e))", cell)]
    if study not in ("ladder", "shallow"):  # whose budgets are numbers that were asked for
        assert not bare, bare
    assert not [cell for cell in cells if re.search(r"\bnan\b|\binf\b|± 0(?![.\d])", cell)]


def test_peak_memory_has_its_interval_and_is_not_measured_where_it_is_not_known() -> None:
    answer = answer_of("machine", 5, 0.1, 1)
    (table,) = answer.tables
    place = table.columns.index(">peak memory")
    assert all("±" in row[place] and "MB" in row[place] for row in table.rows)
    told = answer.document["changes"]
    assert isinstance(told, list)
    assert all(each["peak_memory_bytes"]["low"] > 0 for each in told)
    unknown = answer_of("machine", 3, 0.1, 1, memory=None)
    assert {row[place] for row in unknown.tables[0].rows} == {"not measured"}


def test_a_time_and_a_quantity_are_told_with_their_intervals() -> None:
    assert time_text(Mean(245.0, 15.0, 3, 5.0)) == "4 min 05 s (3 min 50 s to 4 min 20 s)"
    assert time_text(Mean(12.31, 0.4, 3, 0.1)) == "12.3 s ± 0.4 s"
    assert time_text(Mean(12.31, None, 1, None)) == "12.3 s"
    assert quantity_text(Mean(5e8, 5e8, 2, 5e7), "B") == "500 MB (184 MB to 1.36 GB)"
    assert quantity_text(None, "B") == "not measured"


@pytest.mark.parametrize("runs", [2, 3, 5, 10])
@pytest.mark.parametrize("together", [-0.9, 0.0, 0.9])
def test_an_efficiency_of_runs_that_vary_together_is_held(together: float, runs: int) -> None:
    """Who trains longer scores more, or fails slowly: score and joules of a run belong together."""
    widths = []

    def draw(chance: random.Random) -> tuple[float, float] | None:
        each = []
        for _ in range(runs):
            shared = chance.gauss(0, 1)
            own = together * shared + math.sqrt(1 - together**2) * chance.gauss(0, 1)
            each.append(ScoredRun(0.5 * (1 + 0.1 * shared), 2000 * (1 + 0.1 * own), 60.0 * (1 + 0.1 * own)))
        entry = MetricsEntry(
            "e",
            "made",
            "training",
            runs,
            mean_of([run.energy_j for run in each if run.energy_j is not None]),
            duration_s=mean_of([run.duration_s for run in each if run.duration_s is not None]),
            score=mean_of([run.score for run in each if run.score is not None]),
            metric="accuracy",
            each_run=tuple(each),
        )
        ends = entry.ends("energy_efficiency")
        assert entry.is_paired and ends is not None
        widths.append(math.log(ends[1] / ends[0]))
        seconds = entry.ends("time_efficiency")
        assert seconds is not None and seconds[1] / seconds[0] == pytest.approx(ends[1] / ends[0])
        return ends

    assert HELD[0] <= held_by(draw, 0.25, runs) <= HELD[1] + 0.005
    apart = 2 * student_t(0.95, runs - 1) * 0.1 * math.sqrt(2 * (1 - together) / runs)
    assert sorted(widths)[len(widths) // 2] == pytest.approx(apart, rel=0.4)


def test_efficiencies_say_whether_score_and_cost_are_of_the_same_runs() -> None:
    costs, scores = [10.0, 11.0, 12.0], [0.5, 0.55, 0.6]
    runs = tuple(ScoredRun(score, joules, None) for score, joules in zip(scores, costs))
    paired = MetricsEntry("a", "made", "training", 3, mean_of(costs), score=mean_of(scores), each_run=runs)
    apart = replace(paired, name="b", each_run=runs[:2])
    reported = replace(paired, name="c", is_reported=True, score=Mean(0.7, None, 1, None))
    assert (paired.is_paired, apart.is_paired, reported.is_paired) == (True, False, None)
    ends = paired.ends("energy_efficiency")
    assert ends == pytest.approx((50.0, 50.0))  # each run has 50 a kJ
    wide = apart.ends("energy_efficiency")
    assert wide is not None and wide[1] / wide[0] > 1.3
    each = replace(paired, examples=10.0).each().ends("energy_efficiency")
    assert each == pytest.approx((500.0, 500.0))
    titles = [page_of(entries, False).tables[1].title for entries in ([paired], [apart], [paired, apart, reported])]
    assert "of score and cost of the same runs together" in titles[0]
    assert "score and cost taken as independent" in titles[1] and "score and cost of b taken as" in titles[2]


@pytest.mark.parametrize("runs", [1, 3])
def test_metrics_side_by_side_say_n_and_have_ends(runs: int, tmp_path: Path) -> None:
    chance = random.Random(runs)

    def mean(value: float) -> Mean | None:
        return mean_of([value * chance.gauss(1, 0.05) for _ in range(runs)])

    entries = [
        MetricsEntry(
            f"e{n}",
            "made",
            "training",
            runs,
            mean(10.0 * n),
            mean(1e-3 * n),
            mean(3.0 * n),
            mean(1e-3 * n),
            parameters=1e6 / n,
            macs=mean(1e9 * n),
            score=mean(0.5),
            metric="accuracy",
        )
        for n in range(1, 7)
    ]
    page = page_of(entries, False)
    measured = [cell for table in page.tables[:2] for row in table.rows for cell in row]
    assert any("±" in cell for cell in measured) == (runs > 1)
    assert all(f"n = {runs}" in table.title for table in page.tables[:2])
    document = as_dict(entries)
    told = document["entries"]
    assert isinstance(told, list)
    for each in told:
        for name in METRICS:
            ends = each[f"{name}_95"]
            if runs == 1 or name in ("parameters", "bytes") or each[name] is None:
                assert ends is None, name
            else:
                value = each[name]["value"] if isinstance(each[name], dict) else each[name]
                assert 0 < ends[0] <= value <= ends[1], name
    draw(entries, tmp_path / "m.svg", False)
    assert (tmp_path / "m.svg").stat().st_size > 1000


def meters(rounds: int, slower: float = 1.1, spread: float = 0.01) -> MeterStudy:
    chance = random.Random(rounds)

    def made(meter: str, number: int, joules: float | None, factor: float) -> MeterReading:
        seconds = 10 * factor * math.exp(chance.gauss(0, spread))
        start_ns = (1 + number) * 10**12 + ord(meter[0])
        return MeterReading(meter, number, joules, seconds, seconds * 0.9, 1e9, start_ns, start_ns + 10**10)

    readings = []
    for number in range(rounds):
        readings += [
            made("bare", number, None, 1.0),
            made("truth", number, 100 * chance.gauss(1, spread), slower),
            made("other", number, 80 * chance.gauss(1, spread), 1.0),
        ]
    return MeterStudy("a loop", "truth", True, [], [], readings, compared(readings, "truth"))


def test_meters_say_n_and_what_their_intervals_are(tmp_path: Path) -> None:
    (table,) = meters_page(meters(5)).tables
    slow, even = (row for row in table.rows)
    assert "n = 5 rounds" in table.title and "95 %" in table.title
    assert slow[1] == even[1] == "5"
    assert "±" in slow[2] and " to " in slow[3] and "(" in slow[5]
    assert even[5].startswith("not to tell (below")
    assert "±" in slow[6] or slow[6].startswith("not to tell")
    (table,) = meters_page(meters(1)).tables
    assert table.title == "one round: no interval"
    assert not any("±" in cell or " to " in cell for row in table.rows for cell in row if "not to tell" not in cell)
    draw_meters(meters(5), tmp_path / "m.svg")
    draw_meters(meters(1), tmp_path / "one.svg")
