"""Whether a campaign has a result: what its exit code is, why rows do not count, and what helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..plan.suites import Test
from ..plan.test import ASIDE
from ..row.row import Row
from ..row.storage import Outcome

INCOMPLETE, NOTHING = 1, 3  # exit codes
_NAMED = 3  # kinds of reasons, and tests, in the message

# By the check's name, or what the worker calls its failure.
_REMEDIES = {
    "device": "ask for a device that the worker has (--device; impact-tracker doctor names the GPUs)",
    "device works": "see that the work reaches the device that was asked for (--device)",
    "awake": "keep the machine awake: systemd-inhibit impact-tracker bench …",
    "alone": "end other programs, or wait until the machine is idle",
    "precision": "ask for a --precision that the worker has",
    "layout": "leave --layout out",
    "replicas": "ask for as many --replicas as there are GPUs",
    "threads": "ask for as many --threads as there are processors",
    "energy": "a phase that is longer than the sensors' period (--images, --mode work); impact-tracker doctor",
    "sensors": "see which sensor stopped answering: impact-tracker doctor",
    "above idle": "begin when the machine is idle",
    "settled": "begin when the machine is idle, with its clock fixed; a longer --cool-down",
    "length": "leave --images and --epochs out (then the machine's speed decides how many), or ask for more",
    "steady": "begin when the machine is warm or rested, with its clock fixed; a room of an even temperature",
    "samples": "leave --images out (then the sensors decide how many), or ask for more",
    "coverage": "see which sensor is late or silent: impact-tracker doctor",
    "drift": "fix the processors' clock, and end other programs",
    "scatter": "fix the processors' clock, and end other programs",
    "power drift": "let the machine warm up and cool down: a longer --cool-down",
    "counter and gauge": "see which of the device's sensors is wrong: impact-tracker doctor",
    "out-of-memory": "a smaller --batch in a new campaign, or more memory",
    "ended": "look into the system's log for why the worker was ended (dmesg), or try a smaller --batch",
}


class CampaignVerdict(NamedTuple):
    """`code`: the exit code; `without`: tests' phases that have no valid run; `text`: for people, where something is
    missing, without what to type then; `redo`: whether runs that came to their end are to be repeated."""

    code: int
    without: list[str]
    text: str | None = None
    redo: bool = False


def verdict(tests: Sequence[Test], rows: Sequence[Row], outcome: Outcome) -> CampaignVerdict:
    """Judges the rows that count (`current`) of a campaign of these tests."""
    main = [row for row in rows if row.phase not in (*ASIDE, "idle")]
    good = {(row.test, row.phase) for row in main if row.invalid_because is None}
    asked = [(test.name, phase) for test in tests for phase in test.phases]
    without = [f"{test} {phase}" for test, phase in asked if (test, phase) not in good]
    if not without and not outcome.failed:
        return CampaignVerdict(0, [])
    invalid = [row for row in main if row.status == "ok" and row.verdict.invalid]
    if len(without) == len(asked):
        code, head = NOTHING, "no run is valid, so there is no result"
    elif without:
        has = "has" if len(without) == 1 else "have"
        code, head = INCOMPLETE, f"{len(without)} of {len(asked)} phases {has} no valid run: {_some(without)}"
    else:
        code, head = INCOMPLETE, f"{_tasks(len(outcome.failed))} failed"
    lines = [head, *_reasons(invalid, rows, outcome)]
    return CampaignVerdict(code, without, "\n".join(lines), bool(invalid))


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _reasons(invalid: Sequence[Row], rows: Sequence[Row], outcome: Outcome) -> Iterable[str]:
    """A line for each kind of reason, the most common first: how often it came, one of its texts, what helps."""
    kinds: Counter[str] = Counter()
    texts: dict[str, str] = {}

    def count(kind: str, text: str) -> None:
        kinds[kind] += 1
        texts.setdefault(kind, text)

    for row in invalid:
        for check in row.verdict.checks:
            if not check.ok and check.fatal:
                count(check.name, f"rows are invalid, as: {check.text}")
    failures = {row.task: row.failure or "" for row in rows if row.status != "ok"}
    for task, reason in outcome.failed.items():
        count(failures.get(task) or reason, f"tasks failed, as: {reason}")
    for kind, number in kinds.most_common(_NAMED):
        helps = _REMEDIES.get(kind, "impact-tracker bench --models NAME --repeats 1 shows one alone")
        text = texts[kind] if number > 1 else texts[kind].replace("rows are", "row is", 1).replace("tasks", "task", 1)
        yield f"  {number} {text}\n    what helps: {helps}"
    if len(kinds) > _NAMED:
        yield f"  and {len(kinds) - _NAMED} more reasons"
