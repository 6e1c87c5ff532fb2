"""sbatch, squeue, scancel, srun without a cluster: what is submitted runs here, one element of an array after another.

Run as a program by the name it is linked to. FAKE_SLURM names a folder with its state: `count`, `<job>/script`,
`<job>/elements`, and for each element a file that says waiting, running:<pid> or ended. Of a script only what decides
where output goes and how many elements there are is understood. There are no accounts: sacct fails, as it does then.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

COMMANDS = ("sbatch", "squeue", "scancel", "srun", "sacct")


def install(folder: Path) -> Path:
    """The commands in a folder, for the front of PATH."""
    folder.mkdir()
    for name in COMMANDS:
        text = f'#!/bin/sh\nexec {sys.executable} {Path(__file__).absolute()} {name} "$@"\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@contextmanager
def fake_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Variables for the environment of whoever submits; jobs that are left at the end are ended."""
    (folder / "state").mkdir(parents=True)
    commands = install(folder / "bin")
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    try:
        yield {"PATH": path, "FAKE_SLURM": str(folder / "state")}
    finally:
        for job in (folder / "state").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                os.killpg(int((job / "driver").read_text()), signal.SIGKILL)


def state() -> Path:
    return Path(os.environ["FAKE_SLURM"])


def flags_of(script: str) -> dict[str, str]:
    options = re.findall(r"^#SBATCH --([a-z-]+)(?:=(.*))?$", script, flags=re.MULTILINE)
    return {name: value.strip("'\"") for name, value in options}


def sbatch(arguments: list[str]) -> int:
    script = Path(arguments[-1]).read_text()
    number = len(list(state().glob("[0-9]*"))) + 1
    job = state() / str(number)
    job.mkdir()
    (job / "script").write_text(script)
    last = re.match(r"0-(\d+)", flags_of(script).get("array", ""))
    for element in [str(n) for n in range(int(last[1]) + 1)] if last else [""]:
        (job / f"element{element}").write_text("waiting")
    driver = subprocess.Popen(
        [sys.executable, __file__, "drive", str(number)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    (job / "driver").write_text(str(driver.pid))
    print(f"Submitted batch job {number}")
    return 0


def placed(pattern: str, number: str, element: str) -> Path:
    return Path(pattern.replace("%A", number).replace("%a", element).replace("%j", number))


def drive(arguments: list[str]) -> int:
    """The node: runs the elements of one job in turn."""
    (number,) = arguments
    job = state() / number
    flags = flags_of((job / "script").read_text())
    for file in sorted(job.glob("element*"), key=lambda file: int(file.name[7:] or 0)):
        element = file.name[7:]
        if file.read_text() != "waiting":
            continue
        own = {"SLURM_JOB_ID": number, "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
        if element:
            own.update(SLURM_ARRAY_JOB_ID=number, SLURM_ARRAY_TASK_ID=element)

        output, error = (placed(flags[name], number, element) for name in ("output", "error"))
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as out, error.open("ab") as err:
            run = subprocess.Popen(["/bin/bash", job / "script"], stdout=out, stderr=err, env={**os.environ, **own})
            file.write_text(f"running:{run.pid}")
            run.wait()
        file.write_text("ended")
    return 0


def squeue(arguments: list[str]) -> int:
    wanted = next(argument.partition("=")[2] for argument in arguments if argument.startswith("--jobs="))
    known = False
    for number in wanted.split(","):
        for file in (state() / number).glob("element*"):
            known = True
            if file.read_text() != "ended":
                print(number + (f"_{file.name[7:]}" if file.name[7:] else ""))
    if not known:
        print("slurm_load_jobs error: Invalid job id specified", file=sys.stderr)
    return 0 if known else 1


def scancel(arguments: list[str]) -> int:
    """Of one element: what waits never runs, what runs is killed."""
    for name in arguments:
        number, _, element = name.partition("_")
        file = state() / number / f"element{element}"
        word, _, pid = file.read_text().partition(":")
        if word == "waiting":
            file.write_text("ended")
        elif word == "running":
            os.kill(int(pid), signal.SIGKILL)
    return 0


def sacct(arguments: list[str]) -> int:
    print("Slurm accounting storage is disabled", file=sys.stderr)
    return 1


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    does = {"sbatch": sbatch, "squeue": squeue, "scancel": scancel, "sacct": sacct, "drive": drive}
    sys.exit(does[name](rest))
