"""What the modes ask of a campaign beside its tests."""

from __future__ import annotations

from typing import NamedTuple

from .settings import Settings


class Mode(NamedTuple):
    """`idle_s`: idle baseline before and after; `cool_down_s`: rest between tasks; `delay_s`: a random wait before a
    phase, up to this, so that a sensor's window falls differently every time; `strict`: whether a phase that is too
    short or too unsteady for its sensors is invalid (else it is a warning); `phase_s`: how long a training or an
    inference must be, whatever its sensors; `warm_up_s`: how long a machine is given to warm up, at most."""

    idle_s: float
    cool_down_s: float
    delay_s: float
    strict: bool
    phase_s: float = 0.0
    warm_up_s: float = 0.0


MODES = {
    "quick": Mode(idle_s=2.0, cool_down_s=0.0, delay_s=0.0, strict=False),
    "work": Mode(idle_s=30.0, cool_down_s=10.0, delay_s=1.0, strict=True, phase_s=60.0, warm_up_s=900.0),
    "submission": Mode(idle_s=60.0, cool_down_s=10.0, delay_s=1.0, strict=True, phase_s=600.0, warm_up_s=1800.0),
    "paper": Mode(idle_s=2.0, cool_down_s=1.0, delay_s=0.0, strict=False),
}


def mode_of(settings: Settings) -> Mode:
    """The mode's own values where the settings give none."""
    mode = MODES[settings.mode]
    given = {name: getattr(settings, name) for name in ("idle_s", "cool_down_s") if getattr(settings, name) is not None}
    return mode._replace(**given)


def default_repeats(suite: str | None, mode: str | None) -> int:
    """Runs of every test where nobody says how many: one where many networks are only looked at, else three."""
    return 1 if (mode or "quick") == "quick" and suite in ("ai-benchmark", "modern") else 3
