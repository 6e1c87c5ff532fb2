"""What campaign.json says: what was asked, in which order, where and with what it was begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...typed import built


@dataclass(frozen=True)
class LoadedNetwork:
    """A network as the worker described it when the campaign began."""

    title: str | None = None
    task: str | None = None
    unit: str | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    gmac: float | None = None
    activations: int | None = None
    input: tuple[int, ...] | None = None


@dataclass(frozen=True)
class _Networks:
    networks: Mapping[str, LoadedNetwork]


class Head(NamedTuple):
    """`settings`: as `Settings.to_dict` made them; `about`: everything else, in the file's order."""

    settings: Mapping[str, object]
    tasks: tuple[str, ...]
    about: Mapping[str, object]

    @property
    def networks(self) -> Mapping[str, LoadedNetwork]:
        """Those that the worker had, by name."""
        return built(_Networks, {"networks": self.about.get("networks") or {}}).networks

    def text(self, name: str) -> str | None:
        """Something that it says of the machine, as text."""
        value = self.about.get(name)
        return None if value is None else str(value)
