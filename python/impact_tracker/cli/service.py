"""A service on the network, weighed from an inventory: terminal, network, hosting, inference, training.

examples:
  impact-tracker service stable-diffusion                       # the bundled inventory of Stable Diffusion
  impact-tracker service mine.toml --unit visit --figure parts.svg
  impact-tracker service mine.toml --json
The form of the file, with an example: docs/footprint.md.
"""

from __future__ import annotations

import argparse

from .options import add_explain, add_factors, add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The inventory, the units, and what to show."""
    parser.add_argument("file", metavar="FILE", help="inventory, TOML or JSON; or a bundled one: stable-diffusion")
    parser.add_argument(
        "--unit", action="append", default=[], metavar="NAME", help="only this functional unit; may be repeated"
    )
    add_factors(parser)
    parser.add_argument("--figure", metavar="FILE", help="the parts' shares as stacked bars (.svg, .png, .pdf)")
    add_explain(parser)
    parser.add_argument("--tornado", action="store_true", help="which factors move the result most")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the service for each functional unit. ValueError, OSError: what cannot be read or weighed."""
    from ..factors import use_overrides
    from ..report.page import show
    from ..services import read_inventory, weigh
    from ..services.page import page_of, plot_service

    if args.factors:
        use_overrides(args.factors)
    inventory = read_inventory(args.file)
    services = [weigh(inventory, name) for name in args.unit or [unit.name for unit in inventory.units]]
    if args.figure:
        plot_service(services, args.figure)
    if args.json:
        units = {service.unit.name: service.as_dict() for service in services}
        document = {"name": inventory.name, "source": inventory.source, "notes": list(inventory.notes), "units": units}
        print_json(document)
    else:
        show(page_of(services, explained=args.explain, tornado=args.tornado))
    return 0
