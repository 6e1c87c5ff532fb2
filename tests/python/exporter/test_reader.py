"""The reader's socket: who is let in, what is answered, what ends the connection."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from impact_tracker.exporter import reader as reader_module
from impact_tracker.exporter.reader import LENGTH, REQUEST, Reader, group_number, listening_socket, peer_of
from impact_tracker.exporter.remote import RemoteMeter
from impact_tracker.exporter.snapshot import ClockNow, HealthNow, Snapshot, encoded
from python.exporter.descriptors import no_descriptor_left
from waiting import until

FAR = 4e9  # Unix time to come: never too old


class Fixed:
    """A meter that says the same each time, and counts how often it is asked."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.answer, self.asked = snapshot, 0

    def snapshot(self) -> Snapshot | None:
        self.asked += 1
        return self.answer

    def close(self) -> None:
        pass


def snapshot_at(unix_s: float) -> Snapshot:
    taken_ns = max(int(time.monotonic_ns() + (unix_s - time.time()) * 1e9), 2) if unix_s != FAR else 1 << 62
    clock = ClockNow("a run", 1.0, taken_ns, 1, 0.01)
    return Snapshot(1.0, unix_s, clock, (), None, {"rapl_powercap": True}, HealthNow(1, 2, 3, 4, 5.0))


class Running:
    """A reader in a thread. Its folder is short: a socket's path has 107 bytes at most."""

    def __init__(self, gid: int, snapshot: Snapshot | None, interval_s: float = 30.0) -> None:
        self._folder = TemporaryDirectory(prefix="reader-")
        Path(self._folder.name).chmod(0o755)
        self.path = Path(self._folder.name) / "s"
        self.meter = Fixed(snapshot)
        self.reader = Reader(self.meter, interval_s, gid)
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(ready),))
        self._thread.start()
        assert ready.wait(10)

    async def _serve(self, ready: threading.Event) -> None:
        self._ended = asyncio.Event()
        await self.reader.run(self.path, ready.set, self._ended)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)
        self._loop.close()
        assert not self.path.exists()
        self._folder.cleanup()

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(str(self.path))
        return client


@pytest.fixture
def running() -> Iterator[Running]:
    server = Running(os.getegid(), snapshot_at(FAR))
    yield server
    server.close()


def test_an_answer_is_the_snapshot_and_asking_reads_nothing(running: Running) -> None:
    meter = RemoteMeter(running.path, oldest_s=1.0)
    for _ in range(200):
        assert meter.snapshot() == snapshot_at(FAR)
    meter.close()
    assert running.meter.asked == 1


def test_only_root_and_the_group_may_connect(running: Running) -> None:
    mode = running.path.stat()
    assert stat.S_IMODE(mode.st_mode) == 0o660
    assert mode.st_gid == os.getegid()


@pytest.mark.parametrize(
    "frame", [b"\n", b"GET / HTTP/1.1\r\n\r\n", REQUEST * 2, REQUEST + b"x", b"IMPACT2\n", b"\0" * 9]
)
def test_any_other_bytes_end_the_connection(running: Running, frame: bytes) -> None:
    with running.connect() as client:
        client.sendall(frame)
        with suppress(ConnectionResetError):
            assert client.recv(4096) == b""
    assert until(lambda: running.reader.clients.dropped == 1, 5)


def test_a_request_may_come_in_pieces(running: Running) -> None:
    with running.connect() as client:
        for byte in REQUEST:
            client.sendall(bytes([byte]))
        assert client.recv(4096)[4:] == encoded(snapshot_at(FAR))


def test_whoever_asks_on_without_taking_answers_is_dropped_and_memory_is_bounded(running: Running) -> None:
    running.reader.answer = LENGTH.pack(1 << 22) + bytes(1 << 22)
    with running.connect() as client, suppress(OSError):
        for _ in range(100):
            client.sendall(REQUEST)
            threading.Event().wait(0.01)
    assert until(lambda: running.reader.clients.dropped >= 1, 5)


