"""Centralised, continual, federated and consensus learning beside each other: energy, carbon and time to one target.

A scenario is a file of YAML: the task, the centre, the groups of learners and their links, each parameter a value, a
range or a measurement.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..options import add_json, print_json

if TYPE_CHECKING:
    from ...studies.paradigms.scenario import ParameterPlace, TrainingScenario

EXAMPLES = """examples:
  impact-tracker study paradigms --example > scenario.yaml
  impact-tracker study paradigms scenario.yaml
  impact-tracker study paradigms scenario.yaml --quantity carbon_g --sobol --figures figures/
  impact-tracker study paradigms scenario.yaml --map uplink_bit_per_j data_bits --figures figures/
  impact-tracker study paradigms scenario.yaml --set skew=1.5 --set centre_pue=1.1 --json
"""
_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The scenario, what to change in it, and what to ask of it."""
    parser.add_argument("scenario", nargs="?", metavar="FILE", help="the scenario, in YAML")
    lists = parser.add_argument_group("to begin with")
    lists.add_argument("--example", action="store_true", help="print a scenario that can be changed, and end")
    lists.add_argument("--parameters", action="store_true", help="list every parameter with its unit, and end")
    lists.add_argument("--presets", action="store_true", help="list the devices, links and models, and end")
    asked = parser.add_argument_group("what is asked")
    asked.add_argument(
        "--quantity", choices=("energy_j", "carbon_g", "duration_s"), default="energy_j", help="default: energy_j"
    )
    asked.add_argument(
        "--decide",
        nargs=2,
        metavar=("A", "B"),
        default=("federated", "centralised"),
        help="the two paradigms whose break-even and sensitivity are shown (federated centralised)",
    )
    asked.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another value for a parameter, in its unit: skew=1.5, or low:best:high; of one group: boards.active=5",
    )
    asked.add_argument("--sobol", action="store_true", help="Sobol's indices: what decides between A and B")
    asked.add_argument(
        "--map", nargs=2, metavar=("X", "Y"), help="which paradigm wins over two parameters: needs --figures"
    )
    asked.add_argument("--draws", type=int, default=10_000, metavar="N", help="draws from the ranges (10000)")
    out = parser.add_argument_group("output")
    out.add_argument("--figures", metavar="FOLDER", help="figures as .svg")
    out.add_argument("--explain", action="store_true", help="every parameter with its range and source")
    add_json(out)


def run(args: argparse.Namespace) -> int:
    """Prints the answers. ValueError, OSError, ImportError: why there are none."""
    if args.example:
        from importlib.resources import files

        print(files("impact_tracker.studies.paradigms").joinpath("example.yaml").read_text(encoding="utf-8"), end="")
        return 0
    if args.parameters or args.presets:
        return _list(args)
    if args.scenario is None:
        raise ValueError("give a scenario's file; `impact-tracker study paradigms --example` prints one")
    if args.map and not args.figures:
        raise ValueError("--map draws a figure: give --figures FOLDER")
    if args.draws < 100:
        raise ValueError(f"--draws {args.draws} is too few for an interval of 95 %: give 100 or more")
    return _answer(args)


def _answer(args: argparse.Namespace) -> int:
    from ...report.page import show
    from ...studies.paradigms.breakeven import advice, all_break_evens
    from ...studies.paradigms.scenario_file import read_scenario
    from ...studies.paradigms.sensitivity import sobol, swings
    from ...studies.paradigms.show import Answers, as_dict, page_of
    from ...studies.paradigms.simulation import simulate

    scenario = read_scenario(args.scenario)
    for text in args.set:
        scenario = _changed(scenario, text)
    decided = _paradigms(args.decide)
    indices = sobol(scenario, decided[0], args.quantity, against=decided[1]) if args.sobol else []
    answers = Answers(
        simulate(scenario, args.draws),
        advice(scenario),
        decided,
        args.quantity,
        all_break_evens(scenario, decided, args.quantity)[: None if args.json else _SHOWN],
        swings(scenario, decided[0], args.quantity)[: None if args.json else _SHOWN],
        indices,
        args.explain,
    )
    if args.figures:
        from ...studies.paradigms.figures import draw_map, draw_sobol, draw_terms
        from ...studies.paradigms.sensitivity import winner_map

        folder = Path(args.figures)
        draw_terms(answers.simulation, folder / "terms.svg")
        if indices:
            draw_sobol(scenario, indices, decided, folder / "sobol.svg")
        if args.map:
            x, y = (_place(scenario, name) for name in args.map)
            draw_map(scenario, winner_map(scenario, x, y, args.quantity), args.quantity, folder / "map.svg")
    if args.json:
        print_json(as_dict(answers))
    else:
        show(page_of(answers))
    return 0


