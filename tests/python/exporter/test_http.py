"""The HTTP server under clients that are many, slow and hostile: honest ones are answered, memory is bounded."""

from __future__ import annotations

import asyncio
import random
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.exporter import http
from impact_tracker.exporter.http import LONGEST_REQUEST, Clients, Pages, answer_to, serve_pages
from impact_tracker.exporter.service import Address, read_address
from python.exporter.descriptors import no_descriptor_left
from waiting import until

BODY = b"impact_reader_up 1.0\n" * 1000
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


class Running:
    """A server in a thread."""

    def __init__(self, most: int) -> None:
        self.pages = Pages(b"# EOF\n", BODY, float("inf"))
        self.clients = Clients(most)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(http.quiet_about_descriptors)
        self._server = self._loop.run_until_complete(serve_pages(self.pages, self.clients, "127.0.0.1", 0))
        self.address = self._server.sockets[0].getsockname()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            for client in list(self.clients.connected):
                client.drop()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def get(self, request: bytes = GET) -> bytes:
        with self.connect() as client:
            client.sendall(request)
            return all_of(client)


def all_of(client: socket.socket) -> bytes:
    pieces = []
    while piece := client.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.fixture
def server() -> Iterator[Running]:
    running = Running(most=64)
    yield running
    running.close()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


HOSTILE = [
    b"",  # connects and is silent
    b"GET /metrics HTTP/1.1\r\nX: ",  # a header that never ends
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n" + b"z" * 50_000,
    b"GET " + b"/" * 100_000,
    b"\0" * 20_000,
    GET * 500,  # pipelined, and the answer never read
]


def test_a_thousand_clients_of_whom_most_are_hostile(server: Running) -> None:
    draw = random.Random(18)
    before = resident_bytes()
    held: list[socket.socket] = []
    try:
        for number in range(1000):
            if number % 10 == 0:
                answer = server.get()
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
                assert answer.endswith(BODY)
                continue
            client = server.connect()
            client.setblocking(False)
            with suppress(OSError):  # who is cut off meanwhile
                client.send(draw.choice(HOSTILE))
            held.append(client)
            if draw.random() < 0.3:
                held.pop(draw.randrange(len(held))).close()
            assert len(server.clients.connected) <= 64
        assert server.get().endswith(BODY)
        assert server.clients.dropped > 0
        assert resident_bytes() - before < 64 << 20
    finally:
        for client in held:
            client.close()
    assert until(lambda: not server.clients.connected, 10)


def test_whoever_sends_byte_by_byte_is_cut_off_in_time(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REQUEST_S", 0.2)
    with server.connect() as client:
        with pytest.raises(OSError, match=r"reset|pipe"):
            for _ in range(1000):
                client.sendall(b"x")
                threading.Event().wait(0.02)
        assert until(lambda: not server.clients.connected, 5)


def test_whoever_does_not_take_the_answer_is_cut_off_in_time(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_S", 0.2)
    server.pages.prometheus = b"x" * (16 << 20)
    with server.connect() as client:
        client.sendall(GET)
        assert until(lambda: server.clients.dropped == 1, 5)


def test_a_request_in_pieces_is_answered_and_a_long_one_refused(server: Running) -> None:
    with server.connect() as client:
        for byte in GET:
            client.sendall(bytes([byte]))
        assert all_of(client).endswith(BODY)
    assert server.get(b"GET / HTTP/1.1\r\n" + b"a" * LONGEST_REQUEST).startswith(b"HTTP/1.1 431 ")


@pytest.mark.serial
def test_it_outlives_a_lack_of_descriptors(server: Running) -> None:
    waiting = [socket.socket() for _ in range(5)]
    with no_descriptor_left():
        for client in waiting:  # the kernel connects them; the server cannot accept them
            client.settimeout(10)
            client.connect(server.address)
            client.sendall(GET)
    for client in waiting:
        assert all_of(client).endswith(BODY)
        client.close()


@given(st.binary(max_size=300))
def test_no_request_is_an_error_of_the_server(request_head: bytes) -> None:
    status, body, _ = answer_to(request_head, Pages())
    assert status in (200, 400, 404, 405, 503)
    assert isinstance(body, bytes)


def test_pages_by_path_and_by_what_is_accepted() -> None:
    pages = Pages(b"open", b"old", float("inf"))
    assert answer_to(b"GET /metrics HTTP/1.1", pages)[:2] == (200, b"old")
    accepting = b"GET /metrics?x=1 HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    assert answer_to(accepting, pages)[:2] == (200, b"open")
    assert answer_to(b"GET /-/healthy HTTP/1.0", pages)[0] == 200
    assert answer_to(b"GET /-/healthy HTTP/1.0", Pages())[0] == 503
    assert answer_to(b"GET /../etc/passwd HTTP/1.1", pages)[0] == 404
    assert answer_to(b"DELETE /metrics HTTP/1.1", pages)[0] == 405


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9099", Address("127.0.0.1", 9099)),
        ("[::1]:80", Address("::1", 80)),
        (":9099", Address("", 9099)),
        ("host.example:0", Address("host.example", 0)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert read_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "9099", "host", "::1:80", "host:-1", "host:65536", "host:x", "host:٣"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="no address to listen on"):
        read_address(text)


@pytest.mark.parametrize(
    ("host", "words"),
    [("127.0.0.1", "another program listens there"), ("192.0.2.1", "this machine has no such address")],
)
def test_an_address_that_cannot_be_had_is_said_with_the_remedy(host: str, words: str) -> None:
    running = Running(1)
    try:
        port = running.address[1]
        with pytest.raises(OSError, match=rf"{host}:{port} cannot be listened on: {words}.*--listen"):
            asyncio.run(serve_pages(running.pages, running.clients, host, port))
    finally:
        running.close()