def test_many_peers_that_do_not_ask_keep_nobody_out(running: Running) -> None:
    draw = random.Random(5)
    running.reader.clients.most = 32
    held = []
    for number in range(400):
        client = running.connect()
        with suppress(OSError):
            client.send(draw.choice([b"", b"IMP", b"\xff" * 50]))
        held.append(client)
        if number % 50 == 0:
            meter = RemoteMeter(running.path, oldest_s=1.0)
            assert meter.snapshot() == snapshot_at(FAR)
            meter.close()
        assert len(running.reader.clients.connected) <= 32
    for client in held:
        client.close()


def test_a_peer_that_sends_half_a_request_is_dropped_in_time(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "_FRAME_S", 0.1)
    with running.connect() as client:
        client.sendall(b"IMPA")
        assert client.recv(10) == b""


ASK = """
import os, sys
from pathlib import Path
groups = [int(word) for word in sys.argv[2].split(",") if word]
os.setgroups(groups); os.setgid(65534); os.setuid(65534)
import socket
client = socket.socket(socket.AF_UNIX); client.settimeout(10)
try:
    client.connect(sys.argv[1]); client.sendall(b"IMPACT1\\n")
    print(len(client.recv(4096)))
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("open_to_all", [False, True])
def test_members_of_the_group_are_let_in_and_others_are_not(open_to_all: bool) -> None:
    """By their further groups too; and by what the kernel says of them, where the file's mode would let them in."""
    server = Running(54321, snapshot_at(FAR))
    try:
        if open_to_all:
            server.path.chmod(0o666)

        def told(groups: str) -> str:
            words = [sys.executable, "-c", ASK, str(server.path), groups]
            return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

        assert int(told("54321")) > 4
        assert int(told("1,2,54321")) > 4
        refusals = ("0", "ConnectionResetError", "BrokenPipeError") if open_to_all else ("PermissionError",)
        assert told("") in refusals
        assert told("54320,54322") in refusals
    finally:
        server.close()


def test_credentials_are_the_kernels() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = peer_of(ours)
    assert peer.uid == os.geteuid()
    assert peer.gids == {os.getegid(), *os.getgroups()}


def test_a_socket_that_nobody_serves_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="reader-") as folder:
        path = Path(folder) / "s"
        listening_socket(path, os.getegid()).close()
        again = listening_socket(path, os.getegid())
        with pytest.raises(OSError, match="another reader"):
            listening_socket(path, os.getegid())
        again.close()
        path.unlink()
        path.write_text("precious")
        with pytest.raises(FileExistsError, match="is no socket"):
            listening_socket(path, os.getegid())
        assert path.read_text() == "precious"
        with pytest.raises(OSError, match="nowhere"):
            listening_socket(Path(folder) / "nowhere" / "s", os.getegid())


def test_a_group_that_there_is_not_names_the_remedy() -> None:
    assert group_number("12") == 12
    with pytest.raises(ValueError, match="groupadd --system no-such-group"):
        group_number("no-such-group")


def test_a_client_says_what_is_wrong(running: Running) -> None:
    missing = RemoteMeter(running.path.parent / "none", oldest_s=1.0)
    assert missing.snapshot() is None
    assert "there is no reader at" in missing.problem
    running.reader.renew(snapshot_at(1000.0))
    old = RemoteMeter(running.path, oldest_s=60.0)
    assert old.snapshot() is None
    assert "too old" in old.problem
    running.reader.renew(None)
    assert old.snapshot() is None
    assert old.problem == ""
    running.reader.answer = LENGTH.pack(5) + b"{oops"
    assert old.snapshot() is None
    assert "no snapshot" in old.problem
    running.reader.answer = LENGTH.pack(1 << 31)
    assert old.snapshot() is None
    assert "longer than any snapshot" in old.problem
    old.close()


def test_a_client_tells_when_a_problem_begins_and_when_it_is_over(running: Running) -> None:
    told: list[str] = []
    meter = RemoteMeter(running.path, oldest_s=60.0, tell=told.append)
    for unix_s in (FAR, 1.0, 1.0, FAR, FAR):
        running.reader.renew(snapshot_at(unix_s))
        meter.snapshot()
    meter.close()
    assert [bool(problem) for problem in told] == [True, False]


