"""`report` for other trackers' files: the same answer first, the estimate beside it, sums that say what they lack."""

import html
import json
import re

import pytest

from impact_tracker import cli
from impact_tracker.interop import codecarbon
from python.test_old_logs import write_log

ROW = {
    "timestamp": "2024-05-01T10:00:00", "project_name": "bert", "duration": "43200", "emissions": "0.12",
    "energy_consumed": "0.6", "cpu_energy": "0.36", "gpu_energy": "", "ram_energy": "0.12", "country_iso_code": "FRA",
    "country_name": "France", "pue": "1.2", "cpu_model": "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz", "cpu_count": "32",
    "ram_total_size": "64", "cpu_utilization_percent": "50",
}  # fmt: skip


@pytest.fixture
def emissions(tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n")
    return path


def report(capsys, *arguments):
    code = cli.main(["report", *map(str, arguments)])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_one_run_in_detail(emissions, capsys):
    code, out, _ = report(capsys, emissions)
    assert code == 0 and out.startswith("bert: 0.500 kWh in 12 h 00 min, estimated, by codecarbon")
    assert "120 g CO2e" in out and "at 200 g/kWh, PUE 1.2" in out and "processors" in out and "cards" not in out
    kwh = 12 * (16 * 7.5 * 0.5 + 64 * 2**30 / 1e9 * 0.3725) * 1.2 / 1000  # its GB are GiB
    assert f"green-algorithms 3.0: {kwh:.3g} kWh, {kwh / 0.6:.1f} times the estimated 0.600 kWh" in out
    assert "32 threads were taken for 16 cores" in out


def test_several_runs_have_a_sum_that_says_what_it_lacks(emissions, capsys, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(emissions.read_text().replace("bert", "search").replace(",0.12,0.6,", ",,,"))
    code, out, _ = report(capsys, emissions, other)
    assert code == 0 and out.startswith("2 runs: 0.500 kWh; 1 measured nothing") and "carbon not known of all" in out
    assert "estimate/energy" in out


def test_json_csv_and_other_factors(emissions, capsys):
    run = json.loads(report(capsys, emissions, "--json", "--zone", "PL")[1])["runs"][0]
    assert run["energy_kwh"] == pytest.approx(0.5) and run["carbon_g"] == pytest.approx(0.6 * 588.6)
    assert run["estimate"]["ratio"] > 0 and run["gpu_kwh"] is None and run["stated_carbon_g"] == pytest.approx(120.0)
    old = json.loads(report(capsys, emissions, "--json", "--zone", "PL", "--year", "2023")[1])["runs"][0]
    assert old["carbon_g"] == pytest.approx(0.6 * 661.926)
    assert (
        "(Poland has no value for 2012; the first is of 2022;"
        in report(capsys, emissions, "--zone", "PL", "--year", "2012")[1]
    )
    assert report(capsys, emissions, "--csv")[1].startswith(",".join(codecarbon.COLUMNS[:3]))
    assert "0.3725 W/GB" in report(capsys, emissions, "--explain")[1]


def test_logs_of_experiment_impact_tracker(tmp_path, capsys):
    write_log(tmp_path, [10.0])
    code, out, _ = report(capsys, tmp_path)
    assert code == 0 and "by experiment-impact-tracker" in out


def test_a_page_of_them_has_the_consoles_tables_and_no_chart(emissions, capsys, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = report(capsys, emissions, "--html", str(page))
    text = html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page.read_text(), flags=re.DOTALL))
    words = " ".join(text.split())
    assert code == 0 and "wrote" in err and '<div class="power"' not in page.read_text()
    for line in out.splitlines()[:2]:
        assert " ".join(line.split()) in words


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--regions"], "takes records"),
        (["--html", "x.html", "--price", "1 EUR"], "--price takes records"),
        (["--from", "boamps"], "emissions.csv"),
        (["--zone", "Frence"], "Did you mean France"),
        (["--zone", "FR", "--year", "2999"], "future"),
        (["--year", "2023"], "--year needs --zone"),
        (["--factors", "/nowhere.toml"], "nowhere"),
    ],
)
def test_what_cannot_be_shown(emissions, capsys, more, message):
    code, out, err = report(capsys, emissions, *more)
    assert code == 2 and message in err and out == ""
