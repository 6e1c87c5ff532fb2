"""The answers of the simulator as pages and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ...digits import carbon, duration, energy, energy_between, plus_minus, span, with_range
from ...report.page import Page, Table
from ...values import Range
from .breakeven import Advice, BreakEven
from .scenario import PARAMETERS, ParameterPlace, TrainingScenario
from .sensitivity import SobolIndex, Swing
from .simulation import QUANTITIES, SHORT, TERM_TITLES, TITLES, ParadigmResult, Simulation


@dataclass(frozen=True)
class Answers:
    """What was asked of a scenario. `decided`: the two paradigms that the break-evens and indices compare."""

    simulation: Simulation
    advice: Sequence[Advice]
    decided: tuple[str, str]
    quantity: str
    break_evens: Sequence[BreakEven] = ()
    swings: Sequence[Swing] = ()
    sobol: Sequence[SobolIndex] = ()
    explained: bool = False


def page_of(answers: Answers) -> Page:
    """The page: which paradigm costs least and how sure that is, then the tables."""
    simulation = answers.simulation
    scenario = simulation.scenario
    tables = [_totals(simulation), _terms(simulation), _talk_table(simulation)]
    tables.append(Table(("rule", "speaks for", "because"), [_advice_row(row) for row in answers.advice], "Rules"))
    if answers.break_evens:
        tables.append(_break_even_table(answers))
    if answers.swings:
        tables.append(_swing_table(answers))
    if answers.sobol:
        tables.append(_sobol_table(answers))
    details = _explained(scenario) if answers.explained else ["--explain shows every parameter with its source."]
    return Page(_headline(answers), tables, list(scenario.notes), details)


def _headline(answers: Answers) -> str:
    simulation, quantity = answers.simulation, answers.quantity
    best = simulation.cheapest(quantity)
    wins = simulation.share_of_wins(quantity)
    what = {"energy_j": "energy", "carbon_g": "carbon", "duration_s": "time"}[quantity]
    first = (
        f"{simulation.scenario.title}: to reach {simulation.scenario.target}, the least {what} has "
        f"{TITLES[best.paradigm]}: {_amount(best, quantity)}."
    )
    if not simulation.scenario.ranged():
        return f"{first} No parameter has a range, so nothing says how sure that is."
    if wins[best.paradigm] < 1.0 - 1e-9:
        ranked = sorted(wins.items(), key=lambda item: -item[1])
        sure = ", ".join(f"{TITLES[name]} {_share(share)}" for name, share in ranked if share > 0)
        return f"{first} Within the ranges that were given it is least in: {sure} of the draws."
    return f"{first} It is so in all draws from the ranges that were given."


def _share(share: float) -> str:
    """Of the draws: none that is not all of them is 100 %, none that has some is 0 %."""
    return "> 99 %" if share > 0.995 else "< 1 %" if share < 0.005 else f"{share:.0%}"


def _amount(result: ParadigmResult, quantity: str) -> str:
    if quantity == "energy_j":
        return energy_between(*_best_first(result.energy_j))
    if quantity == "carbon_g":
        return carbon(result.carbon_g.best, result.carbon_g.low, result.carbon_g.high)
    return duration(result.duration_s.best)


def _best_first(span: Range) -> tuple[float, float, float]:
    return span.best, span.low, span.high


def _making(result: ParadigmResult) -> str:
    """Of the hardware, of the centre and the learners together."""
    making = result.centre_making_g + result.learners_making_g
    return carbon(making) if making else "not stated"


def _totals(simulation: Simulation) -> Table:
    rows = []
    for result in simulation.results:
        span = result.carbon_g
        rows.append(
            (
                TITLES[result.paradigm],
                energy_between(*_best_first(result.energy_j)),
                carbon(span.best, span.low, span.high),
                _making(result),
                duration(result.duration_s.best),
            )
        )
    return Table(("paradigm", ">energy (95 %)", ">carbon (95 %)", ">of it making", ">time of training"), rows)


def _terms(simulation: Simulation) -> Table:
    shown = [name for name in TERM_TITLES if any(_item(result, name) for result in simulation.results)]
    rows = [
        (
            TERM_TITLES[name],
            *(energy(_item(result, name)) if _item(result, name) else "–" for result in simulation.results),
        )
        for name in shown
    ]
    columns = ("energy by term", *(f">{SHORT[result.paradigm]}" for result in simulation.results))
    return Table(columns, rows)


def _item(result: ParadigmResult, term: str) -> float:
    return next(item.energy_j for item in result.items if item.term == term)


def _talk_table(simulation: Simulation) -> Table:
    """The centre beside the learners: what each paradigm is made of."""
    scenario = simulation.scenario

    def shown(name: str, group: int | None = None) -> str:
        row = PARAMETERS[name]
        factor = scenario.value(ParameterPlace(name, group))
        unit = "" if row.unit in ("1", "0 or 1") else f" {row.unit}"
        return "no limit" if factor.value >= 1e29 else with_range(factor.value, factor.low, factor.high) + unit

    def groups(name: str) -> str:
        texts = [shown(name, number) for number in range(len(scenario.groups))]
        if len(set(texts)) == 1:
            return texts[0]
        return "; ".join(f"{group.name}: {text}" for group, text in zip(scenario.groups, texts))

    def batch_j(flop: float, efficiency: float) -> str:
        return energy(flop / efficiency)

    central, federated = simulation.of("centralised"), simulation.of("federated")
    first = [scenario.value(ParameterPlace(name, 0)).value for name in ("batch_flop", "flop_per_j")]
    centre = [scenario.value(ParameterPlace(name)).value for name in ("centre_batch_flop", "centre_flop_per_j")]
    sent = {
        term: (_item(central, term), _item(federated, term))
        for term in ("data_uplink", "model_uplink", "model_downlink")
    }
    rows = [
        ("PUE", shown("centre_pue"), groups("pue")),
        ("computing efficiency", shown("centre_flop_per_j"), groups("flop_per_j")),
        ("computing power", shown("centre_flop_per_s"), groups("flop_per_s")),
        (
            "energy of a batch",
            batch_j(*centre),
            batch_j(*first) + (" (first group)" if len(scenario.groups) > 1 else ""),
        ),
        (
            "rounds to the target",
            shown("rounds_centralised"),
            f"{shown('rounds_federated')} × {shown('skew')} for uneven data",
        ),
        ("batches in a round", shown("batches"), groups("local_batches")),
        ("learners, active in a round", "–", f"{groups('learners')}, {groups('active')}"),
        ("data at the first training", "all", groups("data_bits") + " each"),
        ("carbon intensity", shown("centre_intensity_g_per_kwh"), groups("intensity_g_per_kwh")),
        ("transfer up", f"data: {energy(sent['data_uplink'][0])}", f"models: {energy(sent['model_uplink'][1])}"),
        ("transfer down", "–", f"model: {energy(sent['model_downlink'][1])}"),
        ("hardware's making", _making(central), _making(federated)),
        ("energy", energy(central.energy_j.best), energy(federated.energy_j.best)),
        ("carbon", carbon(central.carbon_g.best), carbon(federated.carbon_g.best)),
        ("time", duration(central.duration_s.best), duration(federated.duration_s.best)),
    ]
    return Table(("", "data centre", "federated"), rows, "Both in one table")


def _advice_row(row: Advice) -> tuple[str, str, str]:
    speaks = {True: "where the data are", False: "the centre", None: "–"}[row.for_federated]
    return (row.rule, speaks, row.reason)


def _break_even_table(answers: Answers) -> Table:
    scenario = answers.simulation.scenario
    rows = []
    for row in answers.break_evens:
        crossing = ", ".join(f"{value:.3g}" for value in row.crossings)
        unit = "" if row.unit in ("1", "0 or 1") else f" {row.unit}"
        cheaper = f"{SHORT[row.below]} below, {SHORT[row.above]} above"
        rows.append(
            (scenario.label(row.place), f"{scenario.value(row.place).number}{unit}", f"{crossing}{unit}", cheaper)
        )
    title = (
        f"Break-even of {' and '.join(SHORT[name] for name in answers.decided)}, each parameter alone, nearest first"
    )
    return Table(("parameter", ">here", ">both cost the same at", "cheaper"), rows, title)


def _swing_table(answers: Answers) -> Table:
    scenario = answers.simulation.scenario
    rows = [
        (
            scenario.label(*bar.places),
            span(bar.factor.value, bar.factor.low, bar.factor.high),
            _plain(answers, bar.at_low),
            _plain(answers, bar.at_high),
        )
        for bar in answers.swings
    ]
    title = f"{answers.decided[0]}: each parameter alone at the ends of its range, what matters most first"
    return Table(("parameter", ">range", ">at its low", ">at its high"), rows, title)


def _plain(answers: Answers, value: float) -> str:
    if answers.quantity == "energy_j":
        return energy(value)
    return carbon(value) if answers.quantity == "carbon_g" else duration(value)


def _sobol_table(answers: Answers) -> Table:
    scenario = answers.simulation.scenario
    rows = [
        (scenario.label(*i.places), plus_minus(i.alone, i.alone_half), plus_minus(i.total, i.total_half))
        for i in answers.sobol
        if i.total >= 0.005
    ]
    title = f"Sobol's indices (0.005 and more) of the ratio of {' to '.join(answers.decided)}: share of its variance"
    return Table(("parameter", ">alone", ">with interactions"), rows, title)


def _explained(scenario: TrainingScenario) -> list[str]:
    lines = [scenario.value(ParameterPlace(name)).cite() for name in scenario.common]
    for group in scenario.groups:
        lines += [f"{group.name}: {factor.cite()}" for factor in group.values.values()]
    return lines


def as_dict(answers: Answers) -> dict[str, object]:
    """The answers for programs, unrounded; units in the names."""
    simulation = answers.simulation
    scenario = simulation.scenario
    return {
        "title": scenario.title,
        "target": scenario.target,
        "quantity": answers.quantity,
        "cheapest": simulation.cheapest(answers.quantity).paradigm,
        "share_of_draws": simulation.share_of_wins(answers.quantity),
        "draws": simulation.draws,
        "paradigms": [_result_dict(result) for result in simulation.results],
        "rules": [asdict(row) for row in answers.advice],
        "break_even": [{**asdict(row), "place": scenario.label(row.place)} for row in answers.break_evens],
        "swings": [
            {"parameter": scenario.label(*bar.places), "at_low": bar.at_low, "at_high": bar.at_high}
            for bar in answers.swings
        ],
        "sobol": [
            {"place": scenario.label(*row.places), **{k: v for k, v in asdict(row).items() if k != "places"}}
            for row in answers.sobol
        ],
        "parameters": {
            scenario.label(ParameterPlace(name, group)): asdict(factor)
            for group, values in [(None, scenario.common), *((i, g.values) for i, g in enumerate(scenario.groups))]
            for name, factor in values.items()
        },
        "notes": list(scenario.notes),
    }


def _result_dict(result: ParadigmResult) -> dict[str, object]:
    spans = dict(zip(QUANTITIES, (result.energy_j, result.carbon_g, result.duration_s)))
    return {
        "paradigm": result.paradigm,
        **{name: {"low": span.low, "best": span.best, "high": span.high} for name, span in spans.items()},
        "terms": [asdict(item) for item in result.items],
        "centre_making_g": result.centre_making_g,
        "learners_making_g": result.learners_making_g,
    }
