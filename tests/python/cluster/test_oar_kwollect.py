"""OAR 2 and 3 and Kwollect as they answer, field for field, page after page, with connections that break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from random import Random

import polars as pl
import pytest

from cluster_services import BrokenOff, as_bytes, serving
from impact_tracker import cli
from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.readers.kwollect import KwollectPower
from impact_tracker.cluster.readers.oar import OarJobs
from impact_tracker.cluster.readers.web import JsonService
from impact_tracker.cluster.store import PowerStore

T = 1_740_823_200
SITE = "/stable/sites/nancy"


def oar_job(draw: Random, number: int, version: int) -> dict[str, object]:
    """All fields that OAR gives of a job. Cores of whole hosts, or some cores of one."""
    is_running = draw.random() < 0.1
    start = T + draw.randint(0, 80_000)
    is_whole = draw.random() < 0.5
    places = draw.sample(range(1, 9), draw.randint(1, 3) if is_whole else 1)
    hosts = [f"grisou-{place}.nancy.grid5000.fr" for place in places]
    count = 16 * len(hosts) if is_whole else draw.randint(1, 12)
    wanted = "{type='default'}" + (f"/host={len(hosts)}" if is_whole else f"/network_address=1/core={count}")
    user = draw.choice(["ada", "grâce", "emmy"])
    job: dict[str, object] = {
        "id": number,
        "array_id": number,
        "array_index": 1,
        "owner" if version == 2 else "user": user,
        "project": draw.choice(["asr", "default"]),
        "queue": "default",
        "name": None,
        "state": "Running" if is_running else "Terminated",
        "types": ["deploy"] if is_whole else [],
        "properties": "(cluster='grisou') AND maintenance = 'NO'",
        "command": "./run.sh",
        "submission_time": start - 30,
        "scheduled_start": start,
        "start_time": start,
        "stop_time": 0 if is_running else start + draw.randint(1, 20_000),
        "walltime": 7200,
        "exit_code": None if is_running else draw.choice([0, 0, 256]),
        "events": [{"type": "WALLTIME", "created_at": start}] if draw.random() < 0.2 and not is_running else [],
        "nodes": [{"network_address": host, "status": "assigned"} for host in hosts],
        "resources": [{"id": place, "status": "assigned"} for place in range(count)],
        "cpuset_name": f"{user}_{number}",
        "wanted_resources": f'-l "{wanted},walltime=2:0:0"',
        "api_timestamp": T,
        "links": [{"rel": "self", "href": f"/oarapi/jobs/{number}"}],
    }
    return job


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_oar_page_after_page_with_a_connection_that_breaks(version: int, seed: int) -> None:
    draw = Random(seed)
    jobs = [oar_job(draw, 100 + number, version) for number in range(57)]
    asked: list[int] = []

    def answer(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        assert path == "/oarapi/jobs/details.json"
        offset = int(query.get("offset", 0))
        asked.append(offset)
        links = [{"rel": "next", "href": f"{path}?offset={offset + 10}"}]
        page = {"items": jobs[offset : offset + 10], "total": len(jobs), "offset": offset, "links": links}
        is_first_time = asked.count(offset) == 1
        if offset == 20 and is_first_time:
            return 200, BrokenOff(as_bytes(page))
        if offset == 40 and is_first_time:
            return 502, b"bad gateway"
        return 200, as_bytes(page)

    waits: list[float] = []
    with serving(answer) as address:
        table = OarJobs(JsonService(f"{address}/oarapi"), waits.append).read(T * 10**9, (T + 10**6) * 10**9)
    assert asked == [0, 10, 20, 20, 30, 40, 40, 50]
    assert waits == [0.5, 0.5]
    assert table.jobs["job_id"].to_list() == [str(job["id"]) for job in jobs]
    assert table.all_rejected == 0
    for job, row in zip(jobs, table.jobs.iter_rows(named=True)):
        assert row["user"] == job.get("owner", job.get("user"))
        assert row["end_ns"] == (job["stop_time"] * 10**9 if job["stop_time"] else None)  # type: ignore[operator]
        is_timeout = bool(job["events"])
        fates = {None: "running", 0: "completed", 256: "failed"}
        assert row["state"] == ("timeout" if is_timeout else fates[job["exit_code"]])  # type: ignore[index]
        shares = table.shares.filter(pl.col("job_id") == row["job_id"])
        assert shares["node"].to_list() == [node["network_address"] for node in job["nodes"]]  # type: ignore[attr-defined]
        if "/core=" in str(job["wanted_resources"]):
            assert shares["cores"].to_list() == [len(job["resources"])]  # type: ignore[arg-type]
            assert not shares["exclusive"].any()
        else:
            assert shares["exclusive"].all()


def test_oar_gives_up_after_some_tries_and_says_why() -> None:
    def answer(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        return 200, BrokenOff(as_bytes({"items": [], "total": 0}))

    with serving(answer) as address, pytest.raises(OSError, match="broke off in the middle of /jobs/details"):
        OarJobs(JsonService(f"{address}/oarapi"), lambda seconds: None).read(T * 10**9, None)


def test_oar_jobs_of_a_command_that_wants_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw, power, seen = Random(5), tmp_path / "power.csv", []
    jobs = [oar_job(draw, number, 2) for number in range(1, 9)]

    def answer(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        seen.append(headers.get("Authorization"))
        if headers.get("Authorization") != "Bearer t0ken":
            return 401, b"who are you"
        return 200, as_bytes({"items": jobs, "total": len(jobs), "offset": 0})

    hosts = sorted({node["network_address"] for job in jobs for node in job["nodes"]})  # type: ignore[attr-defined]
    lines = [f"{T + second},{host},150" for host in hosts for second in range(0, 110_000, 500)]
    power.write_text("\n".join(["time,node,value", *lines, ""]))
    key = tmp_path / "key"
    key.write_text("t0ken\n")
    with serving(answer) as address:
        words = ["cluster", "closure", "--jobs", f"{address}/oarapi", "--power", str(power), "--json"]
        assert cli.main(words) == 2
        assert "refuses /jobs/details.json with 401: who are you" in capsys.readouterr().err
        assert cli.main([*words, "--credentials", str(key)]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["site"]["is_closed"] and document["site"]["nodes"] == len(hosts)
        secret = address.replace("http://", "http://ada:hush@")
        assert cli.main(["cluster", "closure", "--jobs", secret, "--power", str(power)]) == 2
        told = capsys.readouterr().err
        assert "--credentials" in told and "hush" not in told
        assert cli.main(["cluster", "report", *words[2:6], "--credentials", "ada:hush"]) == 2
        told = capsys.readouterr().err
        assert "never" in told and "hush" not in told
    assert seen[0] is None and seen[1] == "Bearer t0ken"


def seconds_of(text: str) -> int:
    """A time without a zone is that of France there, not UTC."""
    assert text.endswith("Z")
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


class Kwollect:
    """Readings of some nodes every five seconds by a BMC, of some by a wattmeter too; breaks where it is told to."""

    def __init__(self, breaks: Iterator[str]) -> None:
        self.breaks, self.asked = breaks, []

    def __call__(self, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        assert path == f"{SITE}/metrics"
        self.asked.append((query["devices"], query["start_time"]))
        begin, end = (seconds_of(query[name]) for name in ("start_time", "end_time"))
        metrics = query["metrics"].split(",")
        readings = []
        for second in range(-(-begin // 5) * 5, end + 1, 5):  # the end is in it, as there
            for metric, watts in (("bmc_node_power_watt", second % 97), ("wattmetre_power_watt", second % 89 + 0.5)):
                if metric in metrics and (metric.startswith("bmc") or query["devices"] == "gros-1"):
                    stamp = datetime.fromtimestamp(second, timezone.utc).isoformat()
                    reading = {"timestamp": stamp, "device_id": query["devices"], "metric_id": metric}
                    readings.append({**reading, "value": watts, "labels": {}})
        how = next(self.breaks, "")
        if how == "cut":
            return 200, BrokenOff(as_bytes(readings))
        return (503, b"restarting") if how == "busy" else (200, as_bytes(readings))


def test_kwollect_resumes_where_it_broke_and_each_reading_counts_once(tmp_path: Path) -> None:
    nodes = ("gros-1.nancy.grid5000.fr", "gros-2.nancy.grid5000.fr")
    begin, end = T, T + 9 * 3600
    service = Kwollect(iter(["", "cut", "", "busy", "cut", "cut", "cut"]))
    with serving(service) as address:
        reader = KwollectPower(JsonService(f"{address}{SITE}"), nodes)
        with pytest.raises(OSError, match="broke off in the middle of /metrics"):
            import_power(reader, PowerStore(tmp_path), begin * 10**9, end * 10**9, wait=lambda seconds: None)
        so_far = len(service.asked)
        done = import_power(reader, PowerStore(tmp_path), begin * 10**9, end * 10**9, wait=lambda seconds: None)
    windows = len(reader.windows(begin * 10**9, end * 10**9))
    assert (so_far, done.kept, done.asked) == (7, 2, windows - 2)
    assert len(service.asked) == 7 + windows - 2  # nothing that was there is asked again
    times = list(range(-(-begin // 5) * 5, end, 5))
    for node, metric in zip(nodes, (lambda t: t % 89 + 0.5, lambda t: float(t % 97))):
        frame = pl.concat([pl.read_parquet(piece.path) for piece in PowerStore(tmp_path).pieces()[node]])
        assert (frame["time_ns"] // 10**9).to_list() == times
        assert frame["value"].to_list() == [metric(second) for second in times]
    assert {finding.subject for finding in done.findings if finding.kind == "several_meters"} == {nodes[0]}


@pytest.mark.parametrize("lost", [0, 40])
def test_the_supplies_of_a_node_are_added(lost: int) -> None:
    """Two outlets, each with its label and its own times, of which the last one alone counted."""

    def answer(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        readings = []
        for second in range(0, 300, 5):
            for outlet, watts, late_s in (("a", 100.0 + second, 0.0), ("b", 50.0 - second / 10, 1.25)):
                if outlet == "b" and 100 <= second < 100 + lost:
                    continue
                stamp = datetime.fromtimestamp(T + second + late_s, timezone.utc).isoformat()
                reading = {"timestamp": stamp, "device_id": "troll-1", "metric_id": "pdu_outlet_power_watt"}
                readings.append({**reading, "value": watts, "labels": {"_device_orig": [outlet]}})
        return 200, as_bytes(readings)

    with serving(answer) as address:
        reader = KwollectPower(JsonService(f"{address}{SITE}"), ("troll-1",), "pdu_outlet_power_watt")
        (window,) = reader.windows(T * 10**9, (T + 300) * 10**9)
        samples = reader.read(window).samples
    seconds = (samples["time_ns"] / 1e9 - T).to_list()
    sums = [100 + at + 50 - (at - 1.25) / 10 for at in seconds]
    assert samples["value"].to_list() == pytest.approx(sums)
    inside = [at for at in seconds if 97 < at < 141]
    assert len(seconds) == 118 - (2 * lost // 5 + 1 if lost else 0)
    assert (inside == []) is bool(lost)
