"""Jobs from `sacct --json`, of Slurm 21.08 to 26.05: the rows of its text, from other places in each version."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...factors.cards import part_of_card
from ...file_text import no_pipe
from ..finding import RejectedRow
from ..frames import polars, schema
from ..job import JobTable
from .slurm_rule import ROWS, table_of_rows
from .slurm_words import SlurmNumber, cards_of

NS = 10**9
MOST_KEPT = 1000


def read_sacct_json(path: str | Path) -> JobTable:
    """The jobs of a file. ValueError where it is no output of `sacct --json`."""
    return parse_sacct_json(no_pipe(path).read_bytes(), str(path))


def parse_sacct_json(raw: bytes, source: str) -> JobTable:
    """The jobs of a document; `line` is the place of the job in it, from 1."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source}: no JSON ({error}): make it with sacct -a -D --json") from None
    jobs = document.get("jobs") if isinstance(document, dict) else None
    if not isinstance(jobs, list):
        raise ValueError(f"{source}: no output of sacct --json: it has no list of jobs")
    rows: list[list[object]] = []
    rejected: list[RejectedRow] = []
    for number, job in enumerate(jobs, 1):
        if not isinstance(job, dict):
            rejected.append(RejectedRow(source, number, "it is no object", str(job)[:200]))
            continue
        key = _key(job)
        if key is None:
            rejected.append(RejectedRow(source, number, "its job id is none", str(job.get("job_id"))[:200]))
            continue
        rows += [[row.get(name) for name in ROWS] for row in _rows(job, key, number)]
    frame = polars().DataFrame(rows, schema=schema(ROWS), orient="row")
    return table_of_rows(frame, rejected[:MOST_KEPT], source, len(rejected))


def _at(value: object, *path: str) -> object:
    """What stands below some keys; `None` where one of them is not there."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _text(value: object) -> str | None:
    """A text; of a list (states from 23.11 on) its first."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, str) and value else None


def _key(job: Mapping[str, object]) -> str | None:
    """`7`, `8_1` for a task of an array, `9+1` for a part of a heterogeneous job."""
    number = SlurmNumber.of(job.get("job_id"))
    if number is None or number < 1:
        return None
    of_array, task = SlurmNumber.of(_at(job, "array", "job_id")), SlurmNumber.of(_at(job, "array", "task_id"))
    if of_array and task is not None:
        return f"{of_array:.0f}_{task:.0f}"
    leader, place = SlurmNumber.of(_at(job, "het", "job_id")), SlurmNumber.of(_at(job, "het", "job_offset"))
    return f"{leader:.0f}+{place:.0f}" if leader and place is not None else f"{number:.0f}"


def _ns(value: object) -> int | None:
    """Nanoseconds of a time; Slurm writes 0 for one that is not known."""
    seconds = SlurmNumber.of(value)
    return round(seconds * NS) if seconds else None


def _tres(listed: object) -> dict[str, float]:
    """Amounts by `type` or `type/name`."""
    amounts: dict[str, float] = {}
    for entry in listed if isinstance(listed, list) else ():
        count, kind, name = SlurmNumber.of(_at(entry, "count")), _text(_at(entry, "type")), _text(_at(entry, "name"))
        if count is not None and kind:
            amounts[f"{kind}/{name}" if name else kind] = count
    return amounts


def _gpus(amounts: Mapping[str, float]) -> tuple[float | None, str]:
    """Cards and the first named kind of them; `None` where there are only shards, which may be any part of a card."""
    named = {name[len("gres/gpu:") :]: count for name, count in amounts.items() if name.startswith("gres/gpu:")}
    cards = cards_of(named, amounts.get("gres/gpu", 0.0))
    is_sliced = not cards and any(name.partition(":")[0] == "gres/shard" for name in amounts)
    return None if is_sliced else cards, part_of_card(next(iter(named), ""))[0]


def _seconds(time: object) -> float | None:
    full, parts = SlurmNumber.of(_at(time, "seconds")), SlurmNumber.of(_at(time, "microseconds"))
    return None if full is None else full + (parts or 0.0) / 1e6


