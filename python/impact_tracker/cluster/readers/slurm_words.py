"""The forms in which Slurm writes numbers and lists of nodes; each is `None` where it says nothing."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from functools import lru_cache

from ...factors.cards import part_of_card

NO_VALUE = frozenset({2**64 - 1, 2**64 - 2, 2**63 - 1, 2**63 - 2, 2**32 - 1, 2**32 - 2})
STATES = {
    "COMPLETED": "completed",
    "COMPLETING": "running",
    "RUNNING": "running",
    "SUSPENDED": "running",
    "STOPPED": "running",
    "RESIZING": "running",
    "FAILED": "failed",
    "LAUNCH_FAILED": "failed",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "NODE_FAIL": "node_fail",
    "BOOT_FAIL": "node_fail",
    "RECONFIG_FAIL": "node_fail",
    "OUT_OF_MEMORY": "out_of_memory",
    "PREEMPTED": "preempted",
    "REQUEUED": "preempted",
    "REQUEUE_HOLD": "preempted",
    "REQUEUE_FED": "preempted",
    "SPECIAL_EXIT": "preempted",
}
NEVER_STARTED = frozenset({"PENDING", "CONFIGURING", "POWER_UP_NODE", "RESV_DEL_HOLD"})
_BINARY = {"": 1.0, "K": 2.0**10, "M": 2.0**20, "G": 2.0**30, "T": 2.0**40, "P": 2.0**50, "E": 2.0**60}
_DECIMAL = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([KMGTPE]?)B?([nc]?)$", re.IGNORECASE)
_MOST_NODES = 200_000


class SlurmNumber:
    """What a JSON of any version holds where a number is meant."""

    @staticmethod
    def of(value: object) -> float | None:
        """From a number, a text, or {"set": …, "infinite": …, "number": …}; `None` for what says nothing."""
        if isinstance(value, dict):
            if value.get("infinite") or not value.get("set", True):
                return None
            value = value.get("number")
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                return None
        if not isinstance(value, (int, float)) or not math.isfinite(value) or value in NO_VALUE:
            return None
        return float(value)


def cards_of(named: Mapping[str, float], all_of_them: float) -> float:
    """Cards of a job: counts by kind, and Slurm's count of all, in which a part of a card is one as well."""
    unnamed = max(all_of_them - sum(named.values()), 0.0)
    return unnamed + sum(count * part_of_card(name)[1] for name, count in named.items())


def energy_j(text: str) -> float | None:
    """`2.20K`, `2202`: joules by powers of 1000; `None` for nothing and for Slurm's marks of nothing."""
    size = _SIZE.match(text.strip())
    if not size or size.group(3):
        return None
    number = float(size.group(1)) * _DECIMAL[size.group(2).upper()]
    return None if number in NO_VALUE or number >= 2.0**63 else number


def memory_b(text: str, nodes: float = 1, cores: float = 1) -> float | None:
    """`250G`, `6760Mc` (for each core), `250Gn` (for each node): bytes of all of it."""
    size = _SIZE.match(text.strip())
    if not size:
        return None
    unit = size.group(2).upper() or "M"  # Slurm's memory without a unit is in MB
    return float(size.group(1)) * _BINARY[unit] * {"n": nodes, "c": cores}.get(size.group(3).casefold(), 1.0)


@lru_cache(maxsize=100_000)
def nodes_of(text: str) -> tuple[str, ...]:
    """`compute-[0-2,5],login1`, `r[1-2]n[01-03]`: every node, in order; nothing for `None assigned`. ValueError for a
    list that is none."""
    text = text.strip()
    if not text or text.casefold() in ("none assigned", "none", "(null)", "n/a"):
        return ()
    names: list[str] = []
    for entry in _entries(text):
        names += _expanded(entry)
        if len(names) > _MOST_NODES:
            raise ValueError(f"a list of more than {_MOST_NODES} nodes: {text[:60]}")
    return tuple(dict.fromkeys(names))


def _entries(text: str) -> list[str]:
    """The parts between commas that stand outside of brackets."""
    entries, depth, begin = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if depth not in (0, 1):
            raise ValueError(f"brackets of a list of nodes do not match: {text[:60]}")
        if letter == "," and depth == 0:
            entries.append(text[begin:place])
            begin = place + 1
    if depth:
        raise ValueError(f"a list of nodes ends inside a bracket: {text[:60]}")
    entries.append(text[begin:])
    return [entry.strip() for entry in entries if entry.strip()]


def _expanded(entry: str) -> list[str]:
    parts = re.split(r"\[([^\]]*)\]", entry)
    choices = [[part] if place % 2 == 0 else _range(part) for place, part in enumerate(parts)]
    if math.prod(len(choice) for choice in choices) > _MOST_NODES:
        raise ValueError(f"a list of more than {_MOST_NODES} nodes: {entry[:60]}")
    return ["".join(words) for words in itertools.product(*choices)]


def _range(text: str) -> list[str]:
    numbers: list[str] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{part!r} is no range of numbers in a list of nodes")
        end = int(last or first)
        if end - int(first) > _MOST_NODES or end < int(first):
            raise ValueError(f"{part!r} is no range of numbers in a list of nodes")
        numbers += [f"{number:0{len(first)}d}" for number in range(int(first), end + 1)]
    return numbers
