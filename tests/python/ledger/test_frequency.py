"""How often a day something is done: over which days, with which interval, and when it is not told."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from impact_tracker.ledger import Filter, Ledger, report_of
from impact_tracker.ledger.report import BestBy, Frequency, TimeSeen, poisson_interval
from impact_tracker.ledger.show import frequency_table, report_page
from impact_tracker.spool import write
from impact_tracker.values import Energy
from python.ledger.drawn import entry

ASR = Filter(project="asr")


@pytest.mark.parametrize(
    ("begins", "lasts_days", "days"),
    [
        ([100.0], 10.0, 10.0),  # developed for 100 days, asked in ten
        ([100.0, 103.0], 3.0, 6.0),
        ([100.0, 100.0, 100.0], 4.0, 4.0),  # three at once
        ([float(day) for day in range(100, 110)], 0.05, 10.0),  # an hour or so each day
        ([100.0], 0.5, None),
    ],
)
def test_requests_a_day_are_those_of_the_deployments_days(
    tmp_path: Path, begins: list[float], lasts_days: float, days: float | None
) -> None:
    """They were spread over all days of the project, of which most had no deployment."""
    developed = [entry(f"r{n}", 86_400.0 * 10 * n, joules=10) for n in range(10)]
    deployed = [
        entry(
            f"d{n}", 86_400 * at, 86_400 * lasts_days, 10, machine=f"m{n}", stage="deployment", metrics={"requests": 60}
        )
        for n, at in enumerate(begins)
    ]
    for run in (*developed, *deployed):
        write(tmp_path, run, durable=False)
    with Ledger.open(tmp_path) as ledger:
        inference = report_of(ledger, ASR).frequencies[0]
    assert (inference.unit, inference.count) == ("request", 60 * len(begins))
    assert inference.per_day == (None if days is None else pytest.approx(60 * len(begins) / days))
    if days is None:
        assert "seen for less than a day" in str(frequency_table([inference]))


@pytest.mark.parametrize("every", [0.25, 1.0, 7.0])
@pytest.mark.parametrize("runs", [5, 10, 40])
def test_a_run_every_so_many_days_is_as_often_as_it_is(tmp_path: Path, every: float, runs: int) -> None:
    """A run a day on ten days was said to be 1.1 runs a day, and two on two days 2 a day."""
    made = [entry(f"r{n}", 86_400 * every * n, joules=10) for n in range(runs)]
    for run in made:
        write(tmp_path, run, durable=False)
    with Ledger.open(tmp_path) as ledger:
        (training, _) = report_of(ledger, ASR).frequencies
    if every * (runs - 1) < 1:
        assert training.per_day is None
    else:
        assert training.per_day == pytest.approx(1 / every)


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_few_runs_tell_no_frequency(tmp_path: Path, runs: int) -> None:
    made = [entry(f"r{n}", 86_400 * 3 * n, joules=10) for n in range(runs)]
    for run in made:
        write(tmp_path, run, durable=False)
    with Ledger.open(tmp_path) as ledger:
        frequencies = report_of(ledger, ASR).frequencies
    assert [each.per_day for each in frequencies] == [None, None]
    assert f"not told by {runs} run" in str(frequency_table(frequencies))


def test_the_interval_of_a_count_is_garwoods() -> None:
    """From tables: 0 to 3.689, 1.623 to 11.668 of 5 …; both ways of reckoning meet."""
    for count, ends in ((0, (0.0, 3.689)), (1, (0.0253, 5.572)), (5, (1.623, 11.668)), (100, (81.36, 121.63))):
        assert poisson_interval(count) == pytest.approx(ends, rel=1e-3)
    few, many = poisson_interval(100), poisson_interval(101)
    assert [more - less for less, more in zip(few, many)] == pytest.approx([0.9, 1.1], abs=0.03)


@pytest.mark.parametrize("rate", [0.2, 1.0, 6.0])
def test_the_interval_of_a_frequency_holds_it(rate: float) -> None:
    """Runs that come by themselves at a known rate: the interval holds it in 93 % of draws at least, and the middle of
    all draws is it within 5 %."""
    chance, held, rates, draws = random.Random(3), 0, [], 0
    while draws < 1500:
        begins, now = [], chance.expovariate(rate)
        while now < 40:
            begins.append(now)
            now += chance.expovariate(rate)
        seen = TimeSeen(len(begins), begins[-1] - begins[0] if begins else None)
        told = Frequency("asr", "training", "run", len(begins), seen, Energy(1.0))
        if told.per_day is None or told.per_day_ends is None:
            continue
        draws += 1
        held += told.per_day_ends[0] <= rate <= told.per_day_ends[1]
        rates.append(told.per_day)
    assert held / draws >= 0.93
    assert sorted(rates)[draws // 2] == pytest.approx(rate, rel=0.25 if rate < 0.5 else 0.05)


def test_requests_whose_energy_is_not_known_make_no_other_cheap(tmp_path: Path) -> None:
    """Their energy was taken for 0: the joules of one deployment were spread over the requests of all."""
    for seed in range(20):
        draw = random.Random(seed)
        folder, known = tmp_path / str(seed), [draw.random() < 0.6 for _ in range(draw.randint(1, 5))]
        for n, is_known in enumerate(known):
            requests = draw.randint(1, 50)
            run = entry(
                f"d{n}", 86_400 * n, 3600, 2.0 * requests if is_known else None, machine=f"m{n}", stage="deployment",
                metrics={"requests": requests},
            )  # fmt: skip
            write(folder, run, durable=False)
        with Ledger.open(folder) as ledger:
            inference = report_of(ledger, ASR).frequencies[0]
        assert inference.unit == "request"
        assert inference.energy.best_j == (pytest.approx(2.0) if any(known) else None)
        assert inference.energy.partial == (not all(known))


@pytest.mark.parametrize(("of_best", "of_others"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_ratio_to_a_best_run_that_is_known_in_part_is_no_least_one(
    tmp_path: Path, of_best: bool, of_others: bool
) -> None:
    """What the best run lacks makes the ratio smaller, so that it was called at least what it is at most."""
    for n, (joules, is_partial) in enumerate([(10.0, of_best), (90.0, of_others)]):
        energy = Energy(joules, 0.1, 0.1, 0.0, partial=is_partial)
        write(tmp_path, entry(f"r{n}", 100 * n, energy=energy, metrics={"wer": 0.1 + n}), durable=False)
    with Ledger.open(tmp_path) as ledger:
        report = report_of(ledger, ASR, BestBy("wer", "min"))
    ratio, text = report.ratio, str(report_page(report))
    assert ratio is not None and ratio.value == 10.0
    assert ratio.is_at_least == (of_others and not of_best)
    assert (ratio.low is None) == of_best
    assert ("known in part alone" in text) == of_best
    # The carbon of a sum that others would add to is as much a least one as its energy.
    assert bool(re.search(r"≥ [\d.]+ \S*g CO2e", text)) == ("≥ " in text) == (of_best or of_others)