def _energy(*places: object) -> tuple[float | None, float]:
    """The first energy of some places, and 1 where one of them is odd (negative, or above 2^62 and no mark of
    nothing)."""
    for place in places:
        value = SlurmNumber.of(place)
        if value is not None:
            return (value, 0.0) if 0.0 <= value < 2.0**62 else (None, 1.0 if value < 2.0**64 - 5000.0 else 0.0)
    return None, 0.0


def _rows(job: Mapping[str, object], key: str, line: int) -> Iterator[dict[str, object]]:
    """The row of the job and those of its steps."""
    amounts = _tres(_at(job, "tres", "allocated")) or _tres(_at(job, "tres", "requested"))
    gpus, model = _gpus(amounts)
    energy, odd = _energy(amounts.get("energy"))
    nodes = _text(job.get("nodes"))
    memory = amounts.get("mem", _tres(_at(job, "tres", "requested")).get("mem"))
    yield {
        "line": line,
        "key": key,
        "own_id": _number_text(SlurmNumber.of(job.get("job_id"))),
        "state": _state(job.get("state")),
        "start_ns": _ns(_at(job, "time", "start")),
        "end_ns": _ns(_at(job, "time", "end")),
        "submit_ns": _ns(_at(job, "time", "submission")),
        "elapsed_s": SlurmNumber.of(_at(job, "time", "elapsed")),
        "user": _text(job.get("user")) or _text(_at(job, "association", "user")),
        "account": _text(job.get("account")) or _text(_at(job, "association", "account")),
        "project": (_text(_at(job, "wckey", "wckey")) or "").strip("*"),
        "partition": _text(job.get("partition")),
        "name": _text(job.get("name")),
        "node_count": SlurmNumber.of(job.get("allocation_nodes")) or amounts.get("node"),
        "cores": amounts.get("cpu") or None,  # what ran had a core: 0 is no count
        "gpus": gpus,
        "gpu_model": model,
        "memory_b": memory * 2.0**20 if memory else None,  # MB, as in `required.memory`; 0 asks for all of a node
        "cpu_time_s": _seconds(_at(job, "time", "total")),
        "energy_j": energy,
        "is_odd_energy": odd,
        "node_list": nodes,
    }
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else ():
        yield _step_row(step, key, line)


def _state(state: object) -> str:
    """A word; from 23.02 on the state is a list, and stands below `current`."""
    current = _at(state, "current") if isinstance(state, Mapping) else state
    return (_text(current) or "").upper()


def _step_row(step: object, key: str, line: int) -> dict[str, object]:
    name = _at(step, "step", "id")
    if isinstance(name, str):
        name = name.rpartition(".")[2]  # "12.batch" from 23.02 on, "batch" before
    elif isinstance(name, Mapping):
        name = _text(_at(name, "step_id")) or _number_text(SlurmNumber.of(_at(name, "step_id")))
    elif name is not None:
        name = _number_text(SlurmNumber.of(name))
    consumed = {**_tres(_at(step, "tres", "requested", "total")), **_tres(_at(step, "tres", "total"))}
    energy, odd = _energy(_at(step, "statistics", "energy", "consumed"), consumed.get("energy"))
    return {
        "line": line,
        "key": key,
        "step": name or _text(_at(step, "step", "name")) or "?",
        "state": _state(_at(step, "state")),
        "start_ns": _ns(_at(step, "time", "start")),
        "end_ns": _ns(_at(step, "time", "end")),
        "elapsed_s": SlurmNumber.of(_at(step, "time", "elapsed")),
        "node_count": SlurmNumber.of(_at(step, "nodes", "count")),
        "cpu_time_s": _seconds(_at(step, "time", "total")),
        "energy_j": energy,
        "is_odd_energy": odd,
        "node_list": _text(_at(step, "nodes", "range")) or _joined(_at(step, "nodes", "list")),
    }


def _number_text(number: float | None) -> str | None:
    return None if number is None else f"{number:.0f}"


def _joined(names: object) -> str | None:
    listed: Sequence[object] = names if isinstance(names, list) else ()
    return ",".join(str(name) for name in listed) or None
