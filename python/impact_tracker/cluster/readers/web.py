"""Questions to services over HTTP: JSON answers, credentials from a file or the environment alone, short errors."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from ...file_text import no_pipe

TIMEOUT_S = 60.0
TRIES, FIRST_WAIT_S = 4, 0.5
Answer = TypeVar("Answer")
_ISO = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?\s*(Z|[+-]\d\d:?\d\d)?$")


def iso_ns(text: str) -> int | None:
    """Nanoseconds since 1970 of a time in ISO 8601, in UTC where it names no zone; `None` for a text that is none."""
    parts = _ISO.match(text.strip())
    if not parts:
        return None
    date, clock, fraction, zone = parts.groups()
    offset = "+00:00" if zone in (None, "Z") else f"{zone[:3]}:{zone[-2:]}"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{offset}")
    except ValueError:
        return None
    return round(moment.timestamp()) * 10**9 + int((fraction or "0").ljust(9, "0"))


def credentials(path: str | Path | None, variable: str) -> str | None:
    """`USER:PASSWORD` or a token from a file's first line, or from the environment; `None` without both."""
    if path is not None:
        try:
            text = no_pipe(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            # What was given may be the secret itself: it is not repeated.
            raise ValueError(
                "--credentials names a file that can be read, whose first line is USER:PASSWORD or a token; a secret "
                "is never on the command line, where others see it"
            ) from None
        if not text:
            raise ValueError(f"{path} is empty: it holds USER:PASSWORD or a token")
        return text.splitlines()[0].strip()
    return os.environ.get(variable) or None


def asked_again(ask: Callable[[], Answer], wait: Callable[[float], None] = time.sleep) -> Answer:
    """The answer to a question that is asked again, after a while that doubles, as long as an OSError says that this
    may help; the last OSError is raised."""
    for tried in range(TRIES):
        try:
            return ask()
        except OSError:
            if tried + 1 == TRIES:
                raise
            wait(FIRST_WAIT_S * 2**tried)
    raise AssertionError("the last try returns or raises")


@dataclass(frozen=True)
class JsonService:
    """A service at an address. `secret`: `USER:PASSWORD`, or a token; it is in no text of this object."""

    address: str
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """ValueError for an address that is none, or that holds a password."""
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"an address of a service begins with http:// or https://, not {self.address!r}")
        if parts.username is not None or parts.query:
            what = "a password" if parts.password else "a user or token" if parts.username is not None else "a query"
            raise ValueError(
                f"the address of {parts.hostname} holds {what}, which others would see: put USER:PASSWORD or a token "
                "into a file and give it with --credentials"
            )

    @property
    def shown(self) -> str:
        """The address for reports."""
        parts = urlsplit(self.address)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))

    def get(self, path: str, query: Mapping[str, str]) -> object:
        """The answer to a question. OSError where there is none and asking again may help; ValueError where the service
        refuses the question."""
        url = f"{self.shown}/{path}" + (f"?{urlencode(query)}" if query else "")
        request = Request(url, headers={"Accept": "application/json"})
        if self.secret is not None:
            plain = base64.b64encode(self.secret.encode()).decode()
            request.add_header("Authorization", f"Basic {plain}" if ":" in self.secret else f"Bearer {self.secret}")
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                raw = answer.read()
        except HTTPError as error:
            told = error.read(300).decode("utf-8", errors="replace").strip()
            if error.code in (408, 425, 429) or error.code >= 500:
                raise OSError(f"{self.shown} answers {error.code}: {told}") from None
            raise ValueError(f"{self.shown} refuses /{path} with {error.code}: {told}") from None
        except URLError as error:
            raise OSError(f"{self.shown} does not answer: {error.reason}") from None
        except (HTTPException, OSError) as error:
            raise OSError(f"{self.shown} broke off in the middle of /{path}: {error or type(error).__name__}") from None
        try:
            return json.loads(raw)
        except ValueError:
            raise OSError(f"{self.shown} broke off in the middle of /{path}") from None
