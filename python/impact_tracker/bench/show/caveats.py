"""What a reader of a campaign must know before he uses its numbers, one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ... import digits
from ...modelled import Model, ModelledPart, processors_model
from ..analyse.cells import Cell, invalid_because
from ..judge.baseline import AFTER, BEFORE, baselines
from ..judge.validity import LEAST_LOAD_S, OTHERS_CPUS
from ..plan.settings import Settings
from ..plan.test import ASIDE
from ..row.rows import Row
from ..row.storage import Outcome

SCATTER = 0.10  # coefficient of variation between runs above which it is said
IDLE_DRIFT = 0.10


def caveats(
    settings: Settings, cells: Sequence[Cell], rows: Sequence[Row], outcome: Outcome, driver: int | None = None
) -> list[str]:
    """Failures first, then what is left out, then how the numbers came about. `driver`: the process that runs it."""
    sentences = [f"{task} failed: {reason}" for task, reason in outcome.failed.items()]
    if outcome.done + len(outcome.failed) < outcome.total:
        left = outcome.total - outcome.done - len(outcome.failed)
        more = f"process {driver} is at it" if driver else f"go on by --resume {outcome.folder}"
        sentences.append(f"{left} of {outcome.total} tasks have not run yet: {more}")
    sentences += _left_out(cells, outcome)
    provisional = sum(1 for row in rows if row.get("provisional") and row["status"] == "ok")
    if provisional and not driver:
        sentences.append(
            f"{provisional} energies are provisional, as sensors had not said all: --resume makes them final, by the "
            "records, unless those are missing"
        )
    sentences += [*_about_energy(cells, processors_model_of(rows)), *_without_energy(cells, rows)]
    runs = max((cell.runs for cell in cells), default=0)
    spread = "± is the 95 % interval of the mean over runs (Student's t)"
    sentences.append(spread if runs > 1 else "one run each: nothing is known of the scatter between runs (--repeats 3)")
    sentences += [*_warned(rows), *_scatter(cells), *_about_machine(rows, driver), *_about_carbon(rows)]
    if settings.mode == "quick":
        sentences.append(
            "quick mode: phases of seconds, the machine not settled; for figures to publish use --mode work"
        )
    if settings.mode == "paper":
        sentences += _about_paper(rows)
    return sentences


def _about_paper(rows: Sequence[Row]) -> list[str]:
    sentences = [
        "paper mode: the published energies hold a PUE of 1.58 and 56 g/kWh (--pue 1.58 --intensity 56 weigh alike); "
        "as published, the first pass is in the energy and in no mean time of a pass"
    ]
    phases = [row for row in rows if row["phase"] in ("training", "inference") and row.get("limit")]
    capped = sum(row["limit"] == "seconds" for row in phases)
    if capped:
        sentences.append(
            f"{capped} of {len(phases)} phases ended by the cap of time: their kWh are of a time and not of a work; "
            "J per image compares them"
        )
    return sentences


def _left_out(cells: Sequence[Cell], outcome: Outcome) -> list[str]:
    return [
        f"{task} {cell.phase} is not averaged: {reason}"
        for cell in cells
        for task, reason in cell.left_out.items()
        if task not in outcome.failed and (cell.runs or cell.phase in ("training", "inference", "evaluation"))
    ]


def processors_model_of(rows: Sequence[Row]) -> Model | None:
    """Whose model the processors' energy is by in these rows; `None` where sensors measured it."""
    return processors_model(channel for row in rows for channel in row.get("sources") or ())


def _about_energy(cells: Sequence[Cell], model: Model | None) -> list[str]:
    known = [cell for cell in cells if cell.runs]
    shares = [cell.modelled for cell in known if cell.modelled is not None]
    error = max((cell.bias for cell in known if cell.bias is not None), default=None)
    sentences = []
    if shares and max(shares) >= 0.95 and model is Model.PROCESSOR:
        sentences.append(f"energy is by {ModelledPart(model, None, error)}; that error is not in the intervals")
    elif shares and max(shares) >= 0.95:
        spread = "" if error is None else f", error ± {digits.percent(error)},"
        sentences.append(
            f"energy is modelled (TDP × load){spread} because no sensor can be read: run `impact-tracker doctor`"
        )
    elif error is not None:
        part = f"up to {digits.percent(max(shares))} of the energy is modelled; " if shares and max(shares) > 0 else ""
        sentences.append(f"{part}the sensors' and models' own error ± {digits.percent(error)} is not in the intervals")
    if any(cell.quality == "missing" for cell in known):
        sentences.append("some energies are missing, not zero: run `impact-tracker doctor`")
    if any(cell.partial for cell in known):
        sentences.append("partial: parts of the machine are in no sensor's sum")
    return sentences


