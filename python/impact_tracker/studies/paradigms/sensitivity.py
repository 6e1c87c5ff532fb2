"""What decides: each parameter alone (a tornado), all together (Sobol's indices), and maps of which paradigm wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...factors import Factor
from .breakeven import limits_of
from .scenario import PARAMETERS, ParameterPlace, TrainingScenario
from .simulation import PARADIGMS, swept

if TYPE_CHECKING:
    from .numbers import Numbers

DRAWS = 100_000


@dataclass(frozen=True)
class Swing:
    """A quantity of one paradigm with one parameter alone at its low and at its high, the others at their best; with
    all `places` that are one factor."""

    places: tuple[ParameterPlace, ...]
    factor: Factor
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far the quantity moves."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class SobolIndex:
    """How much of a quantity's variance a parameter, or all `places` that are one factor, explains: alone, and with all
    that it interacts with; each with the half-width of its 95 % interval."""

    places: tuple[ParameterPlace, ...]
    alone: float
    alone_half: float
    total: float
    total_half: float


@dataclass(frozen=True)
class WinnerMap:
    """Which paradigm costs least over two parameters. `winners`: numbers of `PARADIGMS`, a row for each value of y."""

    x: ParameterPlace
    y: ParameterPlace
    x_values: tuple[float, ...]
    y_values: tuple[float, ...]
    winners: tuple[tuple[int, ...], ...]


def swings(scenario: TrainingScenario, paradigm: str, quantity: str) -> list[Swing]:
    """One for each parameter that has a range, those that are one factor together; the widest first."""
    import numpy as np

    column = PARADIGMS.index(paradigm)
    bars = []
    for places in scenario.together(scenario.ranged()):
        factor = scenario.value(places[0])
        values = np.array([[factor.low] * len(places), [factor.high] * len(places)])
        ends = swept(scenario, places, values, quantity)[:, column]
        bars.append(Swing(places, factor, float(ends[0]), float(ends[1])))
    return sorted(bars, key=lambda bar: -bar.width)


def sobol(
    scenario: TrainingScenario,
    paradigm: str,
    quantity: str,
    *,
    against: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[SobolIndex]:
    """Sobol's indices (Saltelli's estimators, by SALib) of a quantity, or of the logarithm of its ratio to another
    paradigm's, over the parameters that have a range; the one that explains most first.

    About `draws` scenarios are computed. ValueError where fewer than two parameters have a range; ImportError names
    the extra.
    """
    import numpy as np

    try:
        from SALib.analyze import sobol as analysis
        from SALib.sample import sobol as sampling
    except ImportError:
        raise ImportError("Sobol's indices need SALib: pip install 'impact-tracker[studies]'") from None
    places = scenario.ranged()
    variables = scenario.together(places)
    if len(variables) < 2:
        raise ValueError("Sobol's indices need two parameters that have a range, as in [low, best, high], or more")
    names = [scenario.label(*part) for part in variables]
    problem = {"num_vars": len(variables), "names": names, "bounds": [[0, 1]] * len(variables)}
    samples = 2 ** max(3, round(np.log2(draws / (len(variables) + 2))))
    shares = sampling.sample(problem, samples, calc_second_order=False, seed=seed)
    numbers = {place: number for number, part in enumerate(variables) for place in part}
    columns = [_quantiles(scenario.value(place), shares[:, numbers[place]], place) for place in places]
    costs = swept(scenario, places, np.ascontiguousarray(np.array(columns).T), quantity)
    outcome = costs[:, PARADIGMS.index(paradigm)]
    if against is not None:
        if min(outcome.min(), costs[:, PARADIGMS.index(against)].min()) <= 0:
            raise ValueError(
                f"the {quantity} of {paradigm} or {against} is 0 in some draws: there is no ratio to explain"
            )
        outcome = np.log(outcome / costs[:, PARADIGMS.index(against)])
    if float(np.ptp(outcome)) == 0.0:
        raise ValueError(f"no parameter with a range changes the {quantity} of {paradigm}")
    shares_of_variance = analysis.analyze(problem, outcome, calc_second_order=False, num_resamples=100, seed=seed)
    indices = [
        SobolIndex(part, *(float(shares_of_variance[name][number]) for name in ("S1", "S1_conf", "ST", "ST_conf")))
        for number, part in enumerate(variables)
    ]
    return sorted(indices, key=lambda index: -index.total)


def winner_map(
    scenario: TrainingScenario, x: ParameterPlace, y: ParameterPlace, quantity: str = "energy_j", points: int = 60
) -> WinnerMap:
    """The cheapest paradigm over the range of two parameters (10,000 times to either side where they have none)."""
    import numpy as np

    xs, ys = _axis(scenario, x, points), _axis(scenario, y, points)
    grid = np.array([[a, b] for b in ys for a in xs])
    winners = np.argmin(swept(scenario, [x, y], grid, quantity), axis=1).reshape(len(ys), len(xs))
    rows = tuple(tuple(int(winner) for winner in row) for row in winners)
    return WinnerMap(x, y, tuple(map(float, xs)), tuple(map(float, ys)), rows)


def _axis(scenario: TrainingScenario, place: ParameterPlace, points: int) -> Numbers:
    import numpy as np

    factor = scenario.value(place)
    low, high = (factor.low, factor.high) if factor.high > factor.low else limits_of(scenario, place)
    axis = np.geomspace(low, high, points) if low > 0 else np.linspace(low, high, points)
    return np.asarray(np.clip(axis, low, high), dtype=np.float64)


def _quantiles(factor: Factor, shares: Numbers, place: ParameterPlace) -> Numbers:
    """The values of a factor's distribution at some shares: the inverse of what the core draws from."""
    import numpy as np

    low, best, high = factor.low, factor.value, factor.high
    if factor.spread == "uniform":
        values = low + shares * (high - low)
    elif factor.spread in ("normal", "lognormal") and (factor.spread == "normal" or low > 0):
        from scipy.special import ndtri

        ends = np.log([low, best, high]) if factor.spread == "lognormal" else np.array([low, best, high])
        z = ndtri(np.clip(shares, 1e-6, 1 - 1e-6)) / 1.959963984540054
        values = ends[1] + z * np.where(z < 0, ends[1] - ends[0], ends[2] - ends[1])
        values = np.exp(values) if factor.spread == "lognormal" else values
    else:
        split = (best - low) / (high - low)
        rising = low + np.sqrt(shares * (high - low) * (best - low))
        falling = high - np.sqrt((1 - shares) * (high - low) * (high - best))
        values = np.where(shares < split, rising, falling)
    row = PARAMETERS[place.parameter]
    return np.asarray(np.clip(values, max(row.low, 1e-300) if row.positive else row.low, row.high), dtype=np.float64)
