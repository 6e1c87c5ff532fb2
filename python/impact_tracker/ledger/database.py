"""The ledger's index on SQLite or on PostgreSQL: the same statements, written with `?`, on either."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, Union

from ..errors import complain
from ..ledger_words import is_url

Cell = Union[str, int, float, None]
Row = tuple[Cell, ...]

_WAIT_S = 600.0  # for another process that brings the same index up to date
_CONNECT_S = 10
_LOCK = 0x1ED6E2  # the advisory lock under which one member of a team at a time brings the index up to date


class Database(Protocol):
    """What the ledger asks of either."""

    place: str
    is_shared: bool
    text: str  # the type of texts that are compared byte by byte, whatever the locale

    def rows(self, sql: str, values: Sequence[Cell] = ()) -> list[Row]:
        """What a query gives."""
        ...

    def stream(self, sql: str, values: Sequence[Cell] = ()) -> Iterator[Row]:
        """The same row by row, for what is long; nothing else may be asked of the table meanwhile."""
        ...

    def run(self, sql: str, values: Sequence[Cell] = ()) -> None:
        """A statement without an answer."""
        ...

    def many(self, sql: str, rows: Iterable[Sequence[Cell]]) -> None:
        """One statement for many rows."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """A transaction during which nobody else writes; undone where it raises."""
        ...

    def has_table(self, name: str) -> bool:
        """Whether a table is there."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


class DamagedIndexError(Exception):
    """A SQLite file that is none any more: it is made anew from the spools."""


class Sqlite:
    """The embedded index: a file of this host, for processes on it alone."""

    is_shared = False
    text = "TEXT"

    def __init__(self, path: Path) -> None:
        """OSError where the file cannot be made; DamagedIndexError where it is no database."""
        self.place = str(path)
        try:
            self._connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            # A journal beside the file: the other kind shares memory, which network file systems do not have.
            for pragma in ("journal_mode=TRUNCATE", "synchronous=NORMAL", "cache_size=-65536", "temp_store=MEMORY"):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            raise OSError(f"the ledger's index {path} cannot be used: {error}") from None
        except sqlite3.DatabaseError as error:
            raise DamagedIndexError(f"{path}: {error}") from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = ": another process brings it up to date, try again" if "locked" in str(error) else ""
            raise OSError(f"the ledger's index {self.place}: {error}{hint}") from None
        except sqlite3.DatabaseError as error:
            raise DamagedIndexError(f"{self.place}: {error}") from None

    def rows(self, sql: str, values: Sequence[Cell] = ()) -> list[Row]:
        with self._told():
            return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str, values: Sequence[Cell] = ()) -> Iterator[Row]:
        with self._told():
            yield from self._connection.execute(sql, values)

    def run(self, sql: str, values: Sequence[Cell] = ()) -> None:
        with self._told():
            self._connection.execute(sql, values)

    def many(self, sql: str, rows: Iterable[Sequence[Cell]]) -> None:
        with self._told():
            self._connection.executemany(sql, rows)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self.run("COMMIT")

    def has_table(self, name: str) -> bool:
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    def close(self) -> None:
        self._connection.close()


class Postgres:
    """A team's index. The password comes from ~/.pgpass, PGPASSWORD, a service file, or the file that holds the URL."""

    is_shared = True
    text = 'TEXT COLLATE "C"'

    def __init__(self, url: str) -> None:
        """OSError where nobody answers; ImportError names the extra."""
        try:
            import psycopg
        except ImportError:
            raise ImportError("a ledger on PostgreSQL needs psycopg: pip install 'impact-tracker[ledger]'") from None
        self._error = psycopg.Error
        self.place = shown_url(url)
        try:
            self._connection = psycopg.connect(url, connect_timeout=_CONNECT_S, autocommit=True)
        except psycopg.Error as error:
            reason = " ".join(str(error).split())
            raise OSError(
                f"the ledger's database {self.place} cannot be reached: {reason}; "
                "runs keep in their spools and join once it answers: impact-tracker ledger sync"
            ) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise OSError(f"the ledger's database {self.place}: {' '.join(str(error).split())}") from None

    def rows(self, sql: str, values: Sequence[Cell] = ()) -> list[Row]:
        with self._told():
            return self._connection.execute(_dollarless(sql), values).fetchall()

    def stream(self, sql: str, values: Sequence[Cell] = ()) -> Iterator[Row]:
        yield from self.rows(sql, values)

    def run(self, sql: str, values: Sequence[Cell] = ()) -> None:
        with self._told():
            self._connection.execute(_dollarless(sql), values)

    def many(self, sql: str, rows: Iterable[Sequence[Cell]]) -> None:
        with self._told(), self._connection.cursor() as cursor:
            cursor.executemany(_dollarless(sql), rows)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._told(), self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield

    def has_table(self, name: str) -> bool:
        return self.rows("SELECT to_regclass(?)", (name,)) != [(None,)]

    def close(self) -> None:
        self._connection.close()


def _dollarless(sql: str) -> str:
    """With psycopg's marks for values in place of SQLite's."""
    return sql.replace("%", "%%").replace("?", "%s")


def shown_url(url: str) -> str:
    """A URL without a password, for messages."""
    from ..masking import mask_text

    return mask_text(url).partition("?")[0]


def url_in(path: Path) -> str:
    """The URL that stands in a file's first line. ValueError where none does."""
    with path.open(encoding="utf-8") as stream:
        text = stream.readline().strip()
    if not is_url(text):
        raise ValueError(f"{path} holds no postgresql://… in its first line, and a ledger is no file but a folder")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and "@" in text and ":" in text.split("@")[0][13:]:
        complain(f"others can read the password in {path}: chmod 600 {path}")
    return text


def index_path(folder: Path, host: str) -> Path:
    """The index of this host: beside the spools, or in the cache where those may only be read."""
    beside = folder / "index"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        if os.access(beside, os.W_OK | os.X_OK):
            return beside / f"{host}.sqlite"
    except OSError:
        pass
    import hashlib

    from ..setting_values import expanded

    cache = expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "impact-tracker"
    try:
        if str(cache).startswith("~"):
            raise FileNotFoundError("there is no home directory")
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(
            f"the ledger's index can be written neither to {beside} nor to {cache} ({error.strerror or error}): "
            "let XDG_CACHE_HOME name a folder that you may write to"
        ) from None
    return cache / f"ledger-{hashlib.blake2s(str(folder.absolute()).encode(), digest_size=8).hexdigest()}.sqlite"
