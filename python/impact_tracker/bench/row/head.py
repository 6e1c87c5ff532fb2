"""What campaign.json says: what was asked, in which order, where and with what it was begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...runner import NetworkFacts
from ...typed import built


@dataclass(frozen=True)
class _Networks:
    networks: Mapping[str, Mapping[str, object]]


class Head(NamedTuple):
    """`settings`: as `Settings.to_dict` made them; `about`: everything else, in the file's order."""

    settings: Mapping[str, object]
    tasks: tuple[str, ...]
    about: Mapping[str, object]

    @property
    def networks(self) -> Mapping[str, NetworkFacts]:
        """Those that the worker had when the campaign began, by name. ValueError where they are damaged."""
        networks = built(_Networks, {"networks": self.about.get("networks") or {}}).networks
        return {name: built(NetworkFacts, {"name": name, **facts}) for name, facts in networks.items()}

    def text(self, name: str) -> str | None:
        """Something that it says of the machine, as text."""
        value = self.about.get(name)
        return None if value is None else str(value)
