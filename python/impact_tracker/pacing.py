"""A budget while a run goes on: what is left, what the whole will take, and loops that end before it is passed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from .budget import Amount, Price
from .budget_notes import KeptBudget, KeptForecast, left_of
from .digits import energy, percent, significant, with_range
from .errors import complain
from .plain_text import printable
from .values import JOULES_PER_KWH, Energy, Range

if TYPE_CHECKING:
    from .result import Result
    from .settings import TrackerSettings
    from .weighing import Weighing

Item = TypeVar("Item")
STOP = "stop"
_now_s = time.monotonic
_MOST_POINTS = 512  # of a course; beyond, every second one is left out
_KEPT_APART_S, _KEPT_STEP = 1.0, 0.005  # between two forecasts in a record, in time and in work: 200 at most
_INTERVALS_A_BLOCK = 2.0  # a shorter part of a course says more of the sampling than of the work


class Limit(NamedTuple):
    """An amount in joules of the machine, before the site's overhead. `why`: what the conversion rests on."""

    energy_j: Range
    text: str
    why: str


def limit_of(amount: Amount, weighing: Weighing, price: Price | None = None) -> Limit:
    """What an amount is in joules of the machine, with the range that intensity and PUE leave.

    ValueError for money without a price, or with one in another currency.
    """
    if amount.unit == "J":
        return Limit(
            Range(amount.number, amount.number, amount.number), amount.text, "energy of the machine, without PUE"
        )
    overhead = weighing.overhead
    per_kwh = [overhead.low, overhead.value, overhead.high]
    if amount.unit == "g":
        grams = weighing.intensity
        per_kwh = [a * b for a, b in zip(per_kwh, (grams.low, grams.value, grams.high))]
        rate = with_range(grams.value, grams.low, grams.high, "gCO2e/kWh")
        why = f"at {rate} and a PUE of {overhead.number}"
    else:
        if price is None:
            raise ValueError(f'is money, so it needs a price: price_per_kwh, as in "0.25 {amount.unit}"')
        if price.currency != amount.unit:
            raise ValueError(f"is in {amount.unit}, but the price is in {price.currency}")
        per_kwh = [price.per_kwh * ratio for ratio in per_kwh]
        why = f"at {significant(price.per_kwh, 3)} {price.currency}/kWh and a PUE of {overhead.number}"
    if per_kwh[1] <= 0:
        raise ValueError("is in gCO2e, and the electricity has none: give a budget of energy")
    joules = [amount.number / each * JOULES_PER_KWH if each > 0 else math.inf for each in reversed(per_kwh)]
    span = Range(*joules)
    ends = "" if span.low == span.high else f" ({energy(span.low)} to {energy(span.high)})"
    return Limit(span, amount.text, f"{energy(span.best)}{ends} of the machine, {why}")


class Metered(Protocol):
    """What a budget asks of a tracker."""

    @property
    def energy_j(self) -> float | None: ...
    @property
    def result(self) -> Result | None: ...
    @property
    def running(self) -> bool: ...
    @property
    def settings(self) -> TrackerSettings: ...
    @property
    def weighing(self) -> Weighing: ...
    def wait(self, *, energy_j: float, timeout_s: float | None = None) -> bool: ...


class BudgetForecast(NamedTuple):
    """What the whole work will take. `half_j`: half-width of its 95 %; `None` where too little was done to tell."""

    energy_j: float
    half_j: float | None
    done: float  # the share of the work that is done

    @property
    def text(self) -> str:
        """The forecast in words, with its error and the share that is done."""
        return f"{energy(self.energy_j, self.half_j)} for the whole work, of which {percent(self.done)} is done"


class EnergyCourse:
    """Energy over steps: points at which a step ended, some time apart so that each part holds several samples."""

    def __init__(self, period_s: float) -> None:
        self._apart_s = _INTERVALS_A_BLOCK * period_s
        self._points: list[tuple[float, float, float]] = []  # steps, joules, seconds
        self._last = (0.0, 0.0, 0.0)

    def add(self, steps: float, energy_j: float, time_s: float) -> None:
        """A step has ended."""
        self._last = (steps, energy_j, time_s)
        if not self._points or time_s - self._points[-1][2] >= self._apart_s:
            self._points.append(self._last)
            if len(self._points) > _MOST_POINTS:
                self._points[1:] = self._points[2::2]
                self._apart_s *= 2

    def rate_j(self) -> float | None:
        """Joules of a step: the mean of all but the first point; `None` before a second step has ended."""
        if not self._points or self._last[0] <= self._points[0][0]:
            return None
        steps, joules, _ = self._points[0]
        return (self._last[1] - joules) / (self._last[0] - steps)

    def remaining_j(self, steps: float) -> tuple[float, float | None] | None:
        """Joules of so many steps to come, with the half-width of their 95 %; `None` where nothing is known."""
        rate = self.rate_j()
        if rate is None:
            return None
        parts = [
            ((after[1] - before[1]) / (after[0] - before[0]), after[0] - before[0])
            for before, after in zip(self._points, self._points[1:])
            if after[0] > before[0]
        ]
        if len(parts) < 3:
            return rate * steps, None
        weight = sum(size for _, size in parts)
        # The variance of one step's energy from that of parts, which are sums of steps.
        variance = sum(size * (each - rate) ** 2 for each, size in parts) / (len(parts) - 1)
        half = _student(len(parts) - 1) * math.sqrt(variance * (steps + steps**2 / weight))
        return rate * steps, half


