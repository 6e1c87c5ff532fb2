"""Random damage to other trackers' files, and what must hold of whatever an importer makes of them.

As a program: `python tests/python/interop/importer_fuzz.py EXECUTIONS [SEED]` tries that many files and says how many,
at every hundredth of them too, so that a run which is ended early has said how far it came.
"""

from __future__ import annotations

import json
import math
import pickle
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from impact_tracker.interop import InteropError, Statement, boamps, carbontracker, codecarbon, each_once, eit
from impact_tracker.interop.lint import lint
from impact_tracker.interop.reported import of_statement
from impact_tracker.values import total

T = TypeVar("T")

CSV = (
    ",".join(codecarbon.COLUMNS)
    + "".join(
        f"\n2024-05-01T10:0{n}:00,p,r{n // 2},,{60 * n + 60},0.12,0.1,20,,5,0.3,,0.1,{0.2 * n + 0.2},0.5,France,FRA,,,,"
        "Linux,3.11,3.0,32,AMD EPYC 7543,2,2 x NVIDIA A100,1,2,64,machine,50,60,,30,N,1.2,0.3"
        for n in range(4)
    )
    + "\n"
)
OLD_CSV = """timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country_name,country_iso_code
2021-05-01T10:00:00,e,p,60.5,0.05,0.12,France,FRA
2021-05-01T11:00:00,f,p,61,0.06,0.13,France,FRA
"""
SEMICOLONS = "timestamp;run_id;duration;energy_consumed;emissions\n2024-05-01T10:00:00;r;60,5;0,12;0,05\n"
SHORT_LOG = """2024-01-05 10:12:29 - CarbonTracker: The following components were found: CPU with device(s) X.
2024-01-05 10:15:27 - CarbonTracker:
Actual consumption for 1 epoch(s):
\tTime:\t0:02:30
\tEnergy:\t0.000790 kWh
"""
LOG = """2024-01-05 10:12:29 - CarbonTracker: The following components were found: GPU with device(s) X. PUE is 1.67
2024-01-05 10:15:27 - CarbonTracker:
Actual consumption for 1 epoch(s):
\tTime:\t1 day, 0:02:30
\tEnergy:\t0.000790 kWh
\tCO2eq:\t0.158000 g
2024-01-05 10:15:27 - CarbonTracker: at detected location: Lyon, France.
Predicted consumption for 100 epoch(s):
\tTime:\t2:05:00
\tEnergy:\t0.039500 kWh
"""
MEASURE = {
    "measurementMethod": "m", "cpuTrackingMode": "tdp", "powerConsumption": 351, "unit": "Wh",
    "measurementDuration": 1500, "measurementDateTime": "2024-05-01 10:00:00", "averageUtilizationCpu": 0.5,
}  # fmt: skip
REPORT = json.dumps(
    {
        "header": {"reportId": "x", "reportDatetime": "2024-05-01 11:00:00"},
        "task": {
            "taskStage": "t",
            "taskFamily": "f",
            "algorithms": [{}],
            "dataset": [{"dataUsage": "input", "dataType": "text"}],
        },
        "measures": [MEASURE, {**MEASURE, "unit": "kJ"}],
        "infrastructure": {
            "infraType": "onPremise",
            "components": [
                {"componentType": "gpu", "nbComponent": 2},
                {"componentType": "ram", "nbComponent": 1, "memorySize": 64},
            ],
        },
        "environment": {"country": "France", "powerSourceCarbonIntensity": 50},
        "impacts": {"pue": 1.2, "carbon_g": 20},
    },
    indent=1,
)
SAMPLES = "".join(
    json.dumps(
        {"timestamp": 1.6e9 + n, "rapl_estimated_attributable_power_draw": 10.0 + n, "realtime_carbon_intensity": 50}
    )
    + "\n"
    for n in range(4)
)
WORDS = ', ; " nan inf -1 1e400 1e308 1e-320 0 -0.0 null {} [] true kWh Wh é 0001-01-01T00:00:00 9999-12-31T23:59:59'
PIECES = [
    *(word.encode() for word in WORDS.split()),
    *(b"\t", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"caf\xe9", b"9" * 400, b"[" * 2000),
    *(b"<<<<<<< HEAD\n", b"=======\n", b"2024-05-01 10:00:00+23:59", b"999999999 days, 1:00:00"),
]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with one to six pieces cut, doubled, replaced, or put in."""
    data = bytearray(content)
    draw = chance.random  # several times as quick as `randrange` and `choice`, and as even as this needs

    def one_of(choices: Sequence[T]) -> T:
        return choices[int(draw() * len(choices))]

    for _ in range(one_of((1, 1, 2, 3, 6))):
        begin = int(draw() * (len(data) + 1))
        end = min(len(data), begin + one_of((0, 1, 1, 2, 8, 40, 200)))
        kind = int(draw() * 6)
        if kind == 0:
            del data[begin:end]
        elif kind == 1:
            data[begin:begin] = data[begin:end]
        elif kind == 2:
            data[begin:end] = one_of(PIECES)
        elif kind == 3:
            data[begin:begin] = one_of(PIECES)
        elif kind == 4:
            data[begin:end] = chance.randbytes(end - begin)
        else:  # a number becomes another
            at = next((at for at in range(begin, len(data)) if 48 <= data[at] < 58), len(data))
            data[at : at + 1] = one_of((b"-", b".", b"e", b"9", b"0", b"999999999"))
    return bytes(data).decode("utf-8", "replace").encode("utf-16") if draw() < 0.01 else bytes(data)


def check(runs: list[Statement]) -> None:
    """What must hold of every import: numbers are numbers, and a sum never holds more than was stated."""
    assert runs, "an importer gives a run or says why there is none"
    energies = [run.energy for run in runs]
    for run in runs:
        assert run.energy.is_missing or 0 <= (run.energy.best_j or 0.0) < math.inf
        assert run.duration_s is None or 0 <= run.duration_s < math.inf
        assert run.carbon.value is None or run.carbon.value >= 0
        lint(of_statement(run))
    once, stated = total(run.energy for run in each_once(runs)).best_j, total(energies).best_j
    assert (once is None) == (stated is None)
    if once is not None and stated is not None:
        largest = max(energy.best_j or 0.0 for energy in energies)
        assert largest * (1 - 1e-9) <= once <= stated * (1 + 1e-9)


def written(place: Path, content: bytes) -> Path:
    """The place, which now holds the content."""
    with place.open("wb", buffering=0) as file:
        file.write(content)
    return place


def try_csv(folder: Path, content: bytes) -> list[Statement]:
    return codecarbon.read_csv(written(folder / "codecarbon.csv", content))


def try_log(folder: Path, content: bytes) -> list[Statement]:
    return carbontracker.read_logs(written(folder / "x_carbontracker_output.log", content))


def try_report(folder: Path, content: bytes) -> list[Statement]:
    return boamps.read_json(written(folder / "boamps.json", content))


def try_samples(folder: Path, content: bytes) -> list[Statement]:
    logs = folder / "old" / "impacttracker"
    if not logs.exists():
        logs.mkdir(parents=True)
    written(logs / "data.json", content)
    return eit.read_logs(logs)


def try_info(folder: Path, content: bytes) -> list[Statement]:
    logs = folder / "info" / "impacttracker"
    if not logs.exists():
        logs.mkdir(parents=True)
        written(logs / "data.json", SAMPLES.encode())
    written(logs / "info.pkl", content)
    return eit.read_logs(logs)


INFO = {
    "experiment_start": datetime(2020, 9, 13, 12, 26, 39),
    "experiment_end": datetime(2020, 9, 13, 12, 26, 45),
    "region_carbon_intensity_estimate": {"carbonIntensity": 50.0},
}
# What is damaged: small files, so that a change hits what matters, of the shapes that these tools have written.
IMPORTERS: dict[str, tuple[tuple[bytes, ...], Callable[[Path, bytes], list[Statement]]]] = {
    "codecarbon.csv": ((CSV.encode(), OLD_CSV.encode(), SEMICOLONS.encode()), try_csv),
    "x_carbontracker_output.log": ((LOG.encode(), SHORT_LOG.encode()), try_log),
    "boamps.json": ((REPORT.encode(), json.dumps({"measures": [MEASURE]}).encode()), try_report),
    "data.json": ((SAMPLES.encode(), SAMPLES[: SAMPLES.index("\n") + 1].encode()), try_samples),
    "info.pkl": ((pickle.dumps(INFO, protocol=2), pickle.dumps(INFO, protocol=4)), try_info),
}


def executions(number: int, seed: int, folder: Path) -> Iterator[tuple[str, bool]]:
    """The importer of each execution, and whether it understood the file. What breaks a rule raises, the file lies in
    `folder`."""
    chance = random.Random(seed)
    importers = list(IMPORTERS.items())
    for turn in range(number):
        name, (contents, importer) = importers[turn % len(importers)]
        damaged = mutated(contents[turn // len(importers) % len(contents)], chance)
        try:
            check(importer(folder, damaged))
        except InteropError:
            yield name, False
        except BaseException:
            written(folder / f"found-{name}", damaged)
            raise
        else:
            yield name, True


def main(number: int, seed: int) -> None:
    """Tries them in a folder of memory and says how many were read."""
    tried, understood = Counter[str](), Counter[str]()
    memory = Path("/dev/shm")
    scratch = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None, prefix="fuzz-"))
    print(f"seed {seed}, in {scratch}", flush=True)
    began = time.monotonic()
    for turn, (name, good) in enumerate(executions(number, seed, scratch), 1):
        tried[name] += 1
        understood[name] += good
        if turn % max(1, number // 100) == 0 or turn == number:
            print(f"{turn} executions in {time.monotonic() - began:.0f} s, nothing found", flush=True)
    shutil.rmtree(scratch)
    for name in IMPORTERS:
        print(f"{name:<28}{tried[name]:>10} executions, {understood[name]} understood")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns())
