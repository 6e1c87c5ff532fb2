"""Power and jobs from services on loopback: Prometheus, Kwollect, OAR."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import polars as pl
import pytest

from cluster_services import as_bytes, serving
from impact_tracker import cli
from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.readers.kwollect import KwollectPower
from impact_tracker.cluster.readers.oar import OarJobs, is_oar, read_oar_jobs
from impact_tracker.cluster.readers.prometheus import PrometheusPower
from impact_tracker.cluster.readers.web import JsonService, credentials, iso_ns
from impact_tracker.cluster.store import PowerStore

T = 1_740_823_200


class Prometheus:
    """Power of two nodes, 100 W and a ramp; breaks off after some answers."""

    def __init__(self, answers: int = 10**6) -> None:
        self.left, self.asked = answers, 0

    def __call__(self, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        assert path == "/api/v1/query_range" and query["query"] == "power"
        self.asked += 1
        if self.left == 0:
            return 503, b"overloaded"
        self.left -= 1
        start, end, step = float(query["start"]), float(query["end"]), float(query["step"])
        assert (end - start) / step < 11_000
        times = [start + step * number for number in range(round((end - start) / step) + 1)]
        series = [
            {"metric": {"instance": "n1:9100"}, "values": [[time, "100"] for time in times]},
            {"metric": {"instance": "n2"}, "values": [[time, str(time - T)] for time in times] + [[end, "NaN"]]},
            {"metric": {"job": "x"}, "values": [[start, "1"]]},
        ]
        return 200, as_bytes({"status": "success", "data": {"resultType": "matrix", "result": series}})


def test_prometheus_goes_on_where_it_broke_and_asks_each_time_once(tmp_path: Path) -> None:
    store, begin, end = PowerStore(tmp_path), T * 10**9, (T + 200_000) * 10**9
    answers = Prometheus(1)
    with serving(answers) as address:
        reader = PrometheusPower(JsonService(address), "power", step_s=5.0)
        with pytest.raises(OSError, match="503: overloaded"):
            import_power(reader, store, begin, end, wait=lambda seconds: None)
        answers.left = 10**6
        done = import_power(reader, store, begin, end, wait=lambda seconds: None)
    assert (done.asked, done.kept) == (4, 1)
    assert done.rejected_count == 5 and "no label 'instance'" in done.rejected[0].reason
    pieces = store.pieces()
    assert set(pieces) == {"n1", "n2"}
    frame = pl.concat([pl.read_parquet(piece.path) for piece in pieces["n2"]])
    assert frame.height == 40_000
    assert frame["time_ns"].is_unique().all()
    assert frame["value"].to_list() == [5.0 * number for number in range(40_000)]


def test_prometheus_refuses_with_its_own_words(tmp_path: Path) -> None:
    with serving(lambda path, query, headers: (400, b'{"error": "parse error"}')) as address:
        reader = PrometheusPower(JsonService(address), "power{", step_s=5.0)
        with pytest.raises(ValueError, match=r"refuses .* with 400: .*parse error"):
            import_power(reader, PowerStore(tmp_path), 0, 10**9)
    with serving(lambda path, query, headers: (200, b'{"status": "succ')) as address:
        reader = PrometheusPower(JsonService(address), "power", step_s=5.0)
        with pytest.raises(OSError, match="broke off"):
            import_power(reader, PowerStore(tmp_path), 0, 10**9, wait=lambda seconds: None)
    with pytest.raises(OSError, match="does not answer"):
        JsonService(address).get("x", {})


def test_credentials_are_sent_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def answer(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        seen.append(headers.get("Authorization", ""))
        return 200, b"[]"

    file = tmp_path / "secret"
    file.write_text("ada:hush\n")
    monkeypatch.setenv("CLUSTER_TEST_SECRET", "token1")
    with serving(answer) as address:
        service = JsonService(address, credentials(file, "CLUSTER_TEST_SECRET"))
        service.get("x", {})
        JsonService(address, credentials(None, "CLUSTER_TEST_SECRET")).get("x", {})
    assert seen == [f"Basic {base64.b64encode(b'ada:hush').decode()}", "Bearer token1"]
    assert "hush" not in repr(service)
    with pytest.raises(ValueError, match="holds a password"):
        JsonService("http://ada:hush@example.org/")
    with pytest.raises(ValueError, match="begins with http"):
        JsonService("example.org")


def kwollect(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
    assert path == "/metrics" and query["devices"] == "grisou-1"
    readings = [
        {"timestamp": f"2025-03-01T11:00:{second:02}.5+01:00", "metric_id": metric, "value": watts}
        for second in range(0, 60, 5)
        for metric, watts in (("bmc_node_power_watt", 130), ("wattmetre_power_watt", 127.5))
    ]
    return 200, as_bytes([*readings, {"timestamp": "2025-03-01T11:00:00+01:00", "value": None}])


def test_kwollect_takes_the_better_meter_and_says_so(tmp_path: Path) -> None:
    with serving(kwollect) as address:
        reader = KwollectPower(JsonService(address), ("grisou-1.nancy.grid5000.fr",))
        done = import_power(reader, PowerStore(tmp_path), T * 10**9, (T + 3600) * 10**9)
    assert done.samples == 12
    assert [finding.kind for finding in done.findings] == ["several_meters"]
    (piece,) = PowerStore(tmp_path).pieces()["grisou-1.nancy.grid5000.fr"]
    times, values = piece.read()
    assert set(values) == {127.5}
    assert times[0] == T * 10**9 + 500_000_000
    with pytest.raises(ValueError, match="by their names"):
        KwollectPower(JsonService(address), ())


def oar_job(number: int, **more: object) -> dict[str, object]:
    job: dict[str, object] = {
        "id": number,
        "owner": "ada",
        "project": "asr",
        "queue": "default",
        "state": "Terminated",
        "start_time": T,
        "stop_time": T + 100,
        "submission_time": T - 5,
        "exit_code": 0,
        "types": [],
        "events": [],
        "nodes": [{"network_address": "n1", "status": "assigned"}],
    }
    return {**job, **more}


RESOURCES = [{"id": 1, "network_address": "n1"}, {"id": 2, "network_address": "n1"}, {"id": 9, "network_address": "n2"}]
OAR = [
    oar_job(1),
    oar_job(2, resources=RESOURCES),
    oar_job(3, state="Running", stop_time=0),
    oar_job(4, exit_code=256),
    oar_job(5, state="Error", events=[{"type": "WALLTIME"}]),
    oar_job(6, state="Waiting", start_time=0, stop_time=0),
    oar_job(7, stop_time=T - 100),
    oar_job(8, nodes=[]),
    {"state": "Terminated", "start_time": T, "stop_time": T},
]


def test_oar_jobs_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps({"items": OAR, "total": len(OAR)}))
    assert is_oar(file)
    table = read_oar_jobs(file)
    assert table.jobs.select("job_id", "state").rows() == [
        ("1", "completed"),
        ("2", "completed"),
        ("3", "running"),
        ("4", "failed"),
        ("5", "timeout"),
    ]
    assert table.shares.filter(pl.col("job_id") == "2").select("node", "cores").rows() == [("n1", 2.0), ("n2", 1.0)]
    assert table.shares.filter(pl.col("job_id") == "1")["exclusive"].to_list() == [True]
    assert [(row.line, row.reason) for row in table.rejected] == [
        (7, "it ends before it starts"),
        (8, "it names no node"),
        (9, "its id is none"),
    ]


def test_oar_rest_is_asked_page_after_page(tmp_path: Path) -> None:
    def answer(path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        assert path == "/oarapi/jobs/details.json" and query["from"] == str(T)
        offset = int(query.get("offset", 0))
        return 200, as_bytes({"items": OAR[offset : offset + 4], "total": len(OAR)})

    with serving(answer) as address:
        table = OarJobs(JsonService(f"{address}/oarapi")).read(T * 10**9, None)
    assert table.jobs.height == 5
    assert table.all_rejected == 3


def test_times_of_services() -> None:
    assert iso_ns("2025-03-01T10:00:00Z") == T * 10**9
    assert iso_ns("2025-03-01T11:00:00.25+01:00") == T * 10**9 + 250_000_000
    assert iso_ns("2025-03-01 10:00:00") == T * 10**9
    assert iso_ns("2025-03-01T11:00:00+0100") == T * 10**9
    assert iso_ns("2025-13-01T10:00:00Z") is None
    assert iso_ns("soon") is None


def test_the_command_imports_from_a_service_and_needs_a_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "power")
    with serving(Prometheus()) as address:
        words = ["cluster", "import", "--store", store, "--prometheus", address, "--query", "power", "--step", "5"]
        assert cli.main(words) == 2
        assert "give --from" in capsys.readouterr().err
        assert cli.main([*words, "--from", "2025-03-01T10:00", "--to", "2025-03-01T11:00", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"asked": 1, "kept": 0, "samples": 1440, "rejected_rows": 1}]
    assert cli.main(["cluster", "import", "--store", store]) == 2
    assert "nothing to import" in capsys.readouterr().err
