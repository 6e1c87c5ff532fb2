"""The page of requests to an AI service."""

from __future__ import annotations

from ..digits import significant, span, within
from ..footprint import Impact, explain, mass_of, mass_span
from ..report.page import Page, Table
from .ai_request import AiRequest


def page_of(request: AiRequest, explained: bool = False) -> Page:
    """Carbon and energy first, then each indicator with its range and its making."""
    model, many = request.model, request.requests != 1
    what = f"{request.requests:g} requests" if many else "one request"
    name = f"{model.provider}/{model.name}".lstrip("/")
    headline = f"{name}, {what} of {request.tokens:g} tokens: {_words(request.total('carbon'))} of CO2e"
    rows = [("energy", *_numbers(request.energy), "", "kWh")]
    for indicator in request.indicators:
        total, making = request.total(indicator), request.making.get(indicator)
        share = "" if making is None or not total.value or making.value is None else f"{making.value / total.value:.0%}"
        rows.append((indicator.replace("_", " "), *_numbers(total), share, total.unit))
    low, high = model.active_b
    size = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    total_low, total_high = model.total_b
    details = [
        f"{size} of {total_low:g}{'' if total_low == total_high else f' to {total_high:g}'} × 10^9 parameters active; "
        f"{_span(request.latency_s)} s, {_span(request.cards)} cards of 80 GB; "
        f"zone {request.site.zone}, PUE {_span(request.site.pue)}",
        *(f"note: {note}" for note in request.notes),
    ]
    if explained:
        for impact in (request.energy, *request.use.values(), *request.making.values()):
            details += explain(impact)
    columns = ("for all of them" if many else "for one", ">best", ">low", ">high", ">making", "unit")
    return Page(f"{headline}  [modelled]", [Table(columns, rows)], details=details)


def _numbers(impact: Impact) -> tuple[str, str, str]:
    if impact.value is None or impact.low is None or impact.high is None:
        return "X", "", ""
    low, high = span(impact.value, impact.low, impact.high).split(" to ")
    return within(impact.value, impact.low, impact.high), low, high


def _words(impact: Impact) -> str:
    if impact.value is None or impact.low is None or impact.high is None:
        return f"not known ({impact.note})"
    amount = mass_of(impact.value, impact.low, impact.high)
    return f"{amount} ({mass_span(impact.value, impact.low, impact.high)})"


def _span(ends: tuple[float, float]) -> str:
    return significant(ends[0], 3) if ends[0] == ends[1] else span(sum(ends) / 2.0, *ends)
