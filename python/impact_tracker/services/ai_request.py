"""Requests to a language model: energy, carbon, depletion, primary energy and water, each with its range, by EcoLogits'
method. The range is that of the model's size and of the site, and what the method does not say of its own error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..digits import span
from ..estimators import Mix, RequestImpact, llm_request
from ..estimators.estimate import EstimateError
from ..factors import Factor, intensity
from ..footprint import Impact, Term, sum_of, zone_factor
from .ai_models import PROVIDERS, AiModel, ZoneMix, find_mix, version

# EcoLogits publishes no error of its regressions, nor of its factors. Ours: what two publishers of an intensity differ
# by, and what makers' sheets and models of one product differ by.
METHOD_SPREAD, GRID_SPREAD, FACTOR_SPREAD = 1.5, 1.33, 1.5
_METHOD = "EcoLogits' method"


@dataclass(frozen=True)
class AnsweringSite:
    """Where a request is answered: PUE and WUE in L/kWh (low, high), and what a kWh of its grid brings by indicator."""

    zone: str
    pue: tuple[float, float]
    wue: tuple[float, float]
    grid: Mapping[str, Factor]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AiRequest:
    """So many requests to one model: `energy` with the site's overhead; `use` and `making` by indicator; seconds that
    one takes and the cards that hold the model (low, high)."""

    model: AiModel
    site: AnsweringSite
    requests: float
    tokens: float
    energy: Impact
    use: Mapping[str, Impact]
    making: Mapping[str, Impact]
    latency_s: tuple[float, float]
    cards: tuple[int, int]
    notes: tuple[str, ...]

    def total(self, indicator: str) -> Impact:
        """Use and making together."""
        return sum_of(part[indicator] for part in (self.use, self.making) if indicator in part)

    @property
    def indicators(self) -> list[str]:
        """The indicators that the method has."""
        return list(self.use)

    def as_dict(self) -> dict[str, object]:
        """For JSON, unrounded."""
        document: dict[str, object] = {
            "provider": self.model.provider,
            "model": self.model.name,
            "active_parameters_b": list(self.model.active_b),
            "total_parameters_b": list(self.model.total_b),
            "requests": self.requests,
            "output_tokens": self.tokens,
            "zone": self.site.zone,
            "pue": list(self.site.pue),
            "wue_l_per_kwh": list(self.site.wue),
            "latency_s": list(self.latency_s),
            "cards": list(self.cards),
            "energy_kwh": self.energy.value,
            "energy_kwh_low": self.energy.low,
            "energy_kwh_high": self.energy.high,
        }
        for indicator in self.indicators:
            total = self.total(indicator)
            document.update({total.key: total.value, f"{total.key}_low": total.low, f"{total.key}_high": total.high})
            document[f"{total.key}_use"] = self.use[indicator].value
            if indicator in self.making:
                document[f"{total.key}_making"] = self.making[indicator].value
        return {**document, "quality": self.energy.quality, "notes": list(self.notes), "sources": self._sources()}

    def _sources(self) -> list[str]:
        impacts = (self.energy, *self.use.values(), *self.making.values())
        return list(dict.fromkeys((*self.model.sources, *(source for impact in impacts for source in impact.sources))))


def edition_of(installed: str) -> str:
    """The edition whose making of cards a version of EcoLogits has; the newest without one."""
    numbers = [int(part) for part in installed.split(".")[:2] if part.isdigit()]
    return "0.9" if len(numbers) == 2 and tuple(numbers) < (0, 10) else "0.10"


def site_of(
    provider: str, zone: str | None = None, pue: float | None = None, wue: float | None = None, *, tables: bool = False
) -> AnsweringSite:
    """A provider's site: what is stated in place of what it publishes. `tables`: the electricity of this package's
    tables, else EcoLogits'. UnknownZoneError, ImportError."""
    home, pues, wues = PROVIDERS.get(provider, ("", (1.0, 1.0), (0.0, 0.0)))
    notes = [] if zone else [f"the zone was not said: that where most sites of {provider} stand, {home}"]
    if provider not in PROVIDERS and (pue is None or wue is None):
        raise EstimateError("the site of a model of no known provider needs --zone, --pue and --wue")
    place = zone or home
    grid = _of_tables(place) if tables else None
    if grid is None:
        mix = find_mix(place)
        notes += mix.notes
        grid = _of_mix(mix)
    elif len(grid) < 4:
        notes.append(f"of {place}'s electricity the tables know {', '.join(grid)} alone")
    return AnsweringSite(
        place, pues if pue is None else (pue, pue), wues if wue is None else (wue, wue), grid, tuple(notes)
    )


