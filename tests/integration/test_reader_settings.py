"""A reader told by a configuration file where to look, from the file to the record; the password goes no further."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from impact_tracker import ImpactTracker, cli

SECRET = "s3same-bmc"
ANSWERS = {
    "/redfish/v1/Chassis": {"Members": [{"@odata.id": "/redfish/v1/Chassis/1"}]},
    "/redfish/v1/Chassis/1/Power": {"PowerControl": [{"PowerConsumedWatts": 344}]},
}


class Controller(BaseHTTPRequestHandler):
    """A management controller that gives a session for the password alone."""

    def answer(self, status: int, body: object, **headers: str) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if SECRET in body:
            return self.answer(201, {}, X_Auth_Token="t1", Location="/redfish/v1/SessionService/Sessions/7")
        return self.answer(401, {})

    def do_GET(self) -> None:
        if self.headers.get("X-Auth-Token") != "t1":
            return self.answer(401, {})
        return self.answer(*((200, ANSWERS[self.path]) if self.path in ANSWERS else (404, {})))

    def do_DELETE(self) -> None:
        self.answer(200, {})

    def log_message(self, *arguments: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("IMPACT_TRACKER_SOURCES", raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Controller) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_configuration_file_tells_a_reader_where_to_look(
    core: ModuleType,
    controller: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bmc").write_text(f"{SECRET}\n")
    (tmp_path / "bmc").chmod(0o600)
    (tmp_path / "impact-tracker.ini").write_text(
        "[impact-tracker]\nsources = redfish\n"
        f"[readers]\nredfish = {controller}\nredfish_user = monitor\nredfish_password_file = bmc\n"
    )
    with ImpactTracker("runs", scope="machine") as tracker:
        pass
    record = Path(tracker.path).read_text()
    header = json.loads(record.partition("\n")[0])
    assert [channel["id"] for channel in header["channels"]] == ["redfish/node/power"]
    assert SECRET not in record
    assert cli.main(["doctor", "--json"]) == 0
    text = capsys.readouterr().out
    (probe,) = (source for source in json.loads(text)["sources"] if source["name"] == "redfish")
    assert probe["state"] == "used"
    assert SECRET not in text
    # Another file, another answer: sources that were told otherwise are not shared.
    monkeypatch.setenv("IMPACT_TRACKER_CONFIG", "none")
    untold = ImpactTracker("other", sources=["redfish"], scope="machine")
    assert json.loads(Path(untold.path).read_text().partition("\n")[0])["channels"] == []
    (probe,) = (source for source in core.probe() if source["name"] == "redfish")
    assert probe["state"] == "misconfigured"


def test_a_faulty_argument_is_not_blamed_on_another(core: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^share_of must be .* number of a process$"):
        ImpactTracker(tmp_path, sources=["ram_model"], share_of=0)
    with pytest.raises(ValueError, match=r"did you mean ram_model.*from the argument sources"):
        ImpactTracker(tmp_path, sources=["ram_mode"], share_of="self")
    with pytest.raises(ValueError, match=r"must lie .* 3600 seconds, not 7200.*the argument interval_s"):
        ImpactTracker(tmp_path, interval_s=7200)
