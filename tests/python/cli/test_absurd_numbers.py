"""Numbers that nothing has, and headers that nobody wrote: each is refused in a sentence, and none is shown as inf."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from impact_tracker import cli
from impact_tracker.factors import Factor, FactorError
from impact_tracker.footprint import Term
from python.pages import written

Capture = pytest.CaptureFixture[str]
ABSURD = ("1e308", "-1e308", "1e-320", "-0.0", "nan", "inf", "-inf")
RAW = re.compile(r"json\.exception|\w+Error\b|Traceback|\bstd::|incompatible function")
ROW = {
    "timestamp": "2024-05-01T10:00:00", "project_name": "bert", "duration": "3600", "emissions": "0.6",
    "energy_consumed": "1.0", "cpu_energy": "0.5", "country_iso_code": "POL", "country_name": "Poland", "pue": "1.2",
    "cpu_model": "AMD EPYC 7543 32-Core Processor", "cpu_count": "64", "ram_total_size": "64",
}  # fmt: skip


def answer(capsys: Capture, *words: object) -> tuple[int, str]:
    """The exit code, and what was printed; a refusal repeats the number that it refuses."""
    try:
        code = cli.main([str(word) for word in words])
    except SystemExit as end:  # argparse
        code = int(end.code or 0)
    printed, complaint = capsys.readouterr()
    assert not RAW.search(printed + complaint), complaint
    assert not re.search(r"\b(?:nan|inf)\b", printed), printed
    assert code in (0, 1, 2)
    assert code == 0 or printed or complaint
    return code, printed + complaint


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("option", ["--hours", "--cores", "--memory-gb", "--pue", "--intensity", "--gpus"])
def test_an_estimate(option: str, value: str, capsys: Capture) -> None:
    given = {"--hours": "4", "--cores": "4", "--cpu": "EPYC 7543", "--memory-gb": "64", option: value}
    words = [word for pair in given.items() for word in pair]
    answer(capsys, "estimate", "--method", "green-algorithms", "--explain", *words)


def test_the_remedy_says_what_is_allowed(capsys: Capture) -> None:
    base = ("estimate", "--method", "green-algorithms", "--cores", "4", "--cpu", "EPYC 7543", "--memory-gb", "64")
    code, text = answer(capsys, *base, "--hours", "1e308")
    assert code == 2 and "must be between 0 and 1e+30, not 1e+308" in text
    code, text = answer(capsys, *base, "--hours", "4", "--pue", "1e308")
    assert code == 2 and "must be 1e+50 at the most, not 1e+308" in text


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("option", ["--ram-gb", "--cores", "--memory-gb", "--wue", "--idle-w", "--pue"])
def test_a_footprint(option: str, value: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "emissions.csv"
    path.write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n", encoding="utf-8")
    answer(capsys, "footprint", path, "--cpus", "1", "--explain", option, value)


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("column", ["duration", "emissions", "energy_consumed", "cpu_energy", "pue", "ram_total_size"])
def test_a_row_of_another_tracker(column: str, value: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "emissions.csv"
    path.write_text(",".join(ROW) + "\n" + ",".join({**ROW, column: value}.values()) + "\n", encoding="utf-8")
    for command in (("report", path, "--explain"), ("footprint", path), ("lint", path)):
        answer(capsys, *command)


@pytest.mark.parametrize("value", [*ABSURD, "1e40"])
@pytest.mark.parametrize("name", ["learners", "waiting_w", "data_bits", "neighbours"])
def test_a_scenario_of_paradigms(name: str, value: str, tmp_path: Path, capsys: Capture) -> None:
    yaml = pytest.importorskip("yaml")
    cli.main(["study", "paradigms", "--example"])
    scenario = yaml.safe_load(capsys.readouterr().out)
    scenario["learners"][0][name] = float(value)
    path = tmp_path / "scenario.yaml"
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    code, text = answer(capsys, "study", "paradigms", path)
    assert value != "1e40" or (code == 2 and "at most 1e+30" in text)


@pytest.mark.parametrize(
    "info", [None, "x", [], {}, 7, True, {"book": None}, {"book": 3}, {"book": {"interval_ns": "x"}}]
)
def test_a_record_whose_header_is_odd(info: object, tmp_path: Path, capsys: Capture) -> None:
    path = written.write(tmp_path)
    head, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(json.dumps({**json.loads(head), "info": info}) + "\n" + rest, encoding="utf-8")
    code, text = answer(capsys, "report", tmp_path)
    assert code == 2 and "does not say how its channels add up: its first line is damaged" in text


def test_products_and_inverses_of_factors_are_numbers_or_refused() -> None:
    with pytest.raises(FactorError, match=r"energy: value must be 1e\+50 kWh at the most, not 1e\+308"):
        Factor.stated(1e308, "kWh", "energy")
    with pytest.raises(FactorError, match="a lifetime: it divides, so that it must not be 0 or almost 0"):
        Term(1.0, ((Factor.stated(1e-320, "year", "a lifetime"), -1.0),)).value()
