"""A small indicator for notebooks: power and energy of a running tracker, renewed each second."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .. import digits

try:
    from IPython.display import display
    from ipywidgets import HTML
except ImportError:
    raise ImportError("the indicator needs ipywidgets: pip install ipywidgets") from None

if TYPE_CHECKING:
    from ..result import Result
    from ..tracker import ImpactTracker

_PERIOD_S = 1.0


def line_of(result: Result | None, before: Result | None) -> str:
    """`165 W · 2.1 kJ ± 0.1 kJ · 12 s · measured`: the power since the look before."""
    if result is None or result.energy_j is None:
        return "energy not measured"
    power_w = result.power_w
    if before is not None and before.energy_j is not None and result.duration_s > before.duration_s:
        power_w = (result.energy_j - before.energy_j) / (result.duration_s - before.duration_s)
    parts = [
        "" if power_w is None else digits.quantity(max(power_w, 0.0), "W"),
        digits.energy(result.energy_j, result.energy.error_j),
        digits.duration(result.duration_s),
        str(result.quality),
    ]
    return " · ".join(part for part in parts if part)


class EnergyIndicator:
    """A widget that a thread of its own renews until the tracker stops or the widget is closed."""

    def __init__(self, tracker: ImpactTracker, period_s: float = _PERIOD_S) -> None:
        self._tracker, self._period_s = tracker, period_s
        self._before: Result | None = None
        self._closed = threading.Event()
        self.widget = HTML(value="", description="energy")
        self.renew()
        self._thread = threading.Thread(target=self._run, name="impact-indicator", daemon=True)
        self._thread.start()

    def renew(self) -> None:
        """Show what is known now."""
        result = self._tracker.result
        self.widget.value = f"<code>{line_of(result, self._before)}</code>"
        self._before = result

    def _run(self) -> None:
        while not self._closed.wait(self._period_s) and self._tracker.running:
            self.renew()
        if not self._closed.is_set():
            self.renew()

    def close(self) -> None:
        """Take the widget away."""
        self._closed.set()
        self._thread.join(timeout=self._period_s)
        self.widget.close()


def show_indicator(tracker: ImpactTracker) -> EnergyIndicator:
    """An indicator, shown where the cell's output stands."""
    indicator = EnergyIndicator(tracker)
    display(indicator.widget)  # type: ignore[no-untyped-call,unused-ignore]
    return indicator
