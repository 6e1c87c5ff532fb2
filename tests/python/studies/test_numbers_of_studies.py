"""What is missing is never 0, and what is printed is what was computed: scenarios, federated runs, logs of powers."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from impact_tracker.bench import Settings
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.storage import Storage
from impact_tracker.factors import FactorError
from impact_tracker.studies.federated.compare import rates_of
from impact_tracker.studies.federated.findings import account_of
from impact_tracker.studies.federated.outcome import RoundUse
from impact_tracker.studies.federated.scenario_text import scenario_text
from impact_tracker.studies.meters.measure import MeterReading, of_series
from impact_tracker.studies.paradigms.breakeven import advice
from impact_tracker.studies.paradigms.measured import batch_of_campaign
from impact_tracker.studies.paradigms.presets import presets
from impact_tracker.studies.paradigms.scenario import ParameterPlace
from impact_tracker.studies.paradigms.scenario_file import read_scenario
from impact_tracker.studies.paradigms.sensitivity import sobol, swings
from impact_tracker.studies.paradigms.show import Answers, page_of
from impact_tracker.studies.paradigms.simulation import TITLES, drawn_values, simulate
from impact_tracker.values import Energy
from python.bench.flat import append
from python.bench.made import row_of
from python.studies.test_federated_compare import made_centre, made_run, study_of
from python.studies.test_paradigms import WORKED, scenario_of

FACTORS = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}


def batch_of(folder: Path, device: str) -> tuple[float, float]:
    """Joules and seconds of a batch of a group that is told by these fields."""
    scenario = scenario_of(folder, WORKED.replace("power_w: 5.1, batch_s: 190 ms", device))
    flop, per_j, per_s = (
        scenario.value(ParameterPlace(name, 0)).value for name in ("batch_flop", "flop_per_j", "flop_per_s")
    )
    return flop / per_j, flop / per_s


@given(st.sampled_from(sorted(presets().devices)), st.floats(1e-3, 1e3), st.none() | st.floats(0.1, 2e3))
def test_a_batch_and_a_device_are_of_one_unit(
    tmp_path_factory: pytest.TempPathFactory, name: str, amount: float, power: float | None
) -> None:
    """A batch's time and its joules are each other's by the power: that of the user, else of the device."""
    folder = tmp_path_factory.mktemp("scenario")
    watts = presets().devices[name].power_w[1] if power is None else power
    device = f"device: {name}" + ("" if power is None else f", power_w: {power!r}")
    assert batch_of(folder, f"{device}, batch_s: {amount!r}") == pytest.approx((amount * watts, amount))
    assert batch_of(folder, f"{device}, joules_per_batch: {amount!r}") == pytest.approx((amount, amount / watts))
    flop = f"{device}, batch_flop: 3 GFLOP"
    speed = presets().devices[name].flop_per_s[1]
    assert batch_of(folder, flop) == pytest.approx((3e9 / speed * watts, 3e9 / speed))


def test_a_speed_in_flop_needs_the_work_of_a_batch_in_flop(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match="batch_flop is missing"):
        batch_of(tmp_path, "joules_per_batch: 5, flop_per_s: 1 TFLOP/s")
    told = batch_of(tmp_path, "joules_per_batch: 5, flop_per_s: 1 TFLOP/s, batch_flop: 2 TFLOP")
    assert told == pytest.approx((5.0, 2.0))


@given(st.lists(st.none() | st.floats(1.0, 100.0), min_size=3, max_size=3))
def test_a_training_without_an_energy_makes_no_other_cheap(
    tmp_path_factory: pytest.TempPathFactory, joules: list[float | None]
) -> None:
    settings = Settings(suite="ai-benchmark", models=("mobilenet-v2",), repeats=3)
    tasks = [task for task in plan(settings, suite_tests(settings)) if "training" in task.test.phases]
    test = tasks[0].test
    storage = Storage(tmp_path_factory.mktemp("campaign"))
    storage.create(settings, [task.id for task in tasks], {})
    with storage:
        for task, each in zip((task for task in tasks if task.test.name == test.name), joules):
            row = row_of(task, "training", each or 1.0, 100)
            nothing = {"energy_j": None, "bias_j": None, "modelled_j": None, "quality": "missing", "j_per_image": None}
            append(storage, row if each is not None else {**row, **nothing})
    known = [each for each in joules if each is not None]
    if not known:
        with pytest.raises(FactorError, match="energy"):
            batch_of_campaign(str(storage.folder), test.name)
        return
    batch_j, batch_s = batch_of_campaign(str(storage.folder), test.name)
    size = int(test.load["batch"])  # type: ignore[call-overload]
    assert batch_j.value == pytest.approx(math.fsum(known) / len(known) * size)
    assert batch_s.value == pytest.approx(30.0 / 100 * size)


@given(st.floats(0.2, 1.0), st.floats(1.0, 40.0), st.floats(1e-3, 1e6))
def test_the_ends_of_an_energy_are_printed_in_its_unit(
    tmp_path_factory: pytest.TempPathFactory, low: float, high: float, scale: float
) -> None:
    folder = tmp_path_factory.mktemp("scenario")
    power = f"power_w: [{5.1 * scale * low!r}, {5.1 * scale!r}, {5.1 * scale * high!r}]"
    simulation = simulate(scenario_of(folder, WORKED.replace("power_w: 5.1", power)), draws=300)
    page = page_of(Answers(simulation, advice(simulation.scenario), ("federated", "centralised"), "energy_j"))
    for row, result in zip(page.tables[0].rows, simulation.results):
        match = re.fullmatch(r"(\S+) (kWh|(.?)J)(?: \((\S+) to (\S+)\))?", row[1])
        assert match is not None, row[1]
        factor = 3.6e6 if match[2] == "kWh" else FACTORS[match[3]]
        span = result.energy_j
        for text, joules in zip((match[1], match[4], match[5]), (span.best, span.low, span.high)):
            if text is not None:
                assert float(text) * factor == pytest.approx(joules, rel=0.06)
        assert row[3] == "not stated"  # nobody said what the hardware's making emits
    making = next(row for row in page.tables[2].rows if row[0] == "hardware's making")
    assert making[1:] == ("not stated", "not stated")


def test_who_is_said_to_win_in_all_draws_does(tmp_path: Path) -> None:
    """With a best value at the edge of its range another paradigm may win most draws, or all but one."""
    text = WORKED.replace("up: 50 kbit/J", "up: [20 kbit/J, 20 kbit/J, 4000 kbit/J]")
    for skew in ("1", "[1, 1, 1.02]", "[1, 2, 9]"):
        scenario = scenario_of(tmp_path, text.replace("model_bits", f"skew: {skew}, model_bits"))
        simulation = simulate(scenario, draws=500)
        page = page_of(Answers(simulation, advice(scenario), ("federated", "centralised"), "energy_j"))
        wins, best = simulation.share_of_wins("energy_j"), simulation.cheapest("energy_j").paradigm
        assert ("in all draws" in page.headline) == (wins[best] > 1 - 1e-9)
        if wins[best] < 1 - 1e-9:
            assert all((f" {TITLES[name]} " in page.headline.split("least in:")[1]) for name in wins if wins[name] > 0)


# ---- federated runs
@given(st.integers(0, 2**20), st.integers(1, 5), st.integers(2, 6), st.data())
def test_a_round_without_energy_makes_no_scenario_cheaper(
    tmp_path_factory: pytest.TempPathFactory, seed: int, clients: int, rounds: int, data: st.DataObject
) -> None:
    """With constant rates, whatever rounds of whatever programs lack their energies: the same joules a batch, a round
    of the server, a model's way."""
    run, centre = made_run(seed, clients, rounds, reached=1), made_centre(rounds, 1)
    folder = tmp_path_factory.mktemp("scenario")

    def read(text: str) -> dict[str, float]:
        (folder / "scenario.yaml").write_text(text, encoding="utf-8")
        scenario = read_scenario(folder / "scenario.yaml")
        places = [ParameterPlace("server_share"), *(ParameterPlace(n, 0) for n in ("flop_per_j", "uplink_bit_per_j"))]
        return {place.parameter: scenario.value(place).value for place in places}

    alike = tuple(replace(run.clients[0], number=client.number) for client in run.clients)
    run = replace(run, clients=alike)
    complete = read(scenario_text(study_of(run, centre), run))
    less = RoundUse(Energy.missing(), Energy.missing(), None)
    lacking = []
    for client in run.clients:
        gone = data.draw(st.sets(st.sampled_from(run.rounds), max_size=rounds - 1))
        lacking.append(replace(client, rounds={n: less if n in gone else use for n, use in client.rounds.items()}))
    gone = data.draw(st.sets(st.sampled_from(run.rounds), max_size=rounds - 1))
    served = {n: less if n in gone else use for n, use in run.leader.rounds.items()}
    cut = replace(run, clients=tuple(lacking), leader=replace(run.leader, rounds=served))
    assert read(scenario_text(study_of(cut, centre), cut)) == pytest.approx(complete, rel=1e-4)
    assert rates_of(cut.clients, cut.rounds).batch_j == pytest.approx(rates_of(run.clients, run.rounds).batch_j)


