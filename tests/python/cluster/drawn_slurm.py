"""Jobs as Slurm might account for them, drawn at random, as `sacct -P` and as `sacct --json` of each version."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from random import Random

NO_VALUE = 2**64 - 2
VERSIONS = ("21.08", "22.05", "23.02", "23.11", "24.05", "25.05", "25.11", "26.05")


@dataclass(frozen=True)
class DrawnStep:
    """`energy`: joules, or Slurm's mark of nothing."""

    name: str
    start: int
    end: int | None
    energy: int
    cpu_ms: int
    nodes: int  # the first so many of the job's


@dataclass(frozen=True)
class DrawnJob:
    """`array`: the array's job and the task; `het`: the leading job and the offset. Times are seconds since 1970."""

    number: int
    array: tuple[int, int] | None
    het: tuple[int, int] | None
    name: str
    user: str
    account: str
    wckey: str
    state: str
    submit: int
    start: int
    end: int | None
    first_node: int
    nodes: int
    cores: int
    memory_mb: int
    gpus: tuple[tuple[str, int], ...]  # kind ("" for a card of no kind) and count
    energy: int
    cpu_ms: int
    steps: tuple[DrawnStep, ...]

    @property
    def key(self) -> str:
        if self.array is not None:
            return f"{self.array[0]}_{self.array[1]}"
        return f"{self.number}" if self.het is None else f"{self.het[0]}+{self.het[1]}"

    def node_list(self, count: int) -> str:
        last = self.first_node + count - 1
        return f"n{self.first_node:03d}" if count == 1 else f"n[{self.first_node:03d}-{last:03d}]"

    @property
    def resources(self) -> list[tuple[str, str, int]]:
        """Type, name and count of what it was given; memory in MB."""
        cards = [("gres", f"gpu:{kind}" if kind else "gpu", count) for kind, count in self.gpus]
        energy = [("energy", "", self.energy)] if self.energy != NO_VALUE else []
        return [("cpu", "", self.cores), ("mem", "", self.memory_mb), *energy, ("node", "", self.nodes), *cards]


# What users call things: no separator of sacct's, and no end of a line.
LETTERS = "abcXYZ019 .-_+~/:;,=%#'\"\\()[]äéßøñ漢字ю🙂"


def drawn_word(draw: Random) -> str:
    word = "".join(draw.choice(LETTERS) for _ in range(draw.randint(1, 12))).strip()
    return word or "x"


def drawn_energy(draw: Random) -> int:
    return draw.choice([NO_VALUE, 0, draw.randint(1, 10**6), draw.randint(1, 10**6), 10**17])


def drawn_steps(draw: Random, start: int, end: int | None, nodes: int) -> tuple[DrawnStep, ...]:
    steps = []
    for name in ["batch", "extern", *map(str, range(draw.randint(0, 4)))]:
        if name in ("batch", "extern") and draw.random() < 0.5:
            continue
        length = 600 if end is None else end - start
        first = start + draw.randint(0, max(length - 1, 0))
        last = None if end is None else draw.randint(first, end)
        steps.append(DrawnStep(name, first, last, drawn_energy(draw), draw.randint(0, 10**6), draw.randint(1, nodes)))
    return tuple(steps)


def drawn_job(draw: Random, number: int) -> DrawnJob:
    kind = draw.choice(["plain", "plain", "array", "het"])
    start = draw.randint(1_700_000_000, 1_800_000_000)
    is_running = draw.random() < 0.15
    end = None if is_running else start + draw.choice([0, 1, draw.randint(0, 200_000)])
    ended = ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "DEADLINE"]
    nodes = draw.randint(1, 4)
    kinds = draw.choice([(), ("",), ("a100",), ("a100", "h100"), ("", "mi250")])
    return DrawnJob(
        number,
        (number, draw.randint(0, 2000)) if kind == "array" else None,
        (number, draw.randint(0, 3)) if kind == "het" else None,
        drawn_word(draw),
        drawn_word(draw),
        drawn_word(draw),
        draw.choice(["", "asr", "*asr"]),
        "RUNNING" if is_running else draw.choice(ended),
        start - draw.randint(0, 10_000),
        start,
        end,
        draw.randint(0, 900),
        nodes,
        draw.randint(1, 256),
        draw.randint(1, 2_000_000),
        tuple((kind, draw.randint(1, 8)) for kind in kinds),
        drawn_energy(draw),
        draw.choice([0, draw.randint(1, 10**9)]),
        drawn_steps(draw, start, end, nodes),
    )


def drawn_jobs(seed: int) -> list[DrawnJob]:
    """One to eight jobs."""
    draw = Random(seed)
    return [drawn_job(draw, 100 + 7 * place) for place in range(draw.randint(1, 8))]


COLUMNS = """JobID JobName User Account WCKey Partition State Submit Start End ElapsedRaw NNodes NCPUS TotalCPU
ReqMem ConsumedEnergyRaw AllocTRES TRESUsageInTot NodeList""".split()  # noqa: SIM905  # a column of texts is longer


def _time(seconds: int | None) -> str:
    if seconds is None:
        return "Unknown"
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes:02d}:{seconds:02d}.{rest:03d}"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{f'{days}-' if days else ''}{hours:02d}:{minutes:02d}:{seconds:02d}"


