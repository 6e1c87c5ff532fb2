"""The board asks only for metrics that there are; the units have every switch; the command refuses what cannot be."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from impact_tracker.cli import main
from impact_tracker.exporter.board import PANELS, board
from impact_tracker.exporter.families import METRICS, families_of
from impact_tracker.exporter.unit import Part, unit

QUERIES = [panel.query for panel in PANELS]
SAMPLE_NAMES = {metric.family().sample_name for metric in METRICS}
LABELS = {"instance", "channel", "device", "domain", "source", "quality", "role", "partial"}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_there_is(query: str) -> None:
    assert set(re.findall(r"impact_\w+", query)) <= SAMPLE_NAMES
    for selector in re.findall(r"\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)=", selector)) <= LABELS


def test_the_board_is_one_that_grafana_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--board"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(board())
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= set(document)
    assert len(document["uid"]) <= 40
    panels = document["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["type"] in ("stat", "timeseries")
        assert panel["targets"][0]["expr"]
        assert panel["fieldConfig"]["defaults"]["noValue"] == "not measured"
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        cells |= taken
        assert set(re.findall(r"\{\{(\w+)\}\}", panel["targets"][0]["legendFormat"])) <= LABELS
    for variable in re.findall(r"\$\{?(\w+)", board()):
        assert variable.startswith("__") or variable in {choice["name"] for choice in document["templating"]["list"]}


def lost(written: object, read: object, place: str = "") -> list[str]:
    """Where what was read is not what was written."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [
            name
            for key, value in written.items()
            for name in (lost(value, read[key], f"{place}/{key}") if key in read else [f"{place}/{key}"])
        ]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        pairs = enumerate(zip(written, read))
        return [name for number, (first, other) in pairs for name in lost(first, other, f"{place}/{number}")]
    return [] if written == read else [place]


def test_grafanas_own_model_of_a_dashboard_takes_every_field() -> None:
    """There is no Grafana in any package index; its types are there, made from Grafana's own schemas."""
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason="needs grafana-foundation-sdk")
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins")
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    plugins.register_default_plugins()
    document = json.loads(board())
    dashboard = models.Dashboard.from_json(document)
    assert lost(document, json.loads(encoder.JSONEncoder().encode(dashboard))) == []
    kinds = {type(panel.options).__module__.rpartition(".")[2] for panel in dashboard.panels}
    assert kinds == {panel.kind for panel in PANELS}
    for panel in dashboard.panels:
        assert type(panel.targets[0]).__module__.endswith("prometheus")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian's prometheus)")
def test_promtool_takes_the_queries(tmp_path: Path) -> None:
    rules = [
        {"record": f"q{number}", "expr": re.sub(r"\$__(range|rate_interval)", "5m", query).replace("$instance", ".*")}
        for number, query in enumerate(QUERIES)
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))  # JSON is YAML
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


SWITCHES = (
    *("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "ProtectClock=yes"),
    *("ProtectHostname=yes", "ProtectControlGroups=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes"),
    *("ProtectKernelTunables=yes", "LockPersonality=yes", "MemoryDenyWriteExecute=yes", "RestrictNamespaces=yes"),
    *("RestrictRealtime=yes", "RestrictSUIDSGID=yes", "RemoveIPC=yes", "SystemCallArchitectures=native", "UMask=0077"),
)


@pytest.mark.parametrize("part", ["exporter", "reader"])
def test_a_unit_has_the_switches(part: Part) -> None:
    lines = unit(part, program="/usr/bin/impact-tracker").splitlines()
    assert set(SWITCHES) <= set(lines)
    assert any(line.startswith("SystemCallFilter=") for line in lines)
    assert ("DynamicUser=yes" in lines) == (part == "exporter")
    assert ("PrivateNetwork=yes" in lines) == (part == "reader")
    (capabilities,) = (line.partition("=")[2] for line in lines if line.startswith("CapabilityBoundingSet="))
    assert capabilities.split() == ([] if part == "exporter" else ["CAP_SYS_RAWIO", "CAP_PERFMON"])


# On the scale of systemd-analyze, 0 to 10 (open). What is left is the network of the one, and root of the other.
MOST_EXPOSED = {"exporter": 1.1, "reader": 1.5}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("part", ["exporter", "reader"])
def test_systemd_finds_a_unit_closed_and_without_faults(part: Part, tmp_path: Path) -> None:
    path = tmp_path / f"impact-tracker-{part}.service"
    path.write_text(unit(part, program="/bin/true"))
    (tmp_path / "impact-tracker-reader.service").write_text(unit("reader", program="/bin/true"))
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    if done.returncode != 0:
        pytest.skip(f"systemd-analyze cannot look at files here: {done.stderr[-200:]}")
    assert "Unknown" not in done.stderr, done.stderr
    threshold = round(MOST_EXPOSED[part] * 10)
    judged = subprocess.run([*words[:-1], f"--threshold={threshold}", str(path)], capture_output=True)
    assert judged.returncode == 0, done.stdout


def test_a_unit_that_listens_elsewhere_may_be_scraped_from_there() -> None:
    for listen in ("127.0.0.1:9099", "[::1]:9099", "localhost:80"):
        assert "IPAddressDeny=any" in unit("exporter", program="/bin/true", listen=listen)
    for listen in (":9099", "10.0.0.1:9099"):
        assert "IPAddressDeny" not in unit("exporter", program="/bin/true", listen=listen)


def test_every_family_is_one_of_the_table() -> None:
    assert {family.name for family in families_of(None)} <= {metric.name for metric in METRICS}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--interval", "0.01"], "0.1 to 3600 seconds"),
        (["--interval", "nan"], "0.1 to 3600 seconds"),
        (["--listen", "nowhere"], "no address"),
        (["--json"], "--once"),
        (["--from", "/nowhere/s", "--once"], "there is no reader at"),
        (["--from", "/nowhere/s", "-o", "x"], "belong to whoever measures"),
        (["--reader", "--group", "no-such-group"], "groupadd"),
        (["--sources", "no-such-source", "--once"], "no-such-source"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *words]) == 2
    assert message in capsys.readouterr().err