def _student(freedom: int) -> float:
    """Student's t at 97.5 %: by its expansion around the normal quantile, 2 % short at 4 degrees of freedom and
    better beyond; scipy is an extra that a loop of training must not need."""
    if freedom < 4:
        return {1: 12.71, 2: 4.303, 3: 3.182}[freedom]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


class Budget:
    """What a run may use and has used. One of a tracker: `tracker.budget`.

    `before`: what other runs of the project have used already, where the budget is the project's. With the policy
    "stop" the loops `epochs` and `batches` end before the budget is passed, with "warn" it is only said.
    """

    def __init__(self, tracker: Metered, limit: Limit, policy: str, before: Energy | None = None) -> None:
        self.limit = limit
        self.policy = policy
        self.before = before if before is not None else Energy(0.0, 0.0, 0.0, 0.0, "measured")
        self.stopped = False  # a loop has ended for it
        self.announces = True  # False: somebody else acts on it, and says so
        self.tell: Callable[[str], object] = complain
        self.keep: Callable[[Mapping[str, object]], object] | None = None  # puts a note into the run's record
        self._tracker = tracker
        self._callbacks: list[Callable[[Budget], object]] = []
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self._course = EnergyCourse(tracker.settings.interval_s)
        self._progress = 0.0
        self._kept_s, self._kept_progress = -math.inf, 0.0  # of the forecast that was kept last
        self._epoch, self._epochs = 0, 1
        self._batches, self._batches_j = 0, 0.0  # that have ended, and the energy when the first began
        self._watch: threading.Thread | None = None

    @property
    def used_before_j(self) -> float:
        """What other runs of the project have used, as far as it is known; 0 where the budget is the run's own."""
        return self.before.best_j or 0.0

    def __repr__(self) -> str:
        left, forecast = self.left, self.forecast
        words = energy(left.best_j, left.error_j)
        words += "" if left.is_missing else f" left, {left.quality}"
        coming = "" if forecast is None else f"; {forecast.text}"
        return printable(f"<Budget {self.limit.text!r}: {words}{coming}>")

    @property
    def limit_j(self) -> float:
        """The limit in joules of the machine, at its best value."""
        return self.limit.energy_j.best

    @property
    def used_j(self) -> float | None:
        """What was used, with that before; `None` where nothing is measured."""
        now_j = self._tracker.energy_j
        return None if now_j is None else now_j + self.used_before_j

    @property
    def left_j(self) -> float | None:
        """What is left, 0 at least; `None` where nothing is measured."""
        used_j = self.used_j
        return None if used_j is None else max(0.0, self.limit_j - used_j)

    @property
    def left(self) -> Energy:
        """What is left, with the error of what was used; missing where nothing is measured."""
        result = self._tracker.result
        return Energy.missing() if result is None else left_of(self.limit_j, self.before, result.energy)

    @property
    def spent(self) -> bool:
        """Whether nothing is left; False where nothing is measured, for then nobody knows."""
        return self.left_j == 0.0

    @property
    def forecast(self) -> BudgetForecast | None:
        """What the whole work will take, for loops of a known length; `None` until some of it is done."""
        used_j = self.used_j
        coming = self._course.remaining_j(1.0 - self._progress)
        if used_j is None or coming is None:
            return None
        return BudgetForecast(used_j + coming[0], coming[1], self._progress)

    def on_spent(self, callback: Callable[[Budget], object]) -> None:
        """Call this once, when a loop ends for the budget, or else when it is spent: the place to save a checkpoint."""
        self._callbacks.append(callback)

    def epochs(self, count: int) -> Iterator[int]:
        """0, 1, … until `count`, or until the next epoch would pass the budget, by the mean of those before."""
        if count < 0:
            raise ValueError(f"the number of epochs must be 0 or more, not {count}")
        self._epochs, begin_j = max(1, count), self.used_j
        for epoch in range(count):
            self._epoch = epoch
            mean_j = 0.0 if not epoch or begin_j is None else ((self.used_j or 0.0) - begin_j) / epoch
            if self._must_end(mean_j, "epoch"):
                return
            yield epoch
            if self.stopped:
                return
            self._advance((epoch + 1) / count)

    def batches(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, until the next one would pass the budget, by the mean of those before. An iterable with a length
        gives a forecast; within `epochs`, of all of them."""
        length = len(items) if isinstance(items, Sized) else None
        if not self._batches:
            self._batches_j = self.used_j or 0.0
        for number, item in enumerate(items):
            mean_j = ((self.used_j or 0.0) - self._batches_j) / self._batches if self._batches else 0.0
            if self._must_end(mean_j, "batch"):
                return
            yield item
            self._batches += 1
            if length:
                self._advance((self._epoch + (number + 1) / length) / self._epochs)

    def _advance(self, progress: float) -> None:
        used_j = self.used_j
        if used_j is not None and progress > self._progress:
            self._progress = progress
            now_s = _now_s()
            self._course.add(progress, used_j, now_s)
            if now_s - self._kept_s >= _KEPT_APART_S and progress - self._kept_progress >= _KEPT_STEP:
                self._keep_forecast(now_s)

    def _keep_forecast(self, now_s: float) -> None:
        """A note in the record, which whoever watches the run reads."""
        forecast = self.forecast
        if forecast is None or self.keep is None:
            return
        self._kept_s, self._kept_progress = now_s, self._progress
        self.keep(KeptForecast(forecast.energy_j, forecast.half_j, forecast.done).as_note())

    def _must_end(self, next_j: float, what: str) -> bool:
        """Whether a loop is to end here, as the next of its steps would pass the budget."""
        used_j = self.used_j
        if self.stopped:
            return True
        if used_j is None:
            self._say(
                "unknown",
                f"the budget of {self.limit.text} cannot be kept: no energy is measured here; "
                "`impact-tracker doctor` says why",
            )
            return False
        self._say_what_it_rests_on()
        if used_j < self.limit_j and used_j + next_j <= self.limit_j:
            return False
        why = "is spent" if used_j >= self.limit_j else f"would be passed by the next {what}, of about {energy(next_j)}"
        if self.policy != STOP:
            self._say("spent", f"the budget of {self.limit.text} {why}: {energy(used_j)} were used; the run goes on")
            self._call()
            return False
        self.stopped = True
        self._say("spent", f"the loop ends here: the budget of {self.limit.text} {why}; {energy(used_j)} were used")
        self._call()
        return True

    def _say(self, key: str, text: str) -> None:
        with self._lock:
            if key in self._said:
                return
            self._said.add(key)
        if self.announces or key != "spent":
            self.tell(text)

    def _call(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    # ---- while the tracker runs

    def begin(self) -> None:
        """The tracker has started: say what the budget rests on, and watch it for code that has no loop of ours."""
        if self.keep is not None:
            kept = KeptBudget(self.limit.energy_j, self.limit.text, self.limit.why, self.policy, self.before)
            self.keep(kept.as_note())
        if self.before.partial or self.before.is_missing:
            self._say(
                "partial", "not all energies of the project's runs are known: more of its budget is used than counted"
            )
        if self.used_before_j >= self.limit_j:
            self._say(
                "spent", f"the budget of {self.limit.text} was spent before this run: {energy(self.used_before_j)}"
            )
        if not self._tracker.running:
            return
        self._watch = threading.Thread(target=self._wait, name="impact-tracker budget", daemon=True)
        self._watch.start()

    def end(self) -> None:
        """The tracker has stopped, which ends the watch."""
        if self._watch is not None and self._watch is not threading.current_thread():
            self._watch.join(1.0)
        self._watch = None

    def _wait(self) -> None:
        """On a thread of its own, which waits in the core without the interpreter's lock."""
        left_j = max(0.0, self.limit_j - self.used_before_j)
        is_spent = self._tracker.wait(energy_j=left_j, timeout_s=3 * self._tracker.settings.interval_s)
        self._say_what_it_rests_on()
        if not is_spent and not self._tracker.wait(energy_j=left_j):
            return
        self._say("spent", f"the budget of {self.limit.text} is spent")
        if self.policy != STOP:  # else the loop calls, between two steps, where a checkpoint is whole
            self._call()

    def _say_what_it_rests_on(self) -> None:
        """Where the energy is not from sensors alone: how far the budget can be wrong."""
        if "model" in self._said:
            return
        result = self._tracker.result
        if result is None or not result.energy.best_j or result.energy.error_j is None:
            return
        if result.energy.quality == "measured":
            with self._lock:
                self._said.add("model")
            return
        # The models' own error, where it is known: what the first readings leave open is soon no more.
        error_j = result.energy.error_j if result.energy.bias_j is None else result.energy.bias_j
        error = percent(error_j / result.energy.best_j)
        self._say("model", f"the budget of {self.limit.text} rests on a model, whose energies can be wrong by {error}")