def test_a_scenario_is_not_written_of_a_server_or_of_models_without_energy() -> None:
    run, centre = made_run(1, 3, 4, reached=2), made_centre(4, 1)
    less = RoundUse(Energy.missing(), Energy.missing(), None)
    unserved = replace(run, leader=replace(run.leader, rounds=dict.fromkeys(run.rounds, less)))
    with pytest.raises(ValueError, match="no energy of the server"):
        scenario_text(study_of(unserved, centre), unserved)
    alone = {n: RoundUse(Energy.missing(), use.training, use.evaluation) for n, use in run.clients[0].rounds.items()}
    unhandled = replace(run, clients=tuple(replace(client, rounds=alone) for client in run.clients))
    with pytest.raises(ValueError, match="models' way in and out"):
        scenario_text(study_of(unhandled, centre), unhandled)


@given(st.integers(0, 2**20), st.integers(1, 5), st.data())
def test_the_account_of_programs_whose_energy_is_missing_adds_up_and_says_so(
    seed: int, clients: int, data: st.DataObject
) -> None:
    run = made_run(seed, clients, 3)
    gone = data.draw(st.sets(st.integers(0, clients)))  # the last is the server
    users = [replace(user, total=Energy.missing()) if user.number in gone else user for user in run.clients]
    leader = replace(run.leader, total=Energy.missing()) if clients in gone else run.leader
    account = account_of(replace(run, clients=tuple(users), leader=leader))
    known = [row.energy.best_j for row in account.rows if row.energy.best_j is not None]
    assert math.fsum(known) == pytest.approx(account.machine.best_j)
    by_name = {row.whose: row for row in account.rows}
    assert by_name["clients"].energy.partial == bool(gone - {clients})
    rest = next(row for row in account.rows if row.whose.startswith("the study itself"))
    assert (f"{len(gone)} of its programs, whose part is not known" in rest.whose) == bool(gone)


