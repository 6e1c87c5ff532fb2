"""Writers and readers of a ledger that are killed at random, again and again, until every run is written."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from impact_tracker.ledger import Ledger
from python.ledger.drawn import EPOCH, SECOND

# A writer does what a tracker does: the open spool, the last one, the open one away. It tells each run that is written,
# and after a kill goes on with the first that it has not told.
WRITER = """
import os, sys
from pathlib import Path
from dataclasses import replace
from impact_tracker import spool
from impact_tracker.spool import Place, RunEntry
from impact_tracker.values import Energy
folder, number, count, told = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
begin_ns, second = int(sys.argv[5]), int(sys.argv[6])
log = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for run in range(len(told.read_bytes().splitlines()), count):
    start = begin_ns + run * 10 * second
    place = Place("node", f"boot-{number}", start, start + 5 * second)
    begun = RunEntry(f"run-{number:02d}-{run:04d}", "asr", started_ns=start, written_ns=start)
    opened = spool.write(folder, begun, durable=False)
    ended = replace(begun, energy=Energy(float(1 + run + 10_000 * number), 1.0), fate="finished", duration_s=5.0,
                    place=place, metrics={"wer": 1.0 / (1 + run + number)}, written_ns=start + 5 * second)
    spool.write(folder, ended)
    os.write(log, f"{ended.run_id}\\n".encode())
    opened.unlink(missing_ok=True)
"""
READER = """
import sys
from impact_tracker.ledger import Ledger
while True:
    with Ledger.open(sys.argv[1]) as ledger:
        ledger.projects()
"""


def started(script: str, *words: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *map(str, words)], stderr=subprocess.PIPE)


def joules_of(number: int, run: int) -> float:
    return float(1 + run + 10_000 * number)


def write_and_kill(
    folder: Path, told: Path, writers: int, runs: int, seed: int, place: str | None = None, readers: int = 1
) -> int:
    """Until every writer has told every run; the number of kills. `place`: of the ledger that the readers open."""
    source = random.Random(seed)
    told.mkdir()

    def writer(number: int) -> subprocess.Popen[bytes]:
        return started(WRITER, folder, number, runs, told / str(number), EPOCH, SECOND)

    working = {number: writer(number) for number in range(writers)}
    reading = [started(READER, place or folder) for _ in range(readers)]
    kills = 0
    try:
        while working:
            time.sleep(source.uniform(0.01, 0.4) / max(1, writers / 4))
            victim = source.choice([*working.values(), *reading])
            victim.send_signal(signal.SIGKILL)
            kills += 1
            for number, process in list(working.items()):
                code = process.poll()
                if code is None and process is not victim:
                    continue
                process.wait()
                _, errors = process.communicate()
                assert process.returncode in (0, -signal.SIGKILL), errors.decode()
                if process.returncode == 0:
                    del working[number]
                else:
                    working[number] = writer(number)
            for index, process in enumerate(reading):
                if process is victim or process.poll() is not None:
                    _, errors = process.communicate()
                    assert process.returncode == -signal.SIGKILL, errors.decode()
                    reading[index] = started(READER, place or folder)
    finally:
        for process in [*working.values(), *reading]:
            process.kill()
            process.communicate()
    return kills


def check(ledger: Ledger, told: Path, writers: int, runs: int) -> None:
    """Nothing that was told is lost, nothing is there twice, every joule is there once."""
    acknowledged = [line for path in told.iterdir() for line in path.read_text().splitlines()]
    there = [run.run_id for run in ledger.runs()]
    assert len(there) == len(set(there)) == writers * runs
    assert set(acknowledged) <= set(there)
    assert len(set(acknowledged)) == writers * runs
    assert {run.fate for run in ledger.runs()} == {"finished"}
    total_j = sum(run.energy.best_j or 0.0 for run in ledger.runs())
    assert total_j == sum(joules_of(number, run) for number in range(writers) for run in range(runs))
    rows = ledger.database.rows("SELECT sum(runs), sum(best_sum_j) FROM ledger_sums")
    assert rows == [(writers * runs, total_j)]
