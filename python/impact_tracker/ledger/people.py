"""Persons under names that only the holder of a key can bring back: the same person has the same name everywhere."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path

from ..file_text import no_pipe

_SHORTEST = 16  # bytes of a key: a shorter one could be tried out


class Pseudonyms:
    """Names by a keyed hash (HMAC with SHA-256). Without the key nobody can test whether a name is somebody's."""

    def __init__(self, key: bytes) -> None:
        """ValueError for a key that could be guessed."""
        if len(key) < _SHORTEST:
            raise ValueError(
                f"a key for pseudonyms has {_SHORTEST} bytes or more, not {len(key)}: head -c 32 /dev/urandom"
            )
        self._key = key

    @classmethod
    def of_file(cls, path: Path) -> Pseudonyms:
        """With the key that a file holds. ValueError where it is too short; OSError where it cannot be read."""
        return cls(no_pipe(path).read_bytes().strip())

    def name(self, person: str | None) -> str | None:
        """The person's pseudonym; None for nobody."""
        if person is None:
            return None
        return f"person-{hmac.new(self._key, person.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:12]}"

    def person(self, name: str | None, persons: Iterable[str]) -> str | None:
        """Of some persons the one whose pseudonym this is; the name itself where it is none's."""
        return next((person for person in persons if self.name(person) == name), name)