def as_text(jobs: Sequence[DrawnJob]) -> str:
    """What `sacct -a -D -P` prints; seconds of CPU time of an hour or more are whole, as there."""
    lines = ["|".join(COLUMNS)]
    for job in jobs:
        by = "CANCELLED by 1000" if job.state == "CANCELLED" else job.state
        elapsed = 0 if job.end is None else job.end - job.start
        tres = [
            f"{kind}{f'/{name}' if name else ''}={count}{'M' * (kind == 'mem')}" for kind, name, count in job.resources
        ]
        about = [job.key, job.name, job.user, job.account, job.wckey, "main", by]
        times = [*map(_time, (job.submit, job.start, job.end)), str(elapsed)]
        sizes = [str(job.nodes), str(job.cores), _clock(job.cpu_ms), f"{job.memory_mb}M", str(job.energy)]
        lines.append("|".join([*about, *times, *sizes, ",".join(tres), "", job.node_list(job.nodes)]))
        for step in job.steps:
            about = [f"{job.key}.{step.name}", step.name, "", job.account, "", "", job.state]
            elapsed = 0 if step.end is None else step.end - step.start
            times = [_time(step.start), _time(step.start), _time(step.end), str(elapsed)]
            sizes = [str(step.nodes), str(job.cores), _clock(step.cpu_ms), "", str(step.energy)]
            lines.append("|".join([*about, *times, *sizes, "", "", job.node_list(step.nodes)]))
    return "\n".join(lines) + "\n"


def as_json(jobs: Sequence[DrawnJob], version: str) -> bytes:
    """What `sacct -a -D --json` prints. Until 22.05 numbers are bare, a state is one word, the id of a step its name;
    then more and more numbers say whether they are set, states are lists, ids of steps texts, in the end objects."""
    year = tuple(int(part) for part in version.split("."))

    def number(value: int | None, since: tuple[int, int] = (23, 2)) -> object:
        if year < since:
            return value
        return {"set": value is not None, "infinite": False, "number": 0 if value is None else value}

    def state(word: str) -> object:
        return [word] if year >= (23, 11) else word

    document = {"meta": {"Slurm": {"release": version}}, "jobs": [_job(job, year, number, state) for job in jobs]}
    return json.dumps(document, ensure_ascii=False).encode()


def _cpu(milliseconds: int) -> dict[str, int]:
    """As fine as the text has it."""
    fine = milliseconds if milliseconds < 3600_000 else milliseconds // 1000 * 1000
    return {"seconds": fine // 1000, "microseconds": fine % 1000 * 1000}


Number = Callable[..., object]


def _job(job: DrawnJob, year: tuple[int, ...], number: Number, state: Callable[[str], object]) -> dict[str, object]:
    resources = [
        {"type": kind, "name": name or (None if year < (23, 2) else ""), "id": place, "count": count}
        for place, (kind, name, count) in enumerate(job.resources, 1)
    ]
    array, task = job.array or (0, None)
    leader, offset = job.het or (0, None)
    nothing = NO_VALUE if year < (23, 2) else None
    end = 0 if job.end is None else job.end
    return {
        "job_id": job.number,
        "array": {"job_id": array, "task_id": number(task), "task": ""},
        "het": {"job_id": leader, "job_offset": number(offset)},
        "name": job.name,
        "user": job.user,
        "account": job.account,
        "association": {"account": job.account, "user": job.user},
        "wckey": {"wckey": job.wckey, "flags": []},
        "partition": "main",
        "nodes": job.node_list(job.nodes),
        "allocation_nodes": job.nodes,
        "state": {"current": state(job.state), "reason": "None"},
        "time": {
            "start": number(job.start, (25, 11)),
            "end": number(end, (25, 11)),
            "submission": number(job.submit, (25, 11)),
            "elapsed": number(0 if job.end is None else job.end - job.start, (25, 11)),
            "total": _cpu(job.cpu_ms),
        },
        "tres": {"allocated": resources, "requested": []},
        "steps": [_step(job, step, year, number, state, nothing) for step in job.steps],
    }


def _step(
    job: DrawnJob,
    step: DrawnStep,
    year: tuple[int, ...],
    number: Number,
    state: Callable[[str], object],
    nothing: int | None,
) -> dict[str, object]:
    name: object = step.name
    if year >= (25, 11):
        name = {"job_id": job.number, "step_id": step.name, "sluid": "s0"}
    elif year >= (23, 2):
        name = f"{job.number}.{step.name}"
    energy = number(nothing if step.energy == NO_VALUE else step.energy)
    return {
        "step": {"id": name, "name": step.name},
        "state": state(job.state),
        "time": {
            "start": number(step.start),
            "end": number(0 if step.end is None else step.end),
            "elapsed": 0 if step.end is None else step.end - step.start,
            "total": _cpu(step.cpu_ms),
        },
        "nodes": {
            "count": step.nodes,
            "range": job.node_list(step.nodes),
            "list": [f"n{job.first_node + place:03d}" for place in range(step.nodes)],
        },
        "statistics": {"energy": {"consumed": energy}},
        "tres": {"requested": {"total": []}, "consumed": {"total": []}},
    }
