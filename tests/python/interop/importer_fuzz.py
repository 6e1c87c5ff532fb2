"""Random damage to other trackers' files, and what must hold of whatever an importer makes of them.

As a program: `python tests/python/interop/importer_fuzz.py EXECUTIONS [SEED]` tries that many files and says how many.
"""

from __future__ import annotations

import json
import math
import pickle
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from impact_tracker.interop import InteropError, Statement, boamps, carbontracker, codecarbon, each_once, eit
from impact_tracker.interop.lint import lint
from impact_tracker.interop.reported import of_statement
from impact_tracker.values import total

CSV = (
    ",".join(codecarbon.COLUMNS)
    + "".join(
        f"\n2024-05-01T10:0{n}:00,p,r{n // 2},,{60 * n + 60},0.12,0.1,20,,5,0.3,,0.1,{0.2 * n + 0.2},0.5,France,FRA,,,,"
        "Linux,3.11,3.0,32,AMD EPYC 7543,2,2 x NVIDIA A100,1,2,64,machine,50,60,,30,N,1.2,0.3"
        for n in range(4)
    )
    + "\n"
)
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
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        begin = chance.randrange(len(data) + 1)
        end = min(len(data), begin + chance.choice((0, 1, 1, 2, 8, 40, 200)))
        kind = chance.randrange(6)
        if kind == 0:
            del data[begin:end]
        elif kind == 1:
            data[begin:begin] = data[begin:end]
        elif kind == 2:
            data[begin:end] = chance.choice(PIECES)
        elif kind == 3:
            data[begin:begin] = chance.choice(PIECES)
        elif kind == 4:
            data[begin:end] = bytes(chance.randrange(256) for _ in range(end - begin))
        else:  # a number becomes another
            digits = [at for at in range(begin, len(data)) if 48 <= data[at] < 58][:1]
            for at in digits:
                data[at : at + 1] = chance.choice((b"-", b".", b"e", b"9", b"0", b"999999999"))
    return bytes(data).decode("utf-8", "replace").encode("utf-16") if chance.random() < 0.01 else bytes(data)


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


def try_csv(place: Path, content: bytes) -> list[Statement]:
    place.write_bytes(content)
    return codecarbon.read_csv(place)


def try_log(place: Path, content: bytes) -> list[Statement]:
    place.write_bytes(content)
    return carbontracker.read_logs(place)


def try_report(place: Path, content: bytes) -> list[Statement]:
    place.write_bytes(content)
    return boamps.read_json(place)


def try_samples(place: Path, content: bytes) -> list[Statement]:
    folder = place.parent / "old" / "impacttracker"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.json").write_bytes(content)
    return eit.read_logs(folder)


def try_info(place: Path, content: bytes) -> list[Statement]:
    folder = place.parent / "info" / "impacttracker"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.json").write_text(SAMPLES)
    (folder / "info.pkl").write_bytes(content)
    return eit.read_logs(folder)


INFO = {
    "experiment_start": datetime(2020, 9, 13, 12, 26, 39),
    "experiment_end": datetime(2020, 9, 13, 12, 26, 45),
    "region_carbon_intensity_estimate": {"carbonIntensity": 50.0},
}
IMPORTERS: dict[str, tuple[bytes, Callable[[Path, bytes], list[Statement]]]] = {
    "codecarbon.csv": (CSV.encode(), try_csv),
    "x_carbontracker_output.log": (LOG.encode(), try_log),
    "boamps.json": (REPORT.encode(), try_report),
    "data.json": (SAMPLES.encode(), try_samples),
    "info.pkl": (pickle.dumps(INFO, protocol=2), try_info),
}


def executions(number: int, seed: int, folder: Path) -> Iterator[tuple[str, bool]]:
    """The importer of each execution, and whether it understood the file. What breaks a rule raises, the file lies in
    `folder`."""
    chance = random.Random(seed)
    names = list(IMPORTERS)
    for turn in range(number):
        name = names[turn % len(names)]
        content, importer = IMPORTERS[name]
        damaged = mutated(content, chance)
        try:
            check(importer(folder / name, damaged))
        except InteropError:
            yield name, False
        except BaseException:
            (folder / f"found-{name}").write_bytes(damaged)
            raise
        else:
            yield name, True


def main(number: int, seed: int) -> None:
    """Tries them in a folder of memory and says how many were read."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None, prefix="fuzz-") as scratch:
        began = time.monotonic()
        tries = list(executions(number, seed, Path(scratch)))
        seconds = time.monotonic() - began
    for name in IMPORTERS:
        understood = [good for tried, good in tries if tried == name]
        print(f"{name:<28}{len(understood):>10} executions, {sum(understood)} understood")
    print(f"{len(tries)} executions in {seconds:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns())
