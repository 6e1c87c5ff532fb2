"""impact-tracker estimate: the calculator's screenshot from the command line, JSON, and errors that help."""

import json

import pytest

from impact_tracker import cli
from impact_tracker.factors import Factor

SCREENSHOT = [
    "--method", "green-algorithms", "--method-version", "2.1", "--hours", "12", "--cores", "12", "--cpu",
    "Xeon E5-2683 v4", "--memory-gb", "64", "--pue", "1.67",
]  # fmt: skip


def call(arguments):
    return cli.main(["estimate", *map(str, arguments)])


def test_the_screenshot_in_json(capsys):
    assert call([*SCREENSHOT, "--intensity", "453.22", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["energy_kwh"] == pytest.approx(2.2813536, abs=1e-12)
    assert document["carbon_g"] == pytest.approx(1033.955, abs=5e-4)
    assert document["tree_months"] == pytest.approx(1.12795, abs=5e-6)
    assert document["car_km_eu"] == pytest.approx(5.9083, abs=5e-5)


def test_first_line_is_the_answer(capsys):
    assert call([*SCREENSHOT, "--zone", "US", "--explain"]) == 0
    out = capsys.readouterr().out
    assert (
        out.splitlines()[0].startswith("2.3 kWh, 1.0 kg CO2e (0.47 to 1.6 kg)")
        and "453.22 g/kWh" in out
        and "CC-BY-4.0" in out
    )


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--zone", "Frence"], "France"),
        (["--factors", "/nowhere.toml"], "nowhere"),
        (["--cpu-usage", "2"], "cpu_usage"),
    ],
)
def test_errors_help(capsys, extra, message):
    assert call([*SCREENSHOT, *extra]) == 2
    streams = capsys.readouterr()
    assert message in streams.err and streams.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--method", "mlco2", "--hours", "10", "--gpu", "V100", "--zone", "FR"],
        [
            "--method",
            "ga4hpc",
            "--hours",
            "10",
            "--cores",
            "16",
            "--cpu-hours",
            "80",
            "--cpu",
            "EPYC 7543",
            "--zone",
            "FR",
        ],
        ["--method", "strubell", "--hours", "12", "--gpus", "1", "--tdp-gpu", "1415.78"],
        ["--method", "hour-factor", "--hours", "1", "--cores", "1000"],
        [
            "--method",
            "accelerator-days",
            "--hours",
            "24",
            "--gpus",
            "8",
            "--tdp-gpu",
            "400",
            "--pue",
            "1.1",
            "--zone",
            "FR",
        ],
        ["--method", "cloud", "--platform", "aws", "--hours", "5", "--cores", "8", "--zone", "FR"],
    ],
)
def test_every_method_answers(capsys, arguments):
    assert call(arguments) == 0 and "CO2e" in capsys.readouterr().out
    assert call([*arguments, "--json"]) == 0 and json.loads(capsys.readouterr().out)["carbon_g"] > 0


def test_a_version_belongs_to_green_algorithms(capsys):
    assert call(["--method", "mlco2", "--hours", "1", "--gpu", "T4", "--method-version", "2.1"]) == 2


def test_the_intensity_of_now(capsys, monkeypatch):
    asked = []

    def newest(service, zone):
        asked.append((service, zone))
        return Factor(
            200.0, "g/kWh", 200.0, 200.0, "a service", method="average, direct", note="of 2026-01-01 12:00 UTC"
        )

    monkeypatch.setattr("impact_tracker.factors.live.latest", newest)
    assert call([*SCREENSHOT, "--zone", "GB", "--live", "neso", "--explain"]) == 0
    out = capsys.readouterr().out
    assert asked == [("neso", "GB")] and "200 g/kWh" in out and "of 2026-01-01 12:00 UTC" in out
    assert call([*SCREENSHOT, "--live", "neso"]) == 2 and "--zone" in capsys.readouterr().err


def test_a_job_that_asked_for_too_much_memory(capsys):
    job = ["--hours", "2", "--cores", "4", "--cpu-hours", "6", "--tdp-per-core", "10", "--memory-gb", "64"]
    more = ["--max-memory-gb", "13", "--intensity", "467"]
    assert call(["--method", "ga4hpc", *job, *more, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["energy_kwh"] == pytest.approx((6 * 10 + 2 * 64 * 0.3725) / 1000 * 1.67)
    assert document["wasted_kwh"] == pytest.approx(2 * (64 - 18) * 0.3725 / 1000 * 1.67)
    assert call(["--method", "ga4hpc", *job]) == 0 and "wasted_kwh" in capsys.readouterr().out
    assert call(["--method", "ga4hpc", "--hours", "1", "--cores", "1"]) == 2
    assert "--tdp-per-core" in capsys.readouterr().err