def _paradigms(names: tuple[str, str]) -> tuple[str, str]:
    from ...factors.factor import did_you_mean, near_matches
    from ...studies.paradigms.simulation import PARADIGMS

    for name in names:
        if name not in PARADIGMS:
            hint = did_you_mean(near_matches(name, PARADIGMS)) or f" There are {', '.join(PARADIGMS)}."
            raise ValueError(f"--decide: no paradigm has the name {name!r}.{hint}")
    if names[0] == names[1]:
        raise ValueError(f"--decide compares two paradigms, not {names[0]} with itself")
    return (names[0], names[1])


def _place(scenario: TrainingScenario, name: str) -> ParameterPlace:
    """A parameter by its name; of a group by `GROUP.NAME`, where there are several."""
    from ...factors.factor import did_you_mean, near_matches
    from ...studies.paradigms.scenario import PARAMETERS, ParameterPlace

    group, _, parameter = name.rpartition(".")
    if parameter not in PARAMETERS:
        hint = did_you_mean(near_matches(parameter, PARAMETERS)) or " --parameters lists them."
        raise ValueError(f"no parameter has the name {parameter!r}.{hint}")
    if not PARAMETERS[parameter].of_group:
        return ParameterPlace(parameter)
    names = [group.name for group in scenario.groups]
    if not group and len(names) == 1:
        return ParameterPlace(parameter, 0)
    if group not in names:
        raise ValueError(f"{parameter} belongs to a group of learners: write GROUP.{parameter}, of {', '.join(names)}")
    return ParameterPlace(parameter, names.index(group))


def _changed(scenario: TrainingScenario, text: str) -> TrainingScenario:
    from ...factors import Factor
    from ...studies.paradigms.scenario import PARAMETERS

    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set takes NAME=VALUE, not {text!r}")
    place = _place(scenario, name.strip())
    try:
        numbers = [float(part) for part in value.split(":")]
    except ValueError:
        raise ValueError(f"--set {name}: {value!r} is no number, and no low:best:high") from None
    if len(numbers) not in (1, 3):
        raise ValueError(f"--set {name} takes a value, or low:best:high, not {value!r}")
    low, best, high = numbers if len(numbers) == 3 else numbers * 3
    unit = PARAMETERS[place.parameter].unit
    return scenario.changed(place, Factor(best, unit, low, high, "stated by the user", name=place.parameter))


def _list(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from ...report.page import Page, Table, show
    from ...studies.paradigms.presets import presets
    from ...studies.paradigms.scenario import PARAMETERS

    if args.presets:
        known = presets()
        if args.json:
            print_json(asdict(known))
            return 0
        speeds = [
            (n, _span(d.flop_per_s), _span(d.power_w), _span(d.making_kg), d.source) for n, d in known.devices.items()
        ]
        links = [(n, _span(link.kwh_per_gb), link.source) for n, link in known.links.items()]
        models = [(n, f"{m.parameters:,}", _span(m.sample_flop), m.what, m.source) for n, m in known.models.items()]
        tables = [
            Table(("device", ">FLOP/s in training", ">W", ">making in kg", "source"), speeds),
            Table(("link", ">kWh/GB", "source"), links),
            Table(("model", ">parameters", ">FLOP a sample", "what", "source"), models),
        ]
        show(Page("Presets: low, best, high. They are estimates to begin with; measure your own.", tables))
        return 0
    rows = []
    for row in PARAMETERS.values():
        fallback = (
            "must be given" if row.fallback is None else "no limit" if row.fallback > 1e300 else f"{row.fallback:g}"
        )
        where = "learners" if row.of_group else "centre" if row.name.startswith("centre_") else "task"
        rows.append((where, row.name, row.symbol, row.unit, fallback, row.meaning))
    if args.json:
        names = ("section", "name", "symbol", "unit", "default", "meaning")
        print_json([dict(zip(names, row)) for row in rows])
        return 0
    columns = ("section", "name", "symbol", "unit", "default", "meaning")
    about = f"{len(rows)} parameters; in the section centre their names stand without centre_"
    show(Page(about, [Table(columns, rows)]))
    return 0


def _span(numbers: tuple[float, ...]) -> str:
    return " – ".join(f"{number:.3g}" for number in numbers)
