"""A result as people read it: a few honest lines, and a small card for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .. import digits
from ..modelled import parts_of, shares_in_words
from ..values import Energy, quality_of
from .weighed import WeighedResult

if TYPE_CHECKING:
    from .. import _core
    from ..weighing import Weighing

# Mid tones that hold on white and on black; text takes the page's own colour.
_COLOURS = ("#4c78a8", "#e07b39", "#3f9b6c", "#b45fa5", "#9a8a2f", "#5aa6b8", "#c4555c", "#7a7f87")
_BADGES = {
    "measured": "#2f855a",
    "modelled": "#b7791f",
    "estimated": "#b7791f",
    "stale": "#c05621",
    "missing": "#a0323c",
}
_MOST_DEVICES = 7


def weighed_with(result: WeighedResult) -> str:
    """The factors behind the carbon, in few words."""
    factor = result.weighing.intensity
    words = f"{digits.within(factor.value, factor.low, factor.high)} g/kWh, {factor.name or factor.source}"
    if factor.year is not None:
        words += f" {factor.year}"
    if (
        factor.note and factor.year is not None and result.weighing.zone
    ):  # another year than the one asked for, another basis
        words += f" ({factor.note})"
    return words + pue_in_words(result.weighing)


def pue_in_words(weighing: Weighing) -> str:
    """`, PUE 1.2`; the range where nobody stated one; nothing where somebody stated that there is no overhead."""
    if not weighing.pue_is_stated:
        overhead = weighing.overhead
        return f", PUE not stated ({overhead.low:g} to {overhead.high:g})"
    return f", PUE {weighing.pue:g}" if weighing.pue != 1 else ""


def energy_line(result: WeighedResult) -> str:
    """`12.3 kJ ± 0.2 kJ (0.00342 kWh) in 61 s, 201 W, measured`."""
    if result.energy_j is None:
        return f"energy not measured ({digits.duration(result.duration_s)})"
    half = result.energy.error_j
    line = digits.energy(result.energy_j, half)
    if "kWh" not in line:
        line += f" ({digits.kwh(result.energy_j, half, spread=False)})"
    line += f" in {digits.duration(result.duration_s)}"
    if result.power_w is not None:
        half_w = half / result.duration_s if half is not None else None
        line += f", {digits.quantity(result.power_w, 'W', half_w, spread=False)}"
    return f"{line}, {result.quality}"


def carbon_line(result: WeighedResult) -> str:
    """`420 mg CO2e (310 to 560), at 56 g/kWh, …`."""
    return f"{digits.carbon(result.carbon_g, result.carbon_low_g, result.carbon_high_g)} at {weighed_with(result)}"


def share_line(result: WeighedResult) -> str:
    """`share 5.1 kJ ± 0.1 kJ (41 %), 0.8 kJ of it idle: process 77 and its children; others 6.0 kJ, …`; empty where no
    share was asked for."""
    share = result.measured.share
    if share is None:
        return ""
    who = share.whose or f"this {share.scope}"
    energy = _energy_of(share)
    if energy.best_j is None:
        return f"share of {who} not known" + "".join(f"; {reason}" for reason in share.reasons[:1])
    line = f"share {digits.energy(energy.best_j, energy.error_j)}"
    if result.energy_j:
        line += f" ({digits.percent(min(energy.best_j / result.energy_j, 1.0))})"
    if share.idle_j is not None:
        line += f", {digits.energy(share.idle_j)} of it idle"
    parts = {"others": share.others_j, "idle of nobody": share.machine_idle_j, "unattributed": share.unattributed_j}
    rest = [f"{name} {digits.energy(joules)}" for name, joules in parts.items() if joules]
    return f"{line}: {who}" + (f"; {', '.join(rest)}" if rest else "")


def _energy_of(share: _core.Share) -> Energy:
    if share.share_j is None:
        return Energy.missing()
    return Energy(share.share_j, share.half_width_j, share.bias_j, quality=quality_of(share.quality))


def caveats(result: WeighedResult) -> list[str]:
    """What a reader has to know beside the number, most important first."""
    caveats: list[str] = []
    if result.energy_j is None:
        caveats.append("nothing was measured: `impact-tracker doctor` says why and what mends it")
    if result.partial:
        caveats.append("partial: parts of the machine are missing in this sum")
    if result.modelled_j and result.energy_j:
        shares = shares_in_words(parts_of(result.measured.channels, result.modelled_j), result.energy_j)
        share_of_models = digits.percent(min(result.modelled_j / abs(result.energy_j), 1.0))
        caveats.append(f"modelled: {shares or share_of_models}")
    if result.coverage is not None and result.coverage < 0.9995:
        caveats.append(f"readings cover {min(result.coverage, 0.999) * 100:.1f} % of the time")
    if result.provisional:
        caveats.append("provisional: sensors that lag may still change it until the tracker stops")
    caveats.extend(result.notes)
    caveats.extend(f"sensors contradict each other: {finding}" for finding in result.health.get("findings") or ())
    share = result.measured.share
    if share is not None and share.share_j is not None:
        caveats.extend(share.reasons)
        share_health = result.health.get("share")
        if share_health is not None and share_health["blind"]:
            caveats.append('children that nobody waits for may be missing in the share: scope="cgroup" counts them')
    if result.wall_j is not None:
        rest = f", {digits.energy(result.rest_j)} beyond the sum of the parts" if result.rest_j is not None else ""
        caveats.append(f"a meter of the whole machine saw {digits.energy(result.wall_j)}{rest}")
    if result.psys_j is not None:
        caveats.append(f"the platform domain (psys) saw {digits.energy(result.psys_j)}")
    return caveats


def text(result: WeighedResult) -> str:
    """One to three lines: energy; carbon; what to know."""
    lines = [f"<Result {result.name!r}: {energy_line(result)}" if result.name else f"<Result: {energy_line(result)}"]
    if result.energy_j is not None:
        lines.append(carbon_line(result))
    if result.share_j is not None:
        lines.append(share_line(result))
    warnings = caveats(result)
    if warnings:
        more = f" (and {len(warnings) - 2} more in .notes)" if len(warnings) > 2 else ""
        lines.append("; ".join(warnings[:2]) + more)
    return "\n  ".join(lines) + ">"


def _segments(result: WeighedResult) -> list[tuple[str, float]]:
    """Devices with their joules, largest first; what is beyond the palette goes together."""
    parts = sorted(((device, energy) for device, energy in result.devices.items() if energy), key=lambda part: -part[1])
    if len(parts) <= _MOST_DEVICES + 1:
        return parts
    rest = parts[_MOST_DEVICES:]
    return [*parts[:_MOST_DEVICES], (f"{len(rest)} others", sum(energy for _, energy in rest))]


def _bar(parts: list[tuple[str, float]]) -> str:
    """A stacked bar by device, as inline SVG that scales with its card."""
    total, left, boxes = sum(energy for _, energy in parts), 0.0, []
    for (device, energy), colour in zip(parts, _COLOURS):
        width = 400.0 * energy / total
        label = f"{device}: {digits.energy(energy)} ({digits.percent(energy / total)})"
        boxes.append(
            f'<rect x="{left:.2f}" y="0" width="{max(width - 1, 0.5):.2f}" height="14" fill="{colour}">'
            f"<title>{escape(label)}</title></rect>"
        )
        left += width
    return (
        '<svg role="img" aria-label="energy by device" viewBox="0 0 400 14" preserveAspectRatio="none" '
        f'style="width:100%;height:14px;border-radius:3px;display:block">{"".join(boxes)}</svg>'
    )


def _legend(parts: list[tuple[str, float]]) -> str:
    entries = [
        f'<span style="white-space:nowrap;margin-right:1em"><span style="display:inline-block;width:.7em;height:.7em;'
        f'border-radius:2px;background:{colour}"></span> {escape(device)} {escape(digits.energy(energy))}</span>'
        for (device, energy), colour in zip(parts, _COLOURS)
    ]
    return f'<div style="font-size:85%;margin-top:.3em">{"".join(entries)}</div>'


def _badge(quality: str) -> str:
    colour = _BADGES.get(quality, "#7a7f87")
    return (
        f'<span style="background:{colour};color:#fff;border-radius:.8em;padding:.1em .65em;font-size:80%;'
        f'vertical-align:middle">{escape(quality)}</span>'
    )


def html(result: WeighedResult) -> str:
    """A card: energy with its interval and quality, a bar by device, carbon with its range, what to know."""
    half = result.energy.error_j
    headline = digits.energy(result.energy_j, half) if result.energy_j is not None else "energy not measured"
    facts = [digits.duration(result.duration_s)]
    if result.power_w is not None:
        half_w = half / result.duration_s if half is not None else None
        facts.append(digits.quantity(result.power_w, "W", half_w, spread=False))
    if result.energy_j is not None:
        facts.append(digits.kwh(result.energy_j, half, spread=False))
    title = f'<span style="opacity:.7">{escape(result.name)}</span> ' if result.name else ""
    body = [
        f'<div>{title}<span style="font-size:135%;font-weight:600">{escape(headline)}</span> {_badge(result.quality)}'
        f'<span style="opacity:.7;margin-left:.8em">{escape(" · ".join(facts))}</span></div>'
    ]
    parts = _segments(result)
    if parts:
        body.append(f'<div style="margin-top:.5em">{_bar(parts)}{_legend(parts)}</div>')
    if result.energy_j is not None:
        grams = digits.carbon(result.carbon_g, result.carbon_low_g, result.carbon_high_g)
        body.append(
            f'<div style="margin-top:.4em">{escape(grams)} <span style="opacity:.7">at {escape(weighed_with(result))}'
            "</span></div>"
        )
    if share_line(result):
        body.append(f'<div style="margin-top:.4em">{escape(share_line(result))}</div>')
    items = "".join(f"<li>{escape(caveat)}</li>" for caveat in caveats(result))
    if items:
        body.append(f'<ul style="margin:.4em 0 0;padding-left:1.2em;font-size:85%;opacity:.85">{items}</ul>')
    return (
        '<div style="max-width:46em;border:1px solid rgba(128,128,128,.4);border-radius:6px;padding:.7em 1em;'
        f'color:inherit;background:transparent;font-family:inherit">{"".join(body)}</div>'
    )
