"""Commands over drawn data: no number that they print has a digit finer than the interval beside it, or is nan."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from impact_tracker import cli
from impact_tracker.studies.questions.known import QUESTIONS
from impact_tracker.values import Energy
from python.ledger.drawn import entry, put
from python.pages import written
from python.printed import assert_coarse, intervals_in, is_too_fine

Capture = pytest.CaptureFixture[str]
SEEDS = range(3)
CPUS = ("Xeon E5-2683 v4", "EPYC 7543")
ZONES = ("FR", "US", "PL", "SE", "world")


def printed(capsys: Capture, *words: object, codes: tuple[int, ...] = (0,)) -> str:
    """What a command says on both of its streams, each number of it checked."""
    code = cli.main([str(word) for word in words])
    text = "".join(capsys.readouterr())
    assert code in codes, text
    assert not re.search(r"\b(?:nan|inf)\b|\bNone\b|-0\.0+\b", text), text
    assert_coarse(text)
    return text


def codecarbon_rows(chance: random.Random, path: Path, count: int = 1) -> Path:
    names = "timestamp project_name duration emissions energy_consumed cpu_energy ram_energy country_iso_code"
    lines = [names.replace(" ", ",") + ",pue,cpu_model,cpu_count,ram_total_size"]
    for number in range(count):
        kwh = chance.lognormvariate(0, 4)
        parts = [f"2024-05-0{1 + number}T10:00:00", f"run{number}", chance.lognormvariate(9, 1), kwh * chance.random()]
        parts += [kwh, kwh * 0.61803, kwh * 0.123456, chance.choice(["FRA", "POL"]), round(chance.uniform(1, 2), 3)]
        lines.append(",".join(map(str, [*parts, chance.choice(CPUS), chance.randint(2, 64), chance.randint(8, 512)])))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("seed", SEEDS)
def test_reports_footprints_and_changes_of_what_others_measured(seed: int, tmp_path: Path, capsys: Capture) -> None:
    chance = random.Random(seed)
    emissions = codecarbon_rows(chance, tmp_path / "emissions.csv")
    several = codecarbon_rows(chance, tmp_path / "several.csv", 5)
    zone, other = chance.sample(ZONES, 2)
    printed(capsys, "report", emissions, "--explain")
    printed(capsys, "report", several, "--zone", zone)
    printed(capsys, "footprint", several, "--cpus", 2, "--ram-gb", chance.randint(8, 999))
    text = printed(capsys, "footprint", emissions, "--cpus", 1, "--explain", "--tornado", "--wue", chance.random())
    assert sum(len(list(intervals_in(line))) for line in text.splitlines()) > 10
    units = ("--per", f"request={chance.randint(3, 10**7)}", "--training", several)
    printed(capsys, "footprint", emissions, *units)
    printed(capsys, "what-if", emissions, "--zone", zone, "--to-zone", other, "--explain")
    for form in ("neurips", "latex", "climate-card", "frugal", "hugging-face"):
        printed(capsys, "export", emissions, "--to", form, codes=(0, 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_estimates(seed: int, capsys: Capture) -> None:
    chance = random.Random(seed)
    hours, zone = chance.lognormvariate(3, 2), chance.choice(ZONES)
    base = ("estimate", "--hours", hours, "--explain")
    in_zone = ("--zone", zone)
    machine = ("--cores", chance.randint(1, 96), "--cpu", chance.choice(CPUS), "--memory-gb", chance.randint(1, 999))
    printed(capsys, *base, *in_zone, "--method", "green-algorithms", *machine, "--pue", round(chance.uniform(1, 2), 4))
    printed(capsys, *base, *in_zone, "--method", "ga4hpc", *machine, "--cpu-hours", hours * 0.71)
    printed(capsys, *base, *in_zone, "--method", "mlco2", "--gpu", "V100", "--gpus", chance.randint(1, 9))
    printed(capsys, *base, "--method", "strubell", "--gpus", 1, "--tdp-gpu", chance.uniform(50, 1500))
    printed(capsys, *base, *in_zone, "--method", "accelerator-days", "--gpus", 8, "--tdp-gpu", chance.uniform(50, 900))
    printed(capsys, *base, *in_zone, "--method", "cloud", "--platform", "aws", "--cores", chance.randint(1, 64))
    printed(capsys, "estimate", "--hours", hours, "--method", "hour-factor", "--cores", chance.randint(1, 999))


@pytest.mark.parametrize("seed", SEEDS)
def test_records(seed: int, tmp_path: Path, capsys: Capture) -> None:
    chance = random.Random(seed)
    for number in range(4):
        watts = chance.lognormvariate(3, 2)
        meters = [
            written.Meter("cpu:0", watts=lambda time, watts=watts: watts * (1 + 0.3 * (time % 7)), quality=quality)
            for quality in (chance.choice(["measured", "modelled"]),)
        ]
        stretches = [written.Stretch("train", 5, 50), written.Stretch("epoch", 5, chance.randint(9, 40), 1)]
        written.write(tmp_path / f"r{number}", written.Run(meters, stretches=stretches, number=number))
    folders = [tmp_path / f"r{number}" for number in range(4)]
    printed(capsys, "report", folders[0], "--regions", "--explain")
    printed(capsys, "report", *folders)
    printed(capsys, "compare", *folders[:2], codes=(0, 1))
    printed(capsys, "footprint", folders[1], "--explain", "--cpus", 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cluster(seed: int, tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("polars")
    site = tmp_path / "site"
    spec = ("--nodes", 3, "--days", 0.5, "--jobs", 40, "--seed", seed)
    printed(capsys, "cluster", "simulate", site, *spec)
    words = ("--jobs", site / "jobs.csv", "--power", site / "power", "--nodes", site / "nodes.csv")
    printed(capsys, "cluster", "report", *words, "--by", "user", "--by", "job", "--zone", "FR", "--pue", 1.2345)
    printed(capsys, "cluster", "closure", *words, codes=(0, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ledger(seed: int, tmp_path: Path, capsys: Capture) -> None:
    chance, folder = random.Random(seed), tmp_path / "ledger"
    for number in range(8):
        joules = chance.lognormvariate(8, 3)
        energy = Energy(joules, joules * chance.random(), joules * 0.3 * chance.random(), 0.0)
        lasts_s, wer = chance.lognormvariate(5, 1), {"wer": round(chance.random(), 4)}
        put(folder, entry(f"r{number}", 1000.0 * number, lasts_s, energy=energy, metrics=wer, person="ada"))
    printed(capsys, "ledger", "report", "asr", "--min", "wer", "--ledger", folder)
    printed(capsys, "ledger", "list", "--ledger", folder)
    printed(capsys, "ledger", "best", "--min", "wer", "--ledger", folder)


@pytest.mark.parametrize("seed", SEEDS)
def test_declared_effects_and_services(seed: int, tmp_path: Path, capsys: Capture) -> None:
    chance = random.Random(seed)
    low, best, high = sorted(chance.lognormvariate(0, 2) for _ in range(3))
    ratio = [-high / (high + 1), -best / (high + 1), -low / (high + 1)]
    effects = {
        "the service": {"order": 1, "amount_kg": [low, best, high], "source": "drawn"},
        "vans": {"order": 2, "amount_kg": [-9 * high, -9 * best, -9 * low], "source": "drawn"},
        "letters": {"order": 3, "causes": {"vans": ratio}, "source": "drawn"},
    }
    path = tmp_path / "effects.json"
    path.write_text(json.dumps({"reference": "by hand", "effects": effects}), encoding="utf-8")
    printed(capsys, "indirect", path, "--explain")
    printed(capsys, "indirect", path, "--tree")
    if seed == 0:
        printed(capsys, "service", "stable-diffusion", "--explain", "--tornado")
        printed(capsys, "footprint", "--workload", "bloom", "--explain")


@pytest.mark.parametrize("study", sorted(QUESTIONS))
def test_studies(study: str) -> None:
    pytest.importorskip("scipy")
    from python.studies.test_studies_at_random import answered, drawn

    for seed in range(3):
        answer = answered(study, drawn(study, seed, runs=4, kind="measured"))
        assert_coarse(answer.sentence)
        for table in answer.tables:
            for row in table.rows:
                for cell in row:
                    assert_coarse(str(cell))


def test_a_scenario_of_paradigms(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("scipy")
    text = printed(capsys, "study", "paradigms", "--example")
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    printed(capsys, "study", "paradigms", path, "--explain")


@pytest.mark.parametrize(
    ("number", "half_width", "too_fine"),
    [("12.34", 0.5, False), ("12.345", 0.5, True), ("1010", 700.0, False), ("1,234", 700.0, True), ("7.76", 1.7, True),
     ("0.12", 5.0, False), ("1.5e-09", 1e-9, False), ("1.517e-09", 1e-9, True)],
)  # fmt: skip
def test_a_digit_below_the_first_two_of_the_half_width_is_too_fine(
    number: str, half_width: float, too_fine: bool
) -> None:
    assert is_too_fine(number, half_width) is too_fine
