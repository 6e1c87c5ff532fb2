"""Questions to services over HTTP: JSON answers, credentials from a file or the environment alone, short errors."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

TIMEOUT_S = 60.0
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
        text = Path(path).read_text(encoding="utf-8").strip()
        if not text:
            raise ValueError(f"{path} is empty: it holds USER:PASSWORD or a token")
        return text.splitlines()[0].strip()
    return os.environ.get(variable) or None


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
        if parts.password:
            raise ValueError(
                f"the address of {parts.hostname} holds a password, which others would see: put USER:PASSWORD into a "
                "file and give it with --credentials"
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
        try:
            return json.loads(raw)
        except ValueError:
            raise OSError(f"{self.shown} broke off in the middle of /{path}") from None
