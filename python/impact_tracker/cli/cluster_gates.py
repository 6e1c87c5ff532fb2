"""The gates of `--gate`: from files, records, series over a threshold, and those that need no input."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..cluster import JobTable
    from ..cluster.gate import Gate
    from ..cluster.readers.gate_records import RecordWish
    from ..cluster.store import PowerStore

FORMS = """gates (--gate, several at once; E_gate is the part of a job's energy that falls into it):
  running | share | share:cores | share:gpus | share:memory   of all power of the job's nodes
  phase:REGION      regions of this tracker's records, as in phase:train or 'phase:train*' (--records)
  alive             while a tracked program of the job is alive (--records)
  'SERIES>LIMIT'    while a series of the power is over a limit: 'gpu_use>20%', 'gpu>150W', 'node>0.3kW'
  NAME=FILE         CSV of begin, end and any of node, job_id, value
  NAME= may stand before any of them"""

_BARE = ("running", "share", "share:cores", "share:gpus", "share:memory", "alive")


def add_gates(parser: argparse.ArgumentParser) -> None:
    """--gate and --records."""
    parser.add_argument(
        "--gate",
        action="append",
        default=[],
        metavar="[NAME=]GATE",
        help="running, share[:cores|gpus|memory], phase:REGION, alive, 'SERIES>LIMIT' or a CSV; several at once",
    )
    parser.add_argument(
        "--records",
        action="append",
        default=[],
        metavar="DIR",
        help="this tracker's records of the jobs, for phase: and alive (the folders of records given as --power)",
    )


def gates_of(args: argparse.Namespace, store: PowerStore, table: JobTable) -> tuple[Gate, ...]:
    """The gates that were asked for, in their order. ValueError for one that is none, or for two of one name."""
    from ..cluster.frames import GATES, empty
    from ..cluster.gate import BUILT_IN, Gate
    from ..cluster.readers.gate_files import read_gate
    from ..cluster.readers.gate_records import RecordWish, record_gates
    from ..cluster.readers.gate_series import threshold_gate

    gates: dict[str, Gate | RecordWish] = {}
    for text in args.gate:
        name, word = _named(text)
        if name in gates:
            raise ValueError(f"two gates have the name {name}: give one another name, as in --gate other={word}")
        if word in BUILT_IN:
            gates[name] = Gate(name, BUILT_IN[word], empty(GATES), built_in=word)
        elif word == "alive":
            gates[name] = RecordWish(name)
        elif word.startswith("phase:"):
            gates[name] = RecordWish(name, word.partition(":")[2])
        elif ">" in word:
            series, _, limit = word.partition(">")
            gates[name] = threshold_gate(name, series.strip(), limit, store)
        else:
            gates[name] = read_gate(name, _file(word, text))
    wishes = [gate for gate in gates.values() if isinstance(gate, RecordWish)]
    if wishes:
        for gate in record_gates(wishes, _records(args), table):
            gates[gate.name] = gate
    return tuple(gate for gate in gates.values() if isinstance(gate, Gate))


def _named(text: str) -> tuple[str, str]:
    """The name of a gate and what it is. A name is part of a column's, so it has letters, digits and _ alone."""
    name, equals, word = text.partition("=")
    if not equals:
        name, word = "", text
    word = word.strip()
    if equals and not name.isidentifier():
        raise ValueError(f"a gate's name has letters, digits and _ alone, not {name!r} (--gate {text})")
    if not word or word == "phase:":
        raise ValueError(f"--gate {text} does not say what opens it:\n{FORMS}")
    if name:
        return name, word
    plain = Path(word).stem if word.endswith((".csv", ".txt")) else word
    plain = re.sub(r"\W+", "_", plain.removeprefix("phase:").replace(">", "_over_").replace("%", "_percent"))
    plain = plain.strip("_") or "gate"
    return (plain if plain.isidentifier() else f"gate_{plain}"), word


def _file(word: str, text: str) -> Path:
    """The file of a gate; ValueError with the forms and near words where there is none."""
    import difflib

    path = Path(word)
    if path.is_file():
        return path
    near = difflib.get_close_matches(word, (*_BARE, "phase:train"), n=1)
    hint = f" (near: {near[0]})" if near else ""
    quoted = "\nA threshold is quoted, for the shell takes > for itself: --gate 'gpu_use>20%'"
    raise ValueError(f"--gate {text}: there is no file {word}, and it is no other gate{hint}{quoted}\n{FORMS}")


def _records(args: argparse.Namespace) -> list[str]:
    from ..cluster.store import PowerStore

    places = list(args.records)
    if not places:
        places = [place for place in args.power if Path(place).is_dir() and not PowerStore.is_one(place)]
    if not places:
        raise ValueError("phases and lives of programs are in this tracker's records: give --records DIR")
    return places
