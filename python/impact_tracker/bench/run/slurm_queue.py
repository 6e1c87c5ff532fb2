"""Whether a job of an array has ended, and how, also where the cluster keeps no accounts and the job left no word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

# Looks at a job that the queue has lost before it is taken for dead: its result may still be on the way through a
# network file system.
LOOKS = 3
_TIMEOUT_S = 60.0


def _asked(*command: str) -> subprocess.CompletedProcess[str] | None:
    """One of Slurm's commands; `None` where it is not there or does not answer."""
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


def queued(arrays: list[str]) -> set[str] | None:
    """Elements of these arrays that Slurm still has, as `12_0`; `None` where it does not say."""
    if not arrays:
        return None
    done = _asked("squeue", "--noheader", "--array", "--format=%i", f"--jobs={','.join(arrays)}")
    if done is None:
        return None
    if done.returncode != 0:
        # One array of which nothing is left is an error to squeue; a controller that does not answer is another.
        return set() if "Invalid job id" in done.stderr else None
    return set(done.stdout.split())


def accounted(job: str) -> str:
    """How Slurm's accounts say that a job ended (`TIMEOUT`, `OUT_OF_MEMORY` …); empty where it keeps none."""
    done = _asked("sacct", "--noheader", "--allocations", "--parsable2", "--format=State", f"--jobs={job}")
    if done is None or done.returncode != 0:
        return ""
    states = done.stdout.strip().splitlines()
    return states[-1].strip() if states else ""


class JobEnding:
    """How one job ends."""

    def __init__(self, job: Any) -> None:
        self._job = job
        self._lost = 0

    @property
    def _result(self) -> Path:
        return Path(self._job.paths.result_pickle)

    def has_come(self, in_queue: set[str] | None) -> bool:
        """`in_queue`: what `queued` found; where that is nothing at all, the job itself is asked."""
        if self._result.exists():
            return True
        if in_queue is None:
            self._lost = 0
            return bool(self._job.done())
        self._lost = 0 if str(self._job.job_id) in in_queue else self._lost + 1
        return self._lost >= LOOKS

    def reason(self) -> str | None:
        """Why it came to a bad end; `None` for a good one."""
        if self._result.exists():
            error = self._job.exception()
            return None if error is None else _sentence(str(error))
        state = accounted(str(self._job.job_id)) or "killed, or out of memory or time?"
        last = _last_line(self._job.paths.stderr) or _last_line(self._job.paths.stdout)
        return f"its job ended without a word ({state})" + (f": {last}" if last else "")


def _sentence(text: str) -> str:
    """Of submitit's message, a trace between rules and paths after it, the line that says what went wrong."""
    lines = [line.strip() for line in text.strip().splitlines()]
    rules = [number for number, line in enumerate(lines) if line and set(line) == {"-"}]
    inside = lines[rules[0] + 1 : rules[1]] if len(rules) > 1 else lines[: rules[0]] if rules else lines
    words = [line for line in inside if line]
    return words[-1] if words else text.strip() or "no reason was given"


def _last_line(path: Any) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""
