"""What is measured on this machine, what is not, why, and the exact command that would mend it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import add_json, print_json

if TYPE_CHECKING:
    from ..modelled import ModelledPart
    from ..probes import ChannelDescription, Probe
    from ..report.page import Page

_MARKS = {
    "used": "used",
    "shadowed": "not needed",
    "absent": "not there",
    "forbidden": "no permission",
    "unsupported": "not supported",
    "broken": "broken",
    "misconfigured": "misconfigured",
}
_EXAMPLES = """examples:
  impact-tracker doctor                          # what is read here, and the command that would mend the rest
  impact-tracker doctor --settings               # what readers can be told, and where it is set
  impact-tracker doctor --setup                  # the udev rule and the group that open the counters without root
  impact-tracker doctor --hand-in machine.json   # what the readers saw in ten seconds, without names; nothing is sent
"""
_DOMAINS = {
    "package": "CPU",
    "core": "CPU",
    "dram": "memory",
    "gpu": "GPU",
    "igpu": "integrated GPU",
    "module": "module",
    "psys": "platform",
    "wall": "whole machine",
    "board": "board",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--json; --setup and what it asks; --hand-in; --root for tests."""
    parser.epilog = _EXAMPLES
    add_json(parser, "every probe, for programs")
    parser.add_argument("--settings", action="store_true", help="what readers can be told, and where it is set")
    parser.add_argument(
        "--setup", action="store_true", help="open the counters to a group by a udev rule; shows it first"
    )
    parser.add_argument("--group", default="impact-tracker", help="with --setup: the group (default: %(default)s)")
    parser.add_argument("--with-ipmi", action="store_true", help="with --setup: the management controller too")
    parser.add_argument("--yes", action="store_true", help="with --setup: do not ask")
    parser.add_argument(
        "--hand-in", metavar="FILE", help="read for some seconds, and write what was seen, without names"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="with --hand-in: how long (%(default)g)")
    parser.add_argument("--root", default="/", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0, also on a machine without sensors, which is normal; of --setup its own."""
    if args.setup:
        from .doctor_setup import setup

        return setup(args.group, yes=args.yes, ipmi=args.with_ipmi, root=args.root)
    from .. import _core
    from ..report.page import show
    from . import doctor_settings, surroundings

    told = doctor_settings.read()
    if args.settings:
        show(doctor_settings.page_of(told))
        return 0
    probes = _core.probe(args.root, told.values)
    if args.hand_in:
        from .doctor_hand_in import hand_in

        return hand_in(args.hand_in, args.seconds, probes, args.root)
    around = surroundings.read(args.root)
    worker, why_no_worker = _worker()
    if args.json:
        answer: dict[str, object] = {"summary": headline(probes), "surroundings": around._asdict(), "sources": probes}
        answer["visible_gpus"] = _core.visible_gpus() if "CUDA_VISIBLE_DEVICES" in os.environ else None
        answer["settings"] = doctor_settings.as_list(told)
        answer["worker"] = worker
        print_json(answer)
    else:
        page = page_of(probes)
        remedies = [
            *surroundings.of_other_systems(),
            *around.sentences(),
            *page.caveats,
            *_setup_hint(probes),
            *told.remedies,
        ]
        if any(probe["state"] == "misconfigured" for probe in probes):
            remedies.append("`impact-tracker doctor --settings` lists what readers can be told")
        if worker is None:
            remedies.append(f"nothing runs networks for `impact-tracker bench` and the studies: {why_no_worker}")
        show(page._replace(caveats=remedies))
    return 0


def _worker() -> tuple[str | None, str]:
    """The worker's place, or `None` and why there is none, with the remedy."""
    from ..runner import find_worker

    try:
        return str(find_worker()), ""
    except FileNotFoundError as error:
        return None, str(error)


def _setup_hint(probes: Sequence[Probe]) -> list[str]:
    """Where a permission is what is missing."""
    closed = [probe["name"] for probe in probes if probe["state"] in ("forbidden", "used") and probe["advice"]]
    if not any(name in ("rapl_powercap", "hwmon", "hsmp") for name in closed):
        return []
    return ["`impact-tracker doctor --setup` writes the udev rule and the group for it, after showing them"]


def _covered(probes: Sequence[Probe]) -> dict[str, ModelledPart | None]:
    """Parts of the machine whose energy is had, in words, with who models it: `None` where a sensor measures it.

    Of several channels for one part a sensor comes before the processor's own model, and that before models of ours.
    """
    from ..modelled import Model, ModelledPart, model_of

    channels = [channel for probe in probes if probe["state"] == "used" for channel in probe["channels"]]
    ranks = [None, *Model]
    covered: dict[str, ModelledPart | None] = {}
    for channel in sorted(channels, key=lambda channel: ranks.index(model_of(channel["id"], channel["quality"]))):
        part = _DOMAINS.get(channel["domain"])
        if part and part not in covered and channel["quantity"] in ("energy", "power"):
            model = model_of(channel["id"], channel["quality"])
            covered[part] = None if model is None else ModelledPart(model, None, channel["relative_error"])
    return covered


def headline(probes: Sequence[Probe]) -> str:
    """One sentence: what sensors measure, what the processor's own model counts, what our models stand in for."""
    from ..modelled import Model

    covered = _covered(probes)
    if not covered:
        return "no energy can be had on this machine"
    measured = [part for part, model in covered.items() if model is None]
    modelled = [f"{part} ({model})" for part, model in covered.items() if model is not None]
    phrases = [f"measured: {', '.join(measured)}"] if measured else []
    if not measured and not any(model is not None and model.model is Model.PROCESSOR for model in covered.values()):
        phrases.append("nothing is measured by a sensor")
    if modelled:
        phrases.append(f"modelled: {', '.join(modelled)}")
    if not covered.keys() & {"GPU", "integrated GPU"}:
        phrases.append("no GPU is metered")
    return "; ".join(phrases)


def _channels(channels: Sequence[ChannelDescription]) -> str:
    """What a source reads: `cpu:0 package, memory:0 dram and 6 more`."""
    named = []
    for channel in channels:
        is_energy = channel["quantity"] in ("energy", "power")
        named.append(f"{channel['device']} {channel['domain' if is_energy else 'quantity']}")
    names = list(dict.fromkeys(named))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def page_of(probes: Sequence[Probe]) -> Page:
    """The sentence, every source, and the remedies."""
    from ..report.page import Page, Table

    rows = []
    for probe in probes:
        about = f"{probe['what']}: {probe['error']}"
        if probe["state"] == "used":
            about = _channels(probe["channels"]) + (f"; {probe['origin']}" if probe["origin"] else "")
            about += f"; left out: {probe['error']}" if probe["error"] else ""
        rows.append((probe["name"], _MARKS[probe["state"]], about))
    remedies = [f"{probe['name']}: {probe['advice']}" for probe in probes if probe["advice"]]
    return Page(headline(probes), [Table(("source", "state", "channels, or why not"), rows)], remedies)
