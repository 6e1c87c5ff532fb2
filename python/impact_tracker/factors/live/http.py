"""One bounded request: a time-out for all of it, a size that is not exceeded, a cache on disk, an error that helps."""

from __future__ import annotations

import hashlib
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 32 * 2**20  # bytes of one reply; a year of values every five minutes takes a tenth of them
_CHUNK = 2**16


class LiveError(OSError):
    """A service that did not answer as it should: which, why, what to do. Nobody's training ends for it."""


@dataclass(frozen=True)
class Request:
    """`url` with its parameters; `headers` may hold a key: they are never shown, cached or put into an error."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def public_url(self) -> str:
        """The address without its parameters' secrets."""
        parts = urllib.parse.urlsplit(self.url)
        query = [
            (k, "***" if k.casefold() in ("securitytoken", "key", "token") else v)
            for k, v in urllib.parse.parse_qsl(parts.query)
        ]
        return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query, safe="*:")))


@dataclass(frozen=True)
class Transport:
    """How requests are made: `timeout_s` for the whole of one, `cache` a folder or `None` for no cache."""

    timeout_s: float = 10.0
    cache: Path | None = None

    def get(self, request: Request, fresh_s: float) -> bytes:
        """The body; from the cache if it is younger than `fresh_s`. LiveError for anything else than a 200."""
        kept = self._cached(request, fresh_s)
        if kept is not None:
            return kept
        body = self._ask(request)
        self._keep(request, body)
        return body

    def _ask(self, request: Request) -> bytes:
        deadline = time.monotonic() + self.timeout_s
        asked = urllib.request.Request(request.url, headers={"User-Agent": "impact-tracker", **request.headers})
        if not request.url.startswith(("https://", "http://")):
            raise LiveError(f"{request.public_url}: not a web address")
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout_s) as reply:
                parts: list[bytes] = []
                size = 0
                while True:
                    part = reply.read1(_CHUNK)
                    if not part:
                        return b"".join(parts)
                    size += len(part)
                    parts.append(part)
                    if size > LARGEST:
                        raise LiveError(f"{request.public_url}: more than {LARGEST >> 20} MiB came")
                    if time.monotonic() > deadline:
                        raise LiveError(f"{request.public_url}: no whole reply within {self.timeout_s:g} s")
        except urllib.error.HTTPError as fault:
            fault.close()  # the error holds the connection open
            raise LiveError(f"{request.public_url}: HTTP {fault.code} {fault.reason}.{_advice(fault.code)}") from None
        except LiveError:
            raise
        except (OSError, ValueError) as fault:
            reason = getattr(fault, "reason", fault)
            raise LiveError(f"{request.public_url}: {reason}") from None

    def _file(self, request: Request) -> Path | None:
        if self.cache is None:
            return None
        return self.cache / f"{hashlib.sha256(request.public_url.encode()).hexdigest()[:32]}.reply"

    def _cached(self, request: Request, fresh_s: float) -> bytes | None:
        file = self._file(request)
        try:
            if file is None or time.time() - file.stat().st_mtime > fresh_s:
                return None
            return file.read_bytes()
        except OSError:
            return None

    def _keep(self, request: Request, body: bytes) -> None:
        file = self._file(request)
        if file is None:
            return
        try:  # where the cache cannot be written, the next call asks the service again
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}")
            part.write_bytes(body)
            part.replace(file)
        except OSError:
            return


def _advice(code: int) -> str:
    if code in (401, 403):
        return " The key is missing, wrong, or not for this zone."
    if code == 404:
        return " The zone or the time is not known there."
    return " Too many questions: wait, or ask for a longer piece at once." if code == 429 else ""


def default_cache() -> Path:
    """Where replies are kept: `$XDG_CACHE_HOME/impact-tracker/live`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "impact-tracker" / "live"


def as_json(body: bytes, public_url: str) -> object:
    """The reply as JSON; LiveError for anything else."""
    try:
        return json.loads(body)
    except ValueError:
        start = body[:80].decode("utf-8", "replace")
        raise LiveError(f"{public_url}: the reply is no JSON: {start!r}") from None