def test_a_client_comes_back_to_a_reader_that_began_anew(running: Running) -> None:
    meter = RemoteMeter(running.path, oldest_s=1.0)
    assert meter.snapshot() is not None
    for client in list(running.reader.clients.connected):
        running._loop.call_soon_threadsafe(client.drop)
    assert until(lambda: not running.reader.clients.connected, 5)
    assert meter.snapshot() is not None
    meter.close()


def test_steps_of_the_wall_clock_make_values_neither_old_nor_new(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which NTP or an administrator may set at any time, by hours."""
    meter = RemoteMeter(running.path, oldest_s=60.0)
    fresh, old = snapshot_at(time.time()), snapshot_at(time.time() - 100.0)
    now = time.time
    for step_s in (-7200.0, 0.0, 7200.0):
        with monkeypatch.context() as context:
            context.setattr("time.time", lambda step_s=step_s: now() + step_s)
            running.reader.renew(fresh)
            assert meter.snapshot() == fresh, step_s
            running.reader.renew(old)
            assert meter.snapshot() is None, step_s
            assert "too old" in meter.problem
    meter.close()


def test_a_socket_that_somebody_removed_is_made_anew() -> None:
    server = Running(os.getegid(), snapshot_at(FAR), interval_s=0.05)
    try:
        staying = server.connect()
        staying.sendall(REQUEST)
        assert staying.recv(4096)[4:] == encoded(snapshot_at(FAR))
        for _ in range(3):
            server.path.unlink()
            assert until(server.path.exists, 10)
            meter = RemoteMeter(server.path, oldest_s=1.0)
            assert meter.snapshot() == snapshot_at(FAR)
            meter.close()
            assert stat.S_IMODE(server.path.stat().st_mode) == 0o660
        staying.sendall(REQUEST)  # who was in before stays in
        assert staying.recv(4096)[4:] == encoded(snapshot_at(FAR))
        staying.close()
    finally:
        server.close()


def test_a_reader_that_ends_leaves_anothers_socket() -> None:
    server = Running(os.getegid(), snapshot_at(FAR))
    server.path.unlink()
    other = listening_socket(server.path, os.getegid())
    server._loop.call_soon_threadsafe(server._ended.set)
    server._thread.join(10)
    assert server.path.is_socket()
    other.close()
    server.path.unlink()
    server._loop.close()
    server._folder.cleanup()


def test_a_thousand_slow_peers_do_no_harm_to_one_that_asks(running: Running) -> None:
    """Half a request each, byte by byte, and none of them takes an answer: whoever asks in between is answered."""
    draw = random.Random(18)
    held: list[socket.socket] = []
    longest_s = 0.0
    meter = RemoteMeter(running.path, oldest_s=1.0)
    for number in range(1000):
        client = running.connect()
        with suppress(OSError):
            client.send(REQUEST[: draw.randrange(len(REQUEST) + 1)])
        held.append(client)
        slow = draw.choice(held)
        with suppress(OSError):
            slow.send(draw.choice([b"I", b"M", b"\n", REQUEST]))
        if number % 20 == 19:
            began_s = time.monotonic()
            assert meter.snapshot() == snapshot_at(FAR)
            longest_s = max(longest_s, time.monotonic() - began_s)
    assert longest_s < 2.0
    assert len(running.reader.clients.connected) <= running.reader.clients.most
    assert running.meter.asked == 1
    meter.close()
    for client in held:
        client.close()


@pytest.mark.serial
def test_a_reader_outlives_a_lack_of_descriptors(running: Running) -> None:
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(5)]
    with no_descriptor_left():
        for client in waiting:
            client.settimeout(10)
            client.connect(str(running.path))
            client.sendall(REQUEST)
    for client in waiting:
        assert client.recv(4096)[4:] == encoded(snapshot_at(FAR))
        client.close()