def ai_request(
    model: AiModel, site: AnsweringSite, *, tokens: float, latency_s: float | None = None, requests: float = 1.0
) -> AiRequest:
    """So many requests of `tokens` generated tokens each. EstimateError for numbers that make none."""
    if not requests > 0:
        raise EstimateError(f"requests must be above 0, not {requests:g}")

    def end(at: int) -> RequestImpact:
        return llm_request(
            active_parameters_b=model.active_b[at],
            total_parameters_b=model.total_b[at],
            output_tokens=tokens,
            latency_s=latency_s,
            tokens_per_s=model.tokens_per_s,
            first_token_s=model.first_token_s,
            mix=Mix(1.0, 1.0, 1.0, 0.0, site.pue[at], site.wue[at]),
            edition=edition_of(version()),
        )

    low, high = end(0), end(1)
    used = _between(low.energy_kwh, high.energy_kwh, "kWh", "energy of one request, with the site's overhead")
    energy = Impact.of("energy", "kWh", [Term(requests, ((used, 1.0),))], "modelled")
    use = {}
    for indicator, unit in (("carbon", "g"), ("adp", "kg Sb"), ("primary_energy", "MJ")):
        factor = site.grid.get(indicator)
        if factor is None:
            use[indicator] = Impact.missing(indicator, unit, f"{indicator} of {site.zone}'s electricity is not known")
        else:
            use[indicator] = Impact.of(indicator, unit, [Term(requests, ((used, 1.0), (factor, 1.0)))], "modelled")
    use["water"] = _water(site, low, high, used, requests)
    making = {}
    for indicator, unit, name, scale in (
        ("carbon", "g", "gwp_kg", 1000.0),
        ("adp", "kg Sb", "adp_kg_sb", 1.0),
        ("primary_energy", "MJ", "primary_energy_mj", 1.0),
    ):
        what = f"{indicator} of making servers and cards, share of one request"
        made = _between(scale * low.making[name], scale * high.making[name], unit, what, FACTOR_SPREAD)
        making[indicator] = Impact.of(indicator, unit, [Term(requests, ((made, 1.0),))], "modelled")
    notes = (*model.notes, *site.notes, "training, network and terminals are not in it")
    seconds, cards = (low.latency_s, high.latency_s), (low.cards, high.cards)
    return AiRequest(model, site, requests, tokens, energy, use, making, seconds, cards, notes)


def _between(low: float, high: float, unit: str, name: str, spread: float = METHOD_SPREAD) -> Factor:
    """The middle of two ends, as EcoLogits has it; the range holds both, and the method's own error."""
    low, high = min(low, high), max(low, high)
    best = (low + high) / 2.0
    note = (
        f"range: {span(best, low, high)} by the model's size and its site, and a factor of {spread:g} (our assumption)"
    )
    source = f"{_METHOD} {version()}".rstrip()
    return Factor(best, unit, min(low, best / spread), max(high, best * spread), source, name=name, note=note)


def _water(site: AnsweringSite, low: RequestImpact, high: RequestImpact, used: Factor, requests: float) -> Impact:
    """`energy × (WUE / PUE + water of the grid)`: on site for the computers alone."""
    computers = _between(low.energy_kwh / site.pue[0], high.energy_kwh / site.pue[1], "kWh", "energy of the computers")
    on_site = Factor(sum(site.wue) / 2, "L/kWh", min(site.wue), max(site.wue), "the provider's report", name="WUE")
    terms = [Term(requests, ((computers, 1.0), (on_site, 1.0)))]
    grid = site.grid.get("water")
    if grid is None:
        local = Impact.of("water", "L", terms, "modelled")
        return local + Impact.missing("water", "L", f"water of {site.zone}'s electricity is not known")
    return Impact.of("water", "L", [*terms, Term(requests, ((used, 1.0), (grid, 1.0)))], "modelled")


def _of_mix(mix: ZoneMix) -> dict[str, Factor]:
    source = f"EcoLogits {version()}, electricity mixes (MPL-2.0, read from the installed package)"

    def factor(value: float, unit: str, what: str, spread: float) -> Factor:
        name, note = f"{what} of electricity, {mix.zone}", f"range: our assumption, a factor of {spread:g}"
        return Factor(value, unit, value / spread, value * spread, source, licence="MPL-2.0", name=name, note=note)

    return {
        "carbon": factor(mix.carbon_g, "g/kWh", "carbon", GRID_SPREAD),
        "adp": factor(mix.adp_kg_sb, "kg Sb/kWh", "depletion", FACTOR_SPREAD),
        "primary_energy": factor(mix.primary_energy_mj, "MJ/kWh", "primary energy", FACTOR_SPREAD),
        "water": factor(mix.water_l, "L/kWh", "water", FACTOR_SPREAD),
    }


def _of_tables(zone: str) -> dict[str, Factor]:
    country = None if zone.casefold() in ("world", "wor") else zone
    factors = {indicator: zone_factor(indicator, country) for indicator in ("adp", "primary_energy", "water")}
    known = {indicator: factor for indicator, factor in factors.items() if factor is not None}
    return {"carbon": replace(intensity(country)), **known}
