"""Reports of a generated site by the command line, and what their tables say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pytest

from impact_tracker import cli
from impact_tracker.cluster.reports.pseudonyms import pseudonym, read_key
from impact_tracker.cluster.simulate import SiteSpec, write_site
from impact_tracker.cluster.simulate.jobs import draw_jobs
from impact_tracker.factors.hours import read_hours
from impact_tracker.ledger.jobs import read_job_rows
from impact_tracker.values import total

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write_site(SiteSpec(seed=4, nodes=6, days=2.0, jobs=300, users=6, period_s=20.0), folder, gpu_meters=True)
    return folder


def words(site: Path, *more: str) -> list[str]:
    return ["--jobs", f"{site}/jobs.csv", "--power", f"{site}/power", "--nodes", f"{site}/nodes.csv", *more]


def report(site: Path, capsys: Capture, *more: str) -> dict[str, object]:
    assert cli.main(["cluster", "report", *words(site, *more), "--json"]) == 0
    read: dict[str, object] = json.loads(capsys.readouterr().out)
    return read


def test_tables_of_any_key_have_the_same_sum_which_is_that_of_the_balance(site: Path, capsys: Capture) -> None:
    keys = ["job", "user", "account", "project", "partition", "state", "node", "month", "day", "user,month"]
    document = report(site, capsys, *(word for key in keys for word in ("--by", key)))
    balance, tables = document["balance"], document["tables"]
    assert balance["is_closed"] and balance["error"] <= 1e-9  # type: ignore[index]
    parts = ("jobs_j", "idle_j", "standby_j", "uncovered_j")
    assert sum(balance[part] for part in parts) == pytest.approx(balance["total_j"], rel=1e-9)  # type: ignore[index]
    for key in keys:
        rows = tables[key]  # type: ignore[index]
        total = math.fsum(row["energy_j"] for row in rows if row["energy_j"] is not None)
        assert total == pytest.approx(balance["jobs_j"], rel=1e-9), key  # type: ignore[index]
        assert all(row["low_j"] <= row["energy_j"] <= row["high_j"] for row in rows if row["energy_j"] is not None)
    hours = {key: sum(row["core_hours"] for row in tables[key]) for key in keys}  # type: ignore[index]
    assert hours["user"] == pytest.approx(hours["project"])


def test_disputed_balances_are_found_with_their_share(site: Path, capsys: Capture) -> None:
    findings = {finding["kind"]: finding for finding in report(site, capsys)["findings"]}  # type: ignore[attr-defined]
    for kind in ("reported_nonsense", "reported_whole_shared_node", "reported_sum", "idle_of_shared_nodes"):
        assert findings[kind]["energy_j"] > 0.0, kind
    assert findings["reported_nonsense"]["count"] >= 1


def test_idle_that_is_handed_out_adds_up_to_the_idle_of_the_balance(site: Path, capsys: Capture) -> None:
    for rule in ("use", "allocation", "equal"):
        document = report(site, capsys, "--idle", rule)
        handed = sum(row["handed_j"] for row in document["tables"]["user"])  # type: ignore[index]
        balance = document["balance"]
        assert handed == pytest.approx(balance["idle_j"] + balance["standby_j"], rel=1e-9)  # type: ignore[index]


def test_carbon_and_cost_follow_energy_and_overhead(site: Path, capsys: Capture) -> None:
    document = report(site, capsys, "--intensity", "100", "--pue", "1.5", "--price", "0.2")
    summary = document["summary"]
    kwh = summary["energy_j"] / 3_600_000.0  # type: ignore[index]
    assert summary["carbon_g"] == pytest.approx(kwh * 150.0)  # type: ignore[index]
    assert summary["cost"] == pytest.approx(kwh * 0.3)  # type: ignore[index]
    rows = document["tables"]["user"]  # type: ignore[index]
    assert rows[0]["carbon_g"] == pytest.approx(rows[0]["kwh"] * 150.0)
    assert rows[0]["carbon_low_g"] < rows[0]["carbon_g"] < rows[0]["carbon_high_g"]


def test_carbon_matched_in_time_equals_the_mean_where_the_curve_is_flat(
    site: Path, capsys: Capture, tmp_path: Path
) -> None:
    curve = tmp_path / "curve.csv"
    days = [f"2024-12-31T{hour:02}:00:00Z,100" for hour in range(24)]
    days += [f"2025-01-0{day}T{hour:02}:00:00Z,100" for day in (1, 2, 3) for hour in range(24)]
    curve.write_text("time,intensity_g_per_kwh\n" + "\n".join(days) + "\n")
    matched = report(site, capsys, "--curve", str(curve), "--pue", "1.5")["summary"]
    mean = report(site, capsys, "--intensity", "100", "--pue", "1.5")["summary"]
    assert matched["carbon_g"] == pytest.approx(mean["carbon_g"], rel=1e-9)  # type: ignore[index]


def test_users_have_pseudonyms_and_nobodys_name_is_left(
    site: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123")
    text = json.dumps(
        report(site, capsys, "--by", "user", "--by", "job", "--pseudonyms", str(key), "--csv", str(tmp_path))
    )
    text += (tmp_path / "jobs.csv").read_text()
    assert "user0" not in text and "job1," not in text
    assert pseudonym("user0", read_key(key)) in text
    monkeypatch.delenv("IMPACT_TRACKER_PSEUDONYM_KEY", raising=False)
    assert cli.main(["cluster", "report", *words(site, "--pseudonyms")]) == 2
    assert "IMPACT_TRACKER_PSEUDONYM_KEY holds no key" in capsys.readouterr().err
    assert pseudonym("", b"k" * 16) == ""
    assert pseudonym("a", b"k" * 16) != pseudonym("a", b"l" * 16) != pseudonym("a", b"l" * 16, "account")


def test_the_page_figures_tables_and_hour_factors_are_written(site: Path, capsys: Capture, tmp_path: Path) -> None:
    hours = tmp_path / "hours.json"
    more = ["--figures", str(tmp_path / "f"), "--csv", str(tmp_path / "t"), "--hour-factors", str(hours)]
    assert (
        cli.main(["cluster", "report", *words(site, *more, "--cluster", "tiny", "--zone", "FR", "--pue", "1.2")]) == 0
    )
    text = capsys.readouterr().out
    assert "closed:" in text and "by user" in text and "month by month" in text
    assert len(list((tmp_path / "f").glob("*.png"))) == 4
    assert pl.read_csv(tmp_path / "t" / "by-user.csv").height == 6
    year = read_hours(hours)
    assert set(year.factors) == {"tiny core", "tiny card"}
    core = year.factors["tiny core"]
    assert core.power is not None and 1.0 < core.power.value < 60.0
    assert core.rest is not None and core.rest.low < core.rest.value < core.rest.high


def test_hour_factors_give_back_the_whole_footprint_of_the_site(site: Path, capsys: Capture, tmp_path: Path) -> None:
    """All hours × their grams: the energy of all nodes with idle and overhead, and the making of the nodes."""
    hours = tmp_path / "hours.json"
    more = ["--hour-factors", str(hours), "--cluster", "tiny", "--intensity", "50", "--pue", "1.2"]
    document = report(site, capsys, *more, "--by", "job")
    rows = document["tables"]["job"]  # type: ignore[index]
    cards = sum(row["gpu_hours"] for row in rows)
    cores = sum(row["core_hours"] for row in rows if not row["gpu_hours"])  # jobs with cards are charged by cards alone
    rests = [factor.rest.value for factor in read_hours(hours).factors.values() if factor.rest is not None]
    estimate = ["estimate", "--method", "hour-factor", "--hours-file", str(hours), "--hours", "1", "--json"]
    assert cli.main([*estimate, "--cores", str(cores), "--gpus", str(cards)]) == 0
    read = json.loads(capsys.readouterr().out)
    energy_kwh = document["balance"]["total_j"] / 3.6e6 * 1.2  # type: ignore[index]
    assert read["energy_kwh"] == pytest.approx(energy_kwh, rel=1e-4)
    assert read["carbon_g"] == pytest.approx(energy_kwh * 50.0 + cores * rests[0] + cards * rests[1], rel=1e-4)
    assert all(rest > 0.0 for rest in rests)
    assert cli.main(["cluster", "report", *words_of_hours(site, hours)]) == 0
    assert "g CO2e" in (told := capsys.readouterr().err) and "a GPU-hour" in told and "e+" not in told


def words_of_hours(site: Path, hours: Path) -> list[str]:
    return words(site, "--hour-factors", str(hours), "--zone", "FR")


def test_closure_by_the_command_line(site: Path, capsys: Capture) -> None:
    assert cli.main(["cluster", "closure", *words(site)]) == 0
    assert "closed:" in capsys.readouterr().out
    assert cli.main(["cluster", "closure", *words(site, "--json")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["nodes"]) == 6
    for node in document["nodes"]:
        parts = node["jobs_j"] + node["idle_j"] + node["standby_j"] + node["uncovered_j"]
        assert parts == pytest.approx(node["total_j"], rel=1e-9)


def test_a_store_among_several_supplies_is_not_left_out_in_silence(site: Path, capsys: Capture) -> None:
    assert cli.main(["cluster", "report", *words(site, "--power", f"{site}/jobs.csv")]) == 2
    assert "stands alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        (["--by", "person"], "one or more of job, user"),
        (["--from", "yesterday"], "2025-01-01T08:00"),
        (["--gate", "x"], "NAME=FILE"),
        (["--idle", "use", "--price", "-1"], "--price is 0 or more"),
        (["--power", "/nowhere"], "nothing at /nowhere"),
        (["--meter-error", "7"], "share from 0 to 1"),
        (["--jobs", "/dev/null"], "no jobs that are known here"),
    ],
)
def test_what_cannot_be_says_what_can(site: Path, capsys: Capture, more: list[str], remedy: str) -> None:
    assert cli.main(["cluster", "report", *words(site, *more)]) == 2
    assert remedy in capsys.readouterr().err


def test_simulate_and_a_gate_from_a_file(tmp_path: Path, capsys: Capture) -> None:
    simulate = [
        "cluster",
        "simulate",
        str(tmp_path / "s"),
        "--nodes",
        "2",
        "--days",
        "0.5",
        "--jobs",
        "20",
        "--period",
        "30",
    ]
    assert cli.main(simulate) == 0
    assert "jobs on 2 nodes" in capsys.readouterr().out
    gate = tmp_path / "gate.csv"
    gate.write_text("begin,end\n2025-01-01T00:00:00Z,2025-01-01T06:00:00Z\n")
    document = report(tmp_path / "s", capsys, "--gate", f"morning={gate}")
    rows = document["tables"]["user"]  # type: ignore[index]
    gated, energy = (sum(row[name] or 0.0 for row in rows) for name in ("gate_morning_j", "energy_j"))
    assert 0.0 < gated < energy
    gate.write_text("begin,end,value\n2025-01-01,2025-01-02,3\n")
    assert cli.main(["cluster", "report", *words(tmp_path / "s"), "--gate", f"m={gate}"]) == 2
    assert "line 2" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_site() -> None:
    spec = SiteSpec(seed=9, nodes=3, days=1.0, jobs=60)
    first, second = draw_jobs(spec), draw_jobs(spec)
    assert (first.job_energy_j() == second.job_energy_j()).all()
    with pytest.raises(ValueError, match="share from 0 to 1"):
        SiteSpec(shared=2.0)


def test_a_pue_from_the_sites_own_meters(site: Path, capsys: Capture, tmp_path: Path) -> None:
    times = [1_735_689_600 + 60 * step for step in range(2 * 1440)]
    for name, watts in (("facility", 13_000.0), ("it", 10_000.0)):
        pl.DataFrame({"time": times, "value": [watts] * len(times)}).write_csv(tmp_path / f"{name}.csv")
        more = ["--power", f"{tmp_path}/{name}.csv", "--part", name, "--node", "site"]
        assert cli.main(["cluster", "import", "--store", f"{tmp_path}/power", *more]) == 0
    node = pl.DataFrame({"time": times, "node": ["cpu0002"] * len(times), "value": [200.0] * len(times)})
    node.write_csv(tmp_path / "node.csv")
    assert cli.main(["cluster", "import", "--store", f"{tmp_path}/power", "--power", f"{tmp_path}/node.csv"]) == 0
    capsys.readouterr()
    assert cli.main(["cluster", "report", "--jobs", f"{site}/jobs.csv", "--power", f"{tmp_path}/power", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["pue"] == pytest.approx(1.3)


@pytest.mark.parametrize("watts", [0.2, 250_000.0, -30.0])
def test_power_in_a_wrong_unit_is_a_finding_and_nothing_becomes_0(
    tmp_path: Path, capsys: Capture, watts: float
) -> None:
    """kW, mW and what is none at all: a report of what is known without any power, and no balance."""
    begin = 1_735_689_600
    lines = [f"{begin + 60 * minute},n1,{watts * (1 + minute % 7 / 100)}" for minute in range(600)]
    (tmp_path / "power.csv").write_text("\n".join(["time,node,value", *lines, ""]))
    rows = [f"{job},{begin + 600 * job},{begin + 600 * job + 500},n1,ada" for job in range(1, 30)]
    (tmp_path / "jobs.csv").write_text("\n".join(["job_id,start,end,nodes,user", *rows, ""]))
    given = ["--jobs", f"{tmp_path}/jobs.csv", "--power", f"{tmp_path}/power.csv"]
    more = ["--figures", f"{tmp_path}/f", "--csv", f"{tmp_path}/c", "--gate", "running", "--idle", "use"]
    assert cli.main(["cluster", "report", *given, *more]) == 0
    page = capsys.readouterr().out
    assert "Nothing is known of the energy" in page and "nan" not in page and " 0 kWh" not in page
    assert "wrong_unit" not in page and ("--unit" in page or "fewer than three usable readings" in page)
    assert cli.main(["cluster", "report", *given, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    for part in ("balance", "summary"):
        assert all(value is None for name, value in document[part].items() if name.endswith(("_j", "_g"))), part
    (user,) = document["tables"]["user"]
    assert (user["energy_j"], user["wasted_j"], user["core_hours"]) == (None, None, None)
    assert cli.main(["cluster", "closure", *given]) == 1
    assert "nothing that could close" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "name"), [("--jobs", "jobs"), ("--power", "power"), ("--nodes", "nodes"), ("--gate", "gate")]
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_of_other_bytes_is_refused_in_a_sentence(
    site: Path, tmp_path: Path, capsys: Capture, option: str, name: str, kind: str
) -> None:
    file = tmp_path / f"{name}.{kind}"
    file.write_bytes(bytes(range(256)) * 20)
    given = dict(zip(["--jobs", "--power", "--nodes"], [f"{site}/jobs.csv", f"{site}/power", f"{site}/nodes.csv"]))
    given[option] = str(file)
    assert cli.main(["cluster", "report", *(word for pair in given.items() for word in pair)]) == 2
    told = capsys.readouterr().err
    assert file.name in told and "Traceback" not in told


def test_a_reports_jobs_join_a_ledger(
    site: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job is a run of its project with its fate; those without an energy stay without one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    table = tmp_path / "jobs.csv"
    document = report(site, capsys, "--by", "job", "--ledger-jobs", str(table))
    jobs = document["tables"]["job"]  # type: ignore[index]
    assert cli.main(["ledger", "add", "--jobs", str(table), "--ledger", str(tmp_path / "ledger")]) == 0
    rows = pl.read_csv(table, infer_schema_length=None)
    assert rows.height == len(jobs)
    assert set(rows["fate"]) <= {"finished", "failed", "cancelled", "open"}
    energies = [job["energy_j"] for job in jobs if job["energy_j"] is not None]
    assert rows["energy_j"].drop_nulls().sum() == pytest.approx(sum(energies))
    capsys.readouterr()
    count = 0
    for project in sorted(rows["project"].unique()):
        assert cli.main(["ledger", "list", "--project", project, "--ledger", str(tmp_path / "ledger"), "--json"]) == 0
        count += json.loads(capsys.readouterr().out)["count"]
    assert count == len(jobs)


def test_the_jobs_of_a_ledger_keep_what_they_share_apart(site: Path, tmp_path: Path, capsys: Capture) -> None:
    """The meters' scale is wrong alike for all jobs: over many of them the error does not fall with their number."""
    table = tmp_path / "jobs.csv"
    user = report(site, capsys, "--by", "user", "--ledger-jobs", str(table))["tables"]["user"]  # type: ignore[index]
    rows, faults = read_job_rows(table)
    assert not faults and any(row.energy.bias_j for row in rows)
    measured = [row for row in rows if not row.energy.is_missing]
    together = total(row.energy for row in measured)
    assert together.bias_j == pytest.approx(sum(row.energy.bias_j or 0.0 for row in measured))
    assert together.half_j == pytest.approx(math.hypot(*(row.energy.half_j or 0.0 for row in measured)))
    assert together.relative_error is not None and together.relative_error > 0.01  # the meters are ± 2 %
    for row in user:
        error_j = math.hypot(row["half_j"], row["bias_j"])
        assert row["high_j"] == pytest.approx(row["energy_j"] + error_j)


