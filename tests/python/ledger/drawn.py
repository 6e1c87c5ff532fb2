"""Runs for a ledger, drawn at random: overlapping, nested, launched together, requeued, of jobs, of other tools."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from impact_tracker.spool import (
    FATES,
    SPOOL,
    STAGES,
    Amendment,
    Lineage,
    Place,
    RunEntry,
    as_bytes,
    name_of,
    shard_of,
    write,
)
from impact_tracker.values import Energy

SECOND = 1_000_000_000
EPOCH = 1_790_000_000 * SECOND
BOOT = 5_000 * SECOND  # UTC of a boot's clock 0, before EPOCH


def entry(
    run_id: str, begin_s: float = 0.0, lasts_s: float = 10.0, joules: float | None = 100.0, **more: object
) -> RunEntry:
    """A finished run on machine m1, from `begin_s` after a fixed time."""
    begin = EPOCH + round(begin_s * SECOND)
    machine = more.pop("machine", "m1")
    lineage = Lineage(**{name: more.pop(name) for name in list(more) if name in Lineage.__dataclass_fields__})  # type: ignore[arg-type]
    share_j = more.pop("share_j", None)
    place = Place("n1", machine, begin - BOOT, begin - BOOT + round(lasts_s * SECOND), share_j=share_j)  # type: ignore[arg-type]
    energy = more.pop("energy", None) or (
        Energy.missing() if joules is None else Energy(joules, joules / 100, joules / 50, 0.0)
    )
    values: dict[str, object] = {"fate": "finished", "stage": "training", "written_ns": begin, **more}
    return RunEntry(
        run_id,
        str(values.pop("project", "asr")),
        energy,  # type: ignore[arg-type]
        started_ns=begin,
        duration_s=lasts_s,
        place=place,
        lineage=lineage,
        **values,  # type: ignore[arg-type]
    )


IDS = [f"20261130T1200{number:02d}Z-{number}-{number:016x}" for number in range(12)]
energies = st.one_of(
    st.just(Energy.missing()),
    st.builds(
        Energy,
        st.floats(0, 1e6),
        st.none() | st.floats(0, 1e3),
        st.none() | st.floats(0, 1e3),
        st.none() | st.floats(0, 1e3),
        st.sampled_from(["measured", "modelled", "estimated"]),
        st.booleans(),
    ),
)


@st.composite
def entries(draw: st.DrawFn) -> RunEntry:
    kind = draw(st.sampled_from(["tracked", "tracked", "tracked", "job", "statement"]))
    run_id = draw(st.sampled_from(IDS)) if kind != "job" else f"job-{draw(st.integers(0, 3))}"
    begin = draw(st.integers(0, 40))
    lasts = draw(st.integers(0, 20))
    start = EPOCH + begin * SECOND
    offset = BOOT if kind == "tracked" else 0
    is_timed = draw(st.booleans()) or kind == "tracked"
    place = Place(
        "n1",
        None if kind == "job" else draw(st.sampled_from(["m1", "m2", None])) if kind == "tracked" else "a machine",
        start - offset if is_timed else None,
        start - offset + lasts * SECOND if is_timed else None,
        is_certain=kind == "tracked",
        share_j=draw(st.none() | st.floats(0, 100)),
        hardware=draw(st.sampled_from([{}, {"cpu": "a"}, {"cpu": "b"}])),
    )
    lineage = Lineage(
        job=draw(st.sampled_from([None, "slurm:1", "slurm:2"]))
        if kind != "job"
        else draw(st.sampled_from(["slurm:1", "slurm:2"])),
        cluster=draw(st.sampled_from([None, "hal"])),
        restart=draw(st.sampled_from([0, 1000, 2000])),
        series=draw(st.sampled_from(["s1", "s2"])),
        launch=draw(st.sampled_from([None, None, "l1"])),
        within=draw(st.sampled_from([None, None, *IDS[:3]])),
        continues=draw(st.sampled_from([None, None, None, "big"])),
    )
    return RunEntry(
        run_id,
        draw(st.sampled_from(["asr", "vision"])),
        draw(energies),
        kind=kind,
        started_ns=start if is_timed else None,
        duration_s=float(lasts) if draw(st.booleans()) else None,
        fate=draw(st.sampled_from(FATES)),
        stage=draw(st.none() | st.sampled_from(STAGES)),
        person=draw(st.sampled_from([None, "ada", "bob"])),
        metrics=draw(st.dictionaries(st.sampled_from(["wer", "loss"]), st.none() | st.floats(0, 1), max_size=2)),
        tags=draw(st.dictionaries(st.sampled_from(["fold"]), st.sampled_from(["1", "2"]))),
        place=place,
        lineage=lineage,
        weighing=draw(st.sampled_from([{}, {"pue": 1.2}])),
        written_ns=EPOCH + draw(st.integers(0, 100)) * SECOND,
        recovered=kind == "tracked" and draw(st.booleans()),
    )


amendments = st.builds(
    Amendment,
    st.sampled_from(IDS),
    st.none() | st.sampled_from(FATES[:-1]),
    st.sampled_from([None, "", *STAGES]),
    st.sampled_from([None, "", "eve"]),
    st.sampled_from([None, "nlp"]),
    st.sampled_from([None, None, "big"]),
    st.dictionaries(st.sampled_from(["wer"]), st.floats(0, 1), max_size=1),
    st.dictionaries(st.sampled_from(["fold"]), st.just("9"), max_size=1),
    written_ns=st.integers(EPOCH, EPOCH + 100 * SECOND),
)


def put(folder: Path, content: RunEntry | Amendment) -> Path:
    """Writes a file; of a name that is taken the first one stays, as nothing ever writes another one."""
    path = folder / SPOOL / shard_of(content) / name_of(content, as_bytes(content))
    return path if path.exists() else write(folder, content, durable=False)
