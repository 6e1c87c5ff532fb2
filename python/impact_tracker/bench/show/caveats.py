"""What a reader of a campaign must know before he uses its numbers, one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ... import digits
from ...factors.sites import unstated_pue
from ...modelled import Model, ModelledPart
from ..analyse.cells import TWO_RUNS, Cell, processors_model_of, scatter_text
from ..judge.baseline import AFTER, BEFORE, baselines
from ..judge.checks import LEAST_LOAD_S, OTHERS_CPUS
from ..plan.settings import Settings
from ..plan.test import ASIDE
from ..row.row import Row
from ..row.storage import Outcome

SCATTER = 0.10  # coefficient of variation between runs above which it is said
IDLE_DRIFT = 0.10


def caveats(
    settings: Settings, cells: Sequence[Cell], rows: Sequence[Row], outcome: Outcome, driver: int | None = None
) -> list[str]:
    """Failures first, then what is left out, then how the numbers came about. `driver`: the process that runs it."""
    notes = [f"{task} failed: {reason}" for task, reason in outcome.failed.items()]
    if outcome.done + len(outcome.failed) < outcome.total:
        left = outcome.total - outcome.done - len(outcome.failed)
        more = f"process {driver} is at it" if driver else f"go on by --resume {outcome.folder}"
        notes.append(f"{left} of {outcome.total} tasks have not run yet: {more}")
    notes += _left_out(cells, outcome)
    provisional = sum(1 for row in rows if row.measured.provisional and row.status == "ok")
    if provisional and not driver:
        notes.append(
            f"{provisional} energies are provisional, as sensors had not said all: --resume makes them final, by the "
            "records, unless those are missing"
        )
    notes += [*_about_energy(cells, processors_model_of(rows)), *_without_energy(cells, rows)]
    runs = max((cell.runs for cell in cells), default=0)
    spread = "± is the 95 % interval of the mean over runs (Student's t)"
    notes.append(spread if runs > 1 else "one run each: nothing is known of the scatter between runs (--repeats 3)")
    if any(cell.runs == 2 for cell in cells if cell.phase not in ASIDE):
        notes.append(TWO_RUNS)
    notes += [*_warned(rows), *_scatter(cells), *_about_machine(rows, driver), *_about_carbon(rows)]
    if settings.mode == "quick":
        notes.append("quick mode: phases of seconds, the machine not settled; for figures to publish use --mode work")
    if settings.mode == "paper":
        notes += _about_paper(rows)
    return notes


def _about_paper(rows: Sequence[Row]) -> list[str]:
    notes = [
        "paper mode: the published energies hold a PUE of 1.58 and 56 g/kWh (--pue 1.58 --intensity 56 weigh alike); "
        "as published, the first pass is in the energy and in no mean time of a pass"
    ]
    limits = [row.work.limit for row in rows if row.phase in ("training", "inference") and row.work.limit]
    capped = limits.count("seconds")
    if capped:
        notes.append(
            f"{capped} of {len(limits)} phases ended by the cap of time: their kWh are of a time and not of a work; "
            "J per image compares them"
        )
    return notes


def _left_out(cells: Sequence[Cell], outcome: Outcome) -> list[str]:
    return [
        f"{task} {cell.phase} is not averaged: {reason}"
        for cell in cells
        for task, reason in cell.left_out.items()
        if task not in outcome.failed and (cell.runs or cell.phase in ("training", "inference", "evaluation"))
    ]


def _about_energy(cells: Sequence[Cell], model: Model | None) -> list[str]:
    known = [cell for cell in cells if cell.runs]
    shares = [cell.modelled for cell in known if cell.modelled is not None]
    error = max((cell.bias for cell in known if cell.bias is not None), default=None)
    notes = []
    if shares and max(shares) >= 0.95 and model is Model.PROCESSOR:
        notes.append(f"energy is by {ModelledPart(model, None, error)}; that error is not in the intervals")
    elif shares and max(shares) >= 0.95:
        spread = "" if error is None else f", error ± {digits.percent(error)},"
        notes.append(
            f"energy is modelled ({Model.DESIGN_POWER.value}){spread} because no sensor can be read: "
            "run `impact-tracker doctor`"
        )
    elif error is not None:
        part = f"up to {digits.percent(max(shares))} of the energy is modelled; " if shares and max(shares) > 0 else ""
        notes.append(f"{part}the sensors' and models' own error ± {digits.percent(error)} is not in the intervals")
    if any(cell.quality == "missing" for cell in known):
        notes.append("some energies are missing, not zero: run `impact-tracker doctor`")
    if any(cell.partial for cell in known):
        notes.append("partial: parts of the machine are in no sensor's sum")
    return notes


def _without_energy(cells: Sequence[Cell], rows: Sequence[Row]) -> list[str]:
    """Names the runs that count and yet are in no mean of an energy."""
    count: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.phase not in (*ASIDE, "idle") and row.energy.is_missing and row.invalid_because is None:
            count[row.test, row.phase] += 1
    return [
        f"{cell.title} {cell.phase}: the energy of {count[cell.test, cell.phase]} of {cell.runs} runs is not known, "
        "its mean is over the others"
        for cell in cells
        if 0 < count[cell.test, cell.phase] < cell.runs
    ]


def _warned(rows: Sequence[Row]) -> list[str]:
    """Says how often a check failed that does not make a row invalid, with one of its texts."""
    failed = [check for row in rows for check in row.verdict.checks if not check.ok and not check.fatal]
    judged = sum(1 for row in rows if row.verdict.checks)
    counts = Counter(check.name for check in failed)
    texts = {check.name: check.text for check in failed}
    return [
        f"{count} of {judged} rows {'is' if count == 1 else 'are'} warned of, as: {texts[name]}"
        for name, count in counts.most_common()
    ]


def _scatter(cells: Sequence[Cell]) -> list[str]:
    wide = [
        f"{cell.title} {cell.phase} {scatter_text(cell.kwh)}"
        for cell in cells
        if cell.phase in ("training", "inference") and cell.kwh is not None and (cell.kwh.relative or 0.0) > SCATTER
    ]
    return [f"energies of single runs scatter (coefficient of variation, 95 %): {', '.join(wide)}"] if wide else []


def _about_machine(rows: Sequence[Row], driver: int | None = None) -> list[str]:
    """Tells of several machines in one mean, and of an idle machine that was not the same before and after."""
    notes = []
    hosts = sorted({row.origin.host for row in rows if row.origin.host})
    if len(hosts) > 1:
        notes.append(f"rows of {len(hosts)} machines are in these means: {', '.join(hosts)}")
    notes += _about_quota(rows)
    sessions = baselines(rows)
    idle = [row for both in sessions.values() for row in both.values()]
    long_baselines = [row for row in idle if (row.measured.region_s or 0.0) >= LEAST_LOAD_S]
    busy = max((row.measured.cpu_utilisation or 0.0 for row in long_baselines), default=0.0)
    if busy > OTHERS_CPUS:
        notes.append(f"in an idle baseline {busy:.1f} processors were busy: energies above idle are too small")
    for session, both in sessions.items():
        notes += _about_idle(session, both, rows, driver)
    return notes


def _about_idle(session: object, both: Mapping[str, Row], rows: Sequence[Row], driver: int | None) -> list[str]:
    """Tells of an idle machine that was not the same before and after, or that nobody looked at again."""
    before, after = (both[name].measured.power_w if name in both else None for name in (BEFORE, AFTER))
    if before and after:
        if abs(after - before) <= IDLE_DRIFT * before:
            return []
        return [f"idle, the machine drew {before:.1f} W before the session and {after:.1f} W after it"]
    held = any(row.key.session == session and row.verdict.above_idle_j is not None for row in rows)
    if driver or not held:
        return []
    missing = "after" if before else "before"
    return [
        f"session {session} has no idle baseline {missing} its tests: energies above idle are held against the other "
        "one alone, and how the idle machine changed meanwhile is not known"
    ]


def _about_quota(rows: Sequence[Row]) -> list[str]:
    """Tells of a share of the processors that is less than the threads would take."""
    bound = {
        (row.setup.cpu_quota, row.setup.threads or 0)
        for row in rows
        if row.setup.cpu_quota and row.setup.cpu_quota < (row.setup.threads or 0)
    }
    return [
        f"{threads} threads share a quota of {quota:g} processors (this control group's cpu.max, a container's or a "
        "job's): passes wait for it"
        for quota, threads in sorted(bound)
    ]


def _about_carbon(rows: Sequence[Row]) -> list[str]:
    parts = [row.measured for row in rows if row.measured.carbon_g is not None]
    weighed = {(part.pue, part.pue_is_stated is False, part.intensity_g_per_kwh) for part in parts}
    if len(weighed) != 1:
        return ["rows are weighed with different PUEs or carbon intensities"] if weighed else []
    pue, unstated, intensity = weighed.pop()
    most = f" that nobody stated (its range goes to {unstated_pue().high:g})" if unstated else ""
    return [
        f"kWh are the machine's own; kgCO2e = kWh × PUE {pue:g}{most} × {intensity:.0f} g/kWh"
        " (--pue, --zone, --intensity)"
    ]