def _without_energy(cells: Sequence[Cell], rows: Sequence[Row]) -> list[str]:
    """Runs that count and are in no mean of an energy."""
    count: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["phase"] not in (*ASIDE, "idle") and row.get("energy_j") is None and invalid_because(row) is None:
            count[row["test"], row["phase"]] += 1
    return [
        f"{cell.title} {cell.phase}: the energy of {count[cell.test, cell.phase]} of {cell.runs} runs is not known, "
        "its mean is over the others"
        for cell in cells
        if 0 < count[cell.test, cell.phase] < cell.runs
    ]


def _warned(rows: Sequence[Row]) -> list[str]:
    """How often a check failed that does not make a row invalid, with one of its texts."""
    failed = [check for row in rows for check in row.get("checks") or [] if not check["ok"] and not check["fatal"]]
    judged = sum(1 for row in rows if row.get("checks"))
    counts = Counter(check["name"] for check in failed)
    texts = {check["name"]: check["text"] for check in failed}
    return [
        f"{count} of {judged} rows {'is' if count == 1 else 'are'} warned of, as: {texts[name]}"
        for name, count in counts.most_common()
    ]


def _scatter(cells: Sequence[Cell]) -> list[str]:
    wide = [
        f"{cell.title} {cell.phase} {digits.percent(cell.kwh.relative)}"
        for cell in cells
        if cell.phase in ("training", "inference") and cell.kwh is not None and (cell.kwh.relative or 0.0) > SCATTER
    ]
    return [f"energies of single runs scatter (coefficient of variation): {', '.join(wide)}"] if wide else []


def _about_machine(rows: Sequence[Row], driver: int | None = None) -> list[str]:
    """Several machines in one mean, and an idle machine that was not the same before and after."""
    sentences = []
    hosts = sorted({str(row["host"]) for row in rows if row.get("host")})
    if len(hosts) > 1:
        sentences.append(f"rows of {len(hosts)} machines are in these means: {', '.join(hosts)}")
    sentences += _about_quota(rows)
    sessions = baselines(rows)
    idle = [row for both in sessions.values() for row in both.values()]
    long_ones = [row for row in idle if (row.get("region_s") or 0.0) >= LEAST_LOAD_S]
    busy = max((row.get("cpu_utilisation") or 0.0 for row in long_ones), default=0.0)
    if busy > OTHERS_CPUS:
        sentences.append(f"in an idle baseline {busy:.1f} processors were busy: energies above idle are too small")
    for session, both in sessions.items():
        sentences += _about_idle(session, both, rows, driver)
    return sentences


def _about_idle(session: object, both: Mapping[str, Row], rows: Sequence[Row], driver: int | None) -> list[str]:
    """An idle machine that was not the same before and after, or that nobody looked at again."""
    before, after = (both.get(name, {}).get("power_w") for name in (BEFORE, AFTER))
    if before and after:
        if abs(after - before) <= IDLE_DRIFT * before:
            return []
        return [f"idle, the machine drew {before:.1f} W before the session and {after:.1f} W after it"]
    held = any(row.get("session") == session and row.get("above_idle_j") is not None for row in rows)
    if driver or not held:
        return []
    missing = "after" if before else "before"
    return [
        f"session {session} has no idle baseline {missing} its tests: energies above idle are held against the other "
        "one alone, and how the idle machine changed meanwhile is not known"
    ]


def _about_quota(rows: Sequence[Row]) -> list[str]:
    """A share of the processors that is less than the threads would take."""
    bound = {
        (row["cpu_quota"], row["threads"])
        for row in rows
        if row.get("cpu_quota") and row["cpu_quota"] < (row.get("threads") or 0)
    }
    return [
        f"{threads} threads share a quota of {quota:g} processors (this control group's cpu.max, a container's or a "
        "job's): passes wait for it"
        for quota, threads in sorted(bound)
    ]


def _about_carbon(rows: Sequence[Row]) -> list[str]:
    weighed = {(row.get("pue"), row.get("intensity_g_per_kwh")) for row in rows if row.get("carbon_g") is not None}
    if len(weighed) != 1:
        return ["rows are weighed with different PUEs or carbon intensities"] if weighed else []
    pue, intensity = weighed.pop()
    return [
        f"kWh are the machine's own; kgCO2e = kWh × PUE {pue:g} × {intensity:.0f} g/kWh (--pue, --zone, --intensity)"
    ]
