"""Services on loopback that answer as Prometheus, Kwollect and OAR do, and that may break off."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Answer = Callable[[str, dict[str, str], dict[str, str]], tuple[int, bytes]]


class BrokenOff(bytes):
    """An answer of which half is sent, and then the connection ends."""


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The address of a service that calls `answer(path, query, headers)`; it ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            code, body = answer(parts.path, query, dict(self.headers))
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if isinstance(body, BrokenOff) else body)
            self.close_connection = True

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_bytes(document: object) -> bytes:
    """A document as a service sends it."""
    return json.dumps(document).encode()
