"""The meters that are known, and where each of them is found on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...factors.factor import did_you_mean, near_matches


@dataclass(frozen=True)
class PowerMeter:
    """A meter: how it is used, and what it counts. `how`: "none" (the workload alone), "ours", "inside" (a library of
    Python), "program" (runs the workload itself), "estimate" (measures nothing), "series" (a log that the user has)."""

    name: str
    title: str
    how: str
    sees: str
    module: str = ""
    packages: tuple[str, ...] = ()  # by which pipx and uv know it
    program: str = ""


BARE = PowerMeter("bare", "no meter", "none", "nothing: its time is what the others' is held against")
METERS = (
    BARE,
    PowerMeter("impact-tracker", "impact-tracker", "ours", "all sensors of the machine, models where there are none"),
    PowerMeter("codecarbon", "CodeCarbon", "inside", "processor, GPUs; memory by model", "codecarbon", ("codecarbon",)),
    PowerMeter(
        "carbontracker", "CarbonTracker", "inside", "processor, memory, GPUs; its PUE taken out", "carbontracker",
        ("carbontracker",),
    ),
    PowerMeter(
        "experiment-impact-tracker", "experiment-impact-tracker", "inside", "processor, memory, GPUs; its own share",
        "experiment_impact_tracker", ("experiment-impact-tracker",),
    ),
    PowerMeter("zeus", "Zeus", "inside", "processor, memory, GPUs, by counters", "zeus", ("zeus", "zeus-ml")),
    PowerMeter("pyrapl", "pyRAPL", "inside", "processor, memory", "pyRAPL", ("pyrapl", "pyRAPL")),
    PowerMeter("perf", "perf stat", "program", "processor, memory", program="perf"),
    PowerMeter("scaphandre", "Scaphandre", "program", "the host, as it estimates it", program="scaphandre"),
    PowerMeter("energy-scope", "Energy Scope", "program", "processor, memory, GPUs", program="energyscope.sh"),
    PowerMeter("alumet", "Alumet", "series", "what its plug-ins read, from its log", program="alumet-agent"),
    PowerMeter("powerapi", "PowerAPI", "series", "what its sensor reads, from its log", program="powerapi"),
    PowerMeter("green-algorithms", "Green Algorithms", "estimate", "cores × thermal design power × time, memory"),
    PowerMeter("mlco2", "MLCO2 Impact calculator", "estimate", "thermal design power × time"),
)  # fmt: skip
KNOWN: Mapping[str, PowerMeter] = {meter.name: meter for meter in METERS}


@dataclass(frozen=True)
class FoundMeter:
    """A meter that can be used here: by an interpreter or a program, of some version."""

    meter: PowerMeter
    command: str = ""
    version: str = ""


@dataclass(frozen=True)
class Absence:
    """A meter that cannot be used here, why, and what would help."""

    meter: PowerMeter
    reason: str


def find(meter: PowerMeter, pythons: Mapping[str, str]) -> FoundMeter | Absence:
    """Where a meter is. `pythons`: interpreters that the user named, by meter."""
    if meter.how in ("none", "ours", "estimate"):
        return FoundMeter(meter)
    if meter.how == "inside":
        return _interpreter(meter, pythons)
    program = shutil.which(meter.program)
    if meter.how == "series":
        reason = "it writes a log of its own" if program else f"there is no {meter.program} on the PATH"
        return Absence(meter, f"{reason}; give its log by --power {meter.name}=FILE")
    if program is None:
        return Absence(meter, f"there is no {meter.program} on the PATH")
    if meter.name == "perf" and not _output([program, "stat", "-a", "-x", ",", "-e", perf_events(), "echo", "yes"]):
        reason = "the kernel offers perf no energies here, or kernel.perf_event_paranoid forbids them to this user"
        return Absence(meter, reason)
    return FoundMeter(meter, program, _output([program, "--version"]).split("\n")[0][:60])


def _interpreter(meter: PowerMeter, pythons: Mapping[str, str]) -> FoundMeter | Absence:
    question = (
        f"import {meter.module}, importlib.metadata as m\n"
        f"print('found', next((d.version for d in m.distributions() if d.metadata['Name'].lower() in "
        f"{[name.lower() for name in meter.packages]!r}), ''))"
    )
    named = pythons.get(meter.name)
    candidates = [named] if named else list(_candidates(meter))
    for python in candidates:
        # A library may print what it has to say before.
        answers = [line for line in _output([python, "-c", question]).splitlines() if line.startswith("found")]
        if answers:
            return FoundMeter(meter, python, answers[-1][len("found") :].strip())
    if named:
        return Absence(meter, f"{named} has no module {meter.module}")
    return Absence(
        meter, f"it is not installed here: uv tool install {meter.packages[0]}, or --python {meter.name}=PATH"
    )


def _candidates(meter: PowerMeter) -> Iterator[str]:
    """Interpreters that may have it: this one, and the environments of pipx and uv."""
    # The old import paths that this package brings are not that tracker.
    if meter.module != "experiment_impact_tracker":
        yield sys.executable
    homes = [
        Path(os.environ.get("PIPX_HOME", "~/.local/share/pipx")).expanduser() / "venvs",
        Path("~/.local/pipx/venvs").expanduser(),
        Path(os.environ.get("UV_TOOL_DIR", "~/.local/share/uv/tools")).expanduser(),
    ]
    for home in homes:
        for package in meter.packages:
            python = home / package / "bin" / "python"
            if python.exists():
                yield str(python)


def _output(words: list[str]) -> str:
    """What a program prints; empty where it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def perf_events() -> str:
    """The energies of the machine as a whole that the kernel offers to perf, as `perf stat -e` takes them."""
    folder = Path("/sys/bus/event_source/devices/power/events")
    offered = [name for name in ("energy-pkg", "energy-ram") if (folder / name).exists()]
    return ",".join(f"power/{name}/" for name in offered or ["energy-pkg"])


def meter_of(name: str) -> PowerMeter:
    """A meter by its name. ValueError with near names."""
    if name not in KNOWN:
        hint = did_you_mean(near_matches(name, KNOWN)) or f" There are {', '.join(KNOWN)}."
        raise ValueError(f"no meter has the name {name!r}.{hint}")
    return KNOWN[name]
