"""A team's ledger on a real PostgreSQL: the same answers, spools that join later and once, members that are killed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from impact_tracker.ledger import Filter, Ledger, report_of
from impact_tracker.ledger.report import BestBy
from impact_tracker.spool import Amendment, RunEntry, write
from impact_tracker.values import Energy
from python.ledger.drawn import amendments, entries, entry, put
from python.ledger.killing import check, write_and_kill
from python.ledger.test_index import content

PASSWORD = "s3same-of-the-team"


def program(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))


class Server:
    """A server of its own in a temporary folder, on a free port of the loopback, with a password."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        # It refuses to run as root; the package has made an account for it.
        self._user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        if self._user:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        options = ["-U", "team", "--pwfile", str(folder / "password"), "-A", "scram-sha-256", "-N", "-E", "UTF8"]
        self._call("initdb", "-D", str(folder / "data"), *options)
        self.start()

    def _call(self, name: str, *words: str) -> None:
        path = program(name)
        assert path is not None
        subprocess.run([path, *words], cwd=self.folder, check=True, capture_output=True, timeout=120, **self._user)  # type: ignore[call-overload]

    def start(self) -> None:
        where = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._call("pg_ctl", "-D", data, "-l", log, "-w", "-o", where, "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    @property
    def url(self) -> str:
        return f"postgresql://team@127.0.0.1:{self.port}/postgres"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'impact-tracker[ledger]'")
    if program("initdb") is None or program("pg_ctl") is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="ledger-pg-", dir="/tmp"))
    made = Server(folder)
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def team(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """An empty database, and a member whose spool is in a home of its own."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "ada"))
    wipe(server.url)
    return server


def wipe(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def spool_of(home: Path) -> Path:
    return home / "impact-tracker" / "ledger"


def test_members_join_one_ledger_each_run_once(team: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(spool_of(tmp_path / "ada"), entry("a", 0, joules=100, metrics={"wer": 0.1}, person="ada"))
    write(spool_of(tmp_path / "bob"), entry("b", 50, joules=300, metrics={"wer": 0.2}, person="bob"))
    write(spool_of(tmp_path / "bob"), entry("a", 0, joules=100, metrics={"wer": 0.1}, person="ada"))  # added by both
    with Ledger.open(team.url) as ledger:
        assert [run.run_id for run in ledger.runs()] == ["a"]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "bob"))
    with Ledger.open(team.url) as ledger:
        report = report_of(ledger, Filter(project="asr"), BestBy("wer", "min"))
        assert report.development.sum.energy.best_j == 400
        assert report.ratio is not None
        assert report.ratio.value == 4
        before = content(ledger)
        ledger.rebuild()  # what bob brought; ada's stays
        assert content(ledger) == before
        run = ledger.tag("a", Amendment("a", fate="debug"))
        assert run.fate == "debug"


def test_a_run_without_a_network_is_kept_and_joins_later(team: Server, tmp_path: Path) -> None:
    write(spool_of(tmp_path / "ada"), entry("a"))
    team.stop()
    try:
        with pytest.raises(OSError, match=r"cannot be reached.*impact-tracker ledger sync") as caught:
            Ledger.open(team.url)
        assert PASSWORD not in str(caught.value)
    finally:
        team.start()
    for _ in range(2):
        with Ledger.open(team.url) as ledger:
            assert [run.run_id for run in ledger.runs()] == ["a"]


def test_the_password_may_stand_in_a_file_alone(team: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    with pytest.raises(OSError, match="password"):
        Ledger.open(team.url)
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:*:*:team:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    with Ledger.open(team.url) as ledger:
        assert ledger.runs() == []
    monkeypatch.delenv("PGPASSFILE")
    holder = tmp_path / "team.url"
    holder.write_text(team.url.replace("team@", f"team:{PASSWORD}@") + "\n")
    holder.chmod(0o600)
    with Ledger.open(holder) as ledger:
        assert PASSWORD not in ledger.database.place
    with pytest.raises(ValueError, match="no password"):
        Ledger.open(team.url.replace("team@", f"team:{PASSWORD}@"))


@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=st.lists(entries() | amendments, min_size=1, max_size=10))
def test_both_databases_give_the_same_runs(team: Server, drawn: list[RunEntry | Amendment]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("impact_tracker.ledger.ledger.Ledger._end_killed", lambda self: 0)
        patch.setenv("XDG_DATA_HOME", name)
        wipe(team.url)
        folder = spool_of(Path(name))
        with Ledger.open(team.url) as ledger:
            for each in drawn:
                put(folder, each)
                ledger.sync()
            shared = content(ledger)
        with Ledger.open(folder) as ledger:
            own = content(ledger)
    for mine, theirs in zip(own, shared):
        assert sorted(mine, key=str) == sorted(theirs, key=str)


def test_energies_at_the_edge_of_numbers_break_no_sum(team: Server, tmp_path: Path) -> None:
    folder = spool_of(tmp_path / "ada")
    write(folder, entry("a", 0, energy=Energy(1.0, 1e-300, 0.0, 0.0)))
    write(folder, entry("b", 50, energy=Energy(1.0, 1e-3, 0.0, 0.0)))
    with pytest.raises(ValueError, match="a run's energy cannot be"):
        entry("c", 99, energy=Energy(1e200))
    with Ledger.open(team.url) as ledger:
        assert report_of(ledger, Filter(project="asr")).development.sum.energy == Energy(2.0, 1e-3, 0.0, 0.0)


def test_killed_members_lose_nothing(team: Server, tmp_path: Path) -> None:
    folder, told = spool_of(tmp_path / "ada"), tmp_path / "told"
    write_and_kill(folder, told, 3, 20, seed=5, place=team.url, readers=2)
    with Ledger.open(team.url) as ledger:
        check(ledger, told, 3, 20)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_sixteen_writers_of_a_thousand_runs_and_killed_members(team: Server, tmp_path: Path) -> None:
    folder, told = spool_of(tmp_path / "ada"), tmp_path / "told"
    write_and_kill(folder, told, 16, 1000, seed=6, place=team.url, readers=3)
    with Ledger.open(team.url) as ledger:
        check(ledger, told, 16, 1000)
