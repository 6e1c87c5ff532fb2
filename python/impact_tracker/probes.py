"""What `doctor` hears of every reader: whether it can be used, and what it would read."""

from __future__ import annotations

from typing import Literal, TypedDict

State = Literal["used", "shadowed", "absent", "forbidden", "unsupported", "broken", "misconfigured"]


class ChannelDescription(TypedDict):
    """A channel before anything is measured, as a record's header holds it too."""

    id: str
    source: str
    device: str
    domain: str
    quantity: str
    kind: str
    unit: str
    resolution: float
    update_period_s: float
    latency_s: float
    quality: str
    relative_error: float


class Probe(TypedDict):
    """One reader. `error` and `advice` are empty where it is used and leaves nothing out.

    `origin` says where its readings come from, where that is another program; it is empty where it reads the machine.
    """

    name: str
    group: str
    what: str
    state: State
    error: str
    advice: str
    origin: str
    channels: list[ChannelDescription]