def test_a_task_of_an_array_joins_the_ledger_by_its_own_id(
    site: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trackers in a task see the task's own id, accounting shows it as a part of the array."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    jobs = pl.read_csv(site / "jobs.csv", infer_schema=False)
    begin, end = float(jobs["start"][40]), float(jobs["end"][40])
    given = {"JobID": "4711_3", "JobIDRaw": "4714", "User": "ada", "Account": "x", "State": "COMPLETED", "NNodes": "1"}
    given |= {"Start": f"{begin:.0f}", "End": f"{end:.0f}", "NCPUS": "4", "NodeList": str(jobs["nodes"][40]).split()[0]}
    for columns, job in ((given, "slurm:4714"), ({k: v for k, v in given.items() if k != "JobIDRaw"}, "slurm:4711_3")):
        accounts = tmp_path / "sacct.psv"
        accounts.write_text("|".join(columns) + "\n" + "|".join(columns.values()) + "\n", encoding="utf-8")
        words = ["--jobs", str(accounts), "--power", f"{site}/power", "--nodes", f"{site}/nodes.csv"]
        assert cli.main(["cluster", "report", *words, "--ledger-jobs", str(tmp_path / "jobs.csv")]) == 0
        told = capsys.readouterr().err
        (row,) = read_job_rows(tmp_path / "jobs.csv")[0]
        assert row.job == job and not row.energy.is_missing
        assert ("JobIDRaw" in told) is (job == "slurm:4711_3")