def test_what_a_client_did_for_nobody_is_not_known_where_a_round_is_not() -> None:
    client = made_run(2, 1, 3).clients[0]
    assert client.lost.best_j == pytest.approx(0.0, abs=1e-9)
    rounds = {n: replace(use, energy=Energy.missing()) if n == 2 else use for n, use in client.rounds.items()}
    assert replace(client, rounds=rounds).lost.is_missing
    assert replace(client, rounds={}, start=Energy.missing()).lost == client.total


# ---- logs of powers
@given(st.integers(0, 2**20), st.integers(20, 60), st.data())
def test_a_gap_in_a_log_of_powers_is_not_bridged(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, data: st.DataObject
) -> None:
    """A run has an energy where the log reads all the while, and none where it holds nothing for four periods."""
    period = data.draw(st.sampled_from((0.1, 1.0, 5.0)))
    first, last = sorted(data.draw(st.tuples(st.integers(1, count - 2), st.integers(1, count - 2))))
    gap = data.draw(st.integers(1, count - 5))
    kept = [n for n in range(count) if not gap < n < gap + 4]
    path = tmp_path_factory.mktemp("log") / "power.csv"
    path.write_text("time,power_w\n" + "".join(f"{1000 + n * period!r},100\n" for n in kept), encoding="utf-8")
    begin, end = first * period, (last + 0.5) * period
    reading = MeterReading("bare", 0, None, end - begin, 0.0, 1000 + begin, 0, round((end - begin) * 1e9))
    (row,) = of_series("wattmeter", str(path), [reading])
    is_torn = begin < (gap + 4) * period - 1e-9 and end > gap * period + 1e-9
    assert (row.energy_j is None) == is_torn
    if row.energy_j is not None:
        assert row.energy_j == pytest.approx(100 * (end - begin), rel=1e-6)


@pytest.mark.parametrize("power", ["nan", "inf", "", "-"])
def test_a_power_that_is_none_is_told_with_its_line(tmp_path: Path, power: str) -> None:
    path = tmp_path / "power.csv"
    path.write_text(f"time,power_w\n1,5\n2,{power}\n3,5\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"power\.csv:3"):
        of_series("wattmeter", str(path), [MeterReading("bare", 0, None, 1.0, 0.0, 1.0, 0, 10**9)])


# ---- errors that parameters share
@given(st.sampled_from(["FR", "DE", "PL", "US"]), st.integers(0, 2**20), st.floats(10.0, 1000.0))
def test_on_one_grid_the_least_energy_is_the_least_carbon_in_every_draw(
    tmp_path_factory: pytest.TempPathFactory, zone: str, seed: int, link: float
) -> None:
    """The intensity of the centre and of the learners is one number with one error: it was drawn twice."""
    text = WORKED.replace("intensity_g_per_kwh: 661.926", f"zone: {zone}")
    text = text.replace("intensity_g_per_kwh: 56.039", f"zone: {zone}").replace("50 kbit/J", f"{link!r} kbit/J")
    scenario = scenario_of(tmp_path_factory.mktemp("scenario"), text)
    simulation = simulate(scenario, draws=200)
    assert simulation.share_of_wins("carbon_g") == pytest.approx(simulation.share_of_wins("energy_j"))
    places = scenario.ranged()
    assert [place.parameter for place in places] == ["centre_intensity_g_per_kwh", "intensity_g_per_kwh"]
    drawn = drawn_values(scenario, places, 50, seed)
    assert (drawn[:, 0] == drawn[:, 1]).all() and len(set(drawn[:, 0])) > 10
    (bar,) = swings(scenario, "federated", "carbon_g")
    assert bar.places == tuple(places)
    low, high = (factor_of / scenario.value(places[0]).value for factor_of in (bar.factor.low, bar.factor.high))
    best = simulation.of("federated").carbon_g.best
    assert (bar.at_low, bar.at_high) == pytest.approx((best * low, best * high))


def test_a_link_that_stands_for_both_ways_is_one_number_and_two_that_look_alike_are_two(tmp_path: Path) -> None:
    pytest.importorskip("SALib")
    text = WORKED.replace("up: 50 kbit/J", "up: [20 kbit/J, 50 kbit/J, 90 kbit/J]")
    text = text.replace("data_bits: 30 MB", "data_bits: [20 MB, 30 MB, 40 MB]")
    scenario = scenario_of(tmp_path, text)
    (uplink, downlink, sidelink), (data,) = sorted(scenario.together(scenario.ranged()), key=len, reverse=True)
    assert {place.parameter for place in (uplink, downlink, sidelink)} >= {"uplink_bit_per_j", "downlink_bit_per_j"}
    assert data.parameter == "data_bits"
    indices = sobol(scenario, "federated", "energy_j", draws=2000)
    assert sum(index.alone for index in indices) == pytest.approx(1.0, abs=0.05)
    assert scenario.label(*indices[0].places).count(", ") == 2
    both = scenario_of(tmp_path, text.replace("90 kbit/J]", "90 kbit/J], down: [20 kbit/J, 50 kbit/J, 90 kbit/J]"))
    alone = [places[0].parameter for places in both.together(both.ranged()) if len(places) == 1]
    assert "downlink_bit_per_j" in alone


def test_cards_of_two_kinds_are_each_estimated_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cards were taken for the first one; and the calculator, which knows no PUE, was given one and refused it."""
    from impact_tracker import hostinfo
    from impact_tracker.hostinfo import Hardware
    from impact_tracker.studies.meters.measure import of_estimators

    reading = MeterReading("bare", 0, None, 3600.0, 10.0, 0.0, 0, 10**9)

    def joules(*cards: str) -> float:
        monkeypatch.setattr(hostinfo, "hardware_of", lambda header: Hardware(gpus=cards))
        (row,) = of_estimators(["mlco2"], [reading], lambda reading: 1.0)
        assert row.energy_j is not None, row.error
        return row.energy_j

    large, small = "NVIDIA A100-SXM4-80GB", "Tesla T4"
    assert joules(large, small) == pytest.approx(joules(large) + joules(small)) == pytest.approx(joules(small, large))
    assert joules(large, large, small) == pytest.approx(2 * joules(large) + joules(small))


@given(st.floats(1.0, 10.0), st.floats(1.0, 10.0))
def test_all_of_so_many_learners_are_active_however_many_they_are(
    tmp_path_factory: pytest.TempPathFactory, below: float, above: float
) -> None:
    """Without `active` every learner is: a range of learners was refused, as more active than there are."""
    text = WORKED.replace("learners: 10, active: 10", f"learners: [{10 / below!r}, 10, {10 * above!r}]")
    scenario = scenario_of(tmp_path_factory.mktemp("scenario"), text)
    places = scenario.ranged()
    drawn = drawn_values(scenario, places, 200)
    assert [place.parameter for place in places] == (["learners", "active"] if len(places) > 1 else [])
    if places:
        assert (drawn[:, 0] == drawn[:, 1]).all()
        (bar,) = swings(scenario, "federated", "energy_j")
        assert bar.at_low <= simulate(scenario, draws=100).of("federated").energy_j.best <= bar.at_high
    with pytest.raises(FactorError, match="more than the 10 learners"):
        scenario_of(tmp_path_factory.mktemp("scenario"), WORKED.replace("active: 10", "active: [5, 8, 11]"))


def test_where_nothing_emits_no_grid_decides(tmp_path: Path) -> None:
    text = WORKED.replace("661.926", "0").replace("56.039", "0").replace("30 MB", "[20 MB, 30 MB, 40 MB]")
    scenario = scenario_of(tmp_path, text.replace("batches: 30", "batches: [29, 30, 31]"))
    assert "place" not in {row.rule for row in advice(scenario)}
    differing = scenario_of(tmp_path, text.replace("intensity_g_per_kwh: 0,", "intensity_g_per_kwh: 10,"))
    by_energy, by_carbon = (simulate(differing, draws=10).cheapest(name).paradigm for name in ("energy_j", "carbon_g"))
    assert by_energy != by_carbon and "place" in {row.rule for row in advice(differing)}
    pytest.importorskip("SALib")
    with pytest.raises(ValueError, match="no ratio to explain"):
        sobol(scenario, "federated", "carbon_g", against="centralised", draws=100)
