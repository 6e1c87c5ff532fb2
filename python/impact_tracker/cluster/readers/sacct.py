"""Jobs from the text of `sacct -P`, live or from a file."""

from __future__ import annotations

import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...factors.cards import part_of_card
from ...file_text import no_pipe
from ..finding import RejectedRow
from ..frames import conformed, polars
from ..job import JobTable
from .slurm_rule import ROWS, table_of_rows

if TYPE_CHECKING:
    import polars as pl

FORMAT = (
    "JobID,JobIDRaw,JobName,User,Account,WCKey,Partition,State,ExitCode,Submit,Start,End,ElapsedRaw,NNodes,NCPUS,"
    "TotalCPU,CPUTimeRAW,ReqMem,MaxRSS,ConsumedEnergyRaw,ReqTRES,AllocTRES,TRESUsageInTot,TRESUsageOutTot,NodeList"
)
USED = frozenset(
    {
        "jobid",
        "jobidraw",
        "jobname",
        "user",
        "account",
        "wckey",
        "partition",
        "state",
        "submit",
        "start",
        "end",
        "elapsedraw",
        "elapsed",
        "nnodes",
        "ncpus",
        "alloccpus",
        "totalcpu",
        "reqmem",
        "consumedenergyraw",
        "consumedenergy",
        "reqtres",
        "alloctres",
        "tresusageintot",
        "nodelist",
    }
)
COMMAND = ("sacct", "-a", "-D", "-P", f"--format={FORMAT}")
CHUNK_B = 1 << 25
MOST_KEPT = 1000  # rejected rows that are kept with their text; all are counted
_ID = r"^(\d+(?:_(?:\d+|\[[^\]]*\]))?(?:\+\d+)?)(?:\.(.+))?$"
_NEEDED = ("JobID", "Start", "End")


def read_sacct(path: str | Path, *, time_zone: str = "UTC") -> JobTable:
    """The jobs of a file. `time_zone`: of times without an offset. ValueError where it is no such file."""
    place = no_pipe(path)
    with place.open("rb") as file:
        header = file.readline()
        parser = SacctParser(header, str(path), time_zone)
        rest = b""
        while chunk := file.read(CHUNK_B):
            text, newline, rest = (rest + chunk).rpartition(b"\n")
            parser.feed(text + newline)
        parser.feed(rest)
    return parser.table()


def live_sacct(begin: datetime, end: datetime) -> JobTable:
    """The jobs of the Slurm that this machine belongs to. OSError with what sacct said where it does not answer."""
    words = [*COMMAND, "-S", _slurm_time(begin), "-E", _slurm_time(end)]
    import os

    # In UTC, and with an offset: nothing is left to guess. --truncate is not asked for: it would change the times.
    environment = {**os.environ, "TZ": "UTC", "SLURM_TIME_FORMAT": "%Y-%m-%dT%H:%M:%S"}
    try:
        done = subprocess.run(words, env=environment, capture_output=True, check=False)
    except FileNotFoundError:
        raise OSError("there is no sacct here: run this where Slurm's commands are, or give --jobs FILE") from None
    if done.returncode != 0:
        raise OSError(f"sacct: {done.stderr.decode(errors='replace').strip() or f'exit code {done.returncode}'}")
    header, _, body = done.stdout.partition(b"\n")
    parser = SacctParser(header, "sacct", "UTC")
    parser.feed(body)
    return parser.table()


def _slurm_time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


class SacctParser:
    """Takes the text in pieces of whole lines; `table()` ends it."""

    def __init__(self, header: bytes, source: str, time_zone: str) -> None:
        """ValueError for a header without the columns that are needed."""
        self._names = [name.strip() for name in _text(header).strip().split("|")]
        known = {name.casefold(): name for name in self._names}
        missing = [name for name in _NEEDED if name.casefold() not in known]
        if missing:
            raise ValueError(
                f"{source}: no output of sacct -P: its first line has no {', '.join(missing)}. Make it with: "
                f"{' '.join(COMMAND)}"
            )
        self._source, self._zone, self._line = source, time_zone, 1
        self._frames: list[pl.DataFrame] = []
        self._rejected: list[RejectedRow] = []
        self._count = 0

    def feed(self, text: bytes) -> None:
        """Some whole lines."""
        if not text.strip():
            self._line += text.count(b"\n")
            return
        library = polars()
        col = library.col
        if self._is_even(text):
            count = text.count(b"\n")
            frame = self._fields(text).with_columns(
                line=library.int_range(self._line + 1, self._line + 1 + count, dtype=library.Int64)
            )
            self._line += count
            self._keep(frame)
            return
        decoded = _text(text)
        lines = library.DataFrame({"text": decoded.split("\n")}).with_row_index("line", self._line + 1)
        self._line += text.count(b"\n")
        lines = lines.with_columns(col("text").str.strip_chars_end("\r")).filter(col("text").str.len_bytes() > 0)
        bars = len(self._names) - 1
        lines = lines.with_columns(bars=col("text").str.count_matches("|", literal=True))
        odd = lines.filter(col("bars") != bars)
        if odd.height:
            lines = library.concat([lines.filter(col("bars") == bars), self._mended(odd)]).sort("line")
        if not lines.height:
            return
        frame = self._fields("\n".join(lines["text"]).encode()).with_columns(line=lines["line"].cast(library.Int64))
        self._keep(frame)

    def _is_even(self, text: bytes) -> bool:
        """Whether each line is in UTF-8, ends with a line feed alone, and has as many fields as the header."""
        import numpy as np

        try:
            text.decode()
        except UnicodeDecodeError:
            return False
        letters = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(letters == ord("\n"))
        if not len(ends) or ends[-1] != len(letters) - 1 or b"\r" in text:
            return False
        bars = np.flatnonzero(letters == ord("|"))
        counts = np.diff(np.searchsorted(bars, ends), prepend=0)
        return bool((counts == len(self._names) - 1).all())

    def _keep(self, frame: pl.DataFrame) -> None:
        """The typed rows of some lines; lines whose job id is none are kept aside."""
        col = polars().col
        frame = frame.with_columns(col("jobid").str.extract_groups(_ID).alias("id"))
        unread = frame.filter(col("id").struct[0].is_null() & col("jobid").ne_missing("JobID"))
        for row in unread.head(MOST_KEPT).iter_rows(named=True):
            self._reject(row["line"], "its job id is none", row["jobid"] or "")
        self._count += max(unread.height - MOST_KEPT, 0)
        frame = frame.filter(col("id").struct[0].is_not_null())
        self._frames.append(typed(frame, self._zone))

    def _fields(self, lines: bytes) -> pl.DataFrame:
        """The columns that are used, as texts; quotes mean nothing to sacct."""
        names = [name.casefold() for name in self._names]
        frame: pl.DataFrame = polars().read_csv(
            "|".join(names).encode() + b"\n" + lines,
            separator="|",
            quote_char=None,
            infer_schema=False,
            columns=[name for name in names if name in USED],
        )
        return frame

    def _mended(self, odd: pl.DataFrame) -> pl.DataFrame:
        """Lines with too many fields whose name holds the separator; the others are kept aside."""
        names = [name.casefold() for name in self._names]
        bars = len(names) - 1
        place = names.index("jobname") if "jobname" in names else None
        rows = []
        for line, text, count in odd.select("line", "text", "bars").iter_rows():
            parts = text.split("|")
            if place is None or count < bars:
                self._reject(line, f"it has {count + 1} fields, the header {bars + 1}", text)
                continue
            after = len(parts) - (bars - place)
            parts[place:after] = [" ".join(parts[place:after])]
            rows.append((line, "|".join(parts), bars))
        return polars().DataFrame(rows, schema=odd.schema, orient="row")  # type: ignore[no-any-return]

    def _reject(self, line: int, reason: str, text: str) -> None:
        self._count += 1
        if len(self._rejected) < MOST_KEPT:
            self._rejected.append(RejectedRow(self._source, line, reason, text[:200]))

    def table(self) -> JobTable:
        """The jobs of all that was fed."""
        library = polars()
        rows = library.concat(self._frames) if self._frames else library.DataFrame()
        return table_of_rows(conformed(rows, ROWS), self._rejected, self._source, self._count)


def _text(raw: bytes) -> str:
    """UTF-8, or Latin-1 where it is none: names of jobs are in whatever a user's terminal had."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "\n".join(_line_text(line) for line in raw.split(b"\n"))


def _line_text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def typed(frame: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The columns of `ROWS` from sacct's, whose names are in small letters."""
    library = polars()
    col = library.col
    have = set(frame.columns)

    def text(*names: str) -> pl.Expr:
        given = [col(name).replace("", None) for name in names if name in have]
        return library.coalesce(*given) if given else library.lit(None, dtype=library.String)  # type: ignore[no-any-return]

    def number(*names: str) -> pl.Expr:
        return text(*names).cast(library.Float64, strict=False)

    alloc = library.coalesce(text("alloctres"), text("reqtres"))
    start, end = (times(text(name), time_zone) for name in ("start", "end"))
    elapsed = library.coalesce(number("elapsedraw"), clocks(text("elapsed")))
    frame = frame.with_columns(start_ns=start, end_ns=end, elapsed_s=elapsed, alloc=alloc)
    frame = frame.with_columns(*_in_the_right_hour(text("start"), text("end"), time_zone), *_cards(frame))
    raw = library.coalesce(
        text("consumedenergyraw"),
        tres("tresusageintot", "energy") if "tresusageintot" in have else library.lit(None),
        tres("alloctres", "energy") if "alloctres" in have else library.lit(None),
    )
    energy = library.coalesce(raw.cast(library.Float64, strict=False), sizes(text("consumedenergy"), 1000.0))
    nodes, cores = number("nnodes"), library.coalesce(number("ncpus", "alloccpus"), amount("cpu"))
    return frame.select(
        "line",
        key=col("id").struct[0],
        own_id=text("jobidraw").str.extract(r"^(\d+)"),
        step=col("id").struct[1],
        state=text("state").str.extract(r"^([A-Za-z_]+)").str.to_uppercase(),
        start_ns="start_ns",
        end_ns="end_ns",
        submit_ns=times(text("submit"), time_zone),
        elapsed_s="elapsed_s",
        user=text("user"),
        account=text("account"),
        project=text("wckey").str.strip_chars("*"),
        partition=text("partition"),
        name=text("jobname"),
        node_count=nodes,
        cores=library.when(cores > 0.0).then(cores),  # what ran had a core: 0 is no count
        gpus="gpus",
        gpu_model="gpu_model",
        memory_b=library.coalesce(
            _above_0(sizes(tres("alloc", "mem"), 1024.0, plain=2.0**20)), memory(text("reqmem"), nodes, cores)
        ),
        cpu_time_s=clocks(text("totalcpu")),
        # Slurm's marks of nothing are near 2^64; what is negative or above 2^63 is no energy either.
        energy_j=library.when((energy >= 0.0) & (energy < 2.0**62)).then(energy),
        is_odd_energy=((energy < 0.0) | ((energy >= 2.0**62) & (energy < 2.0**64 - 5000.0)))
        .fill_null(False)
        .cast(library.Float64),
        node_list=text("nodelist"),
    )


def _in_the_right_hour(start: pl.Expr, end: pl.Expr, time_zone: str) -> list[pl.Expr]:
    """`start_ns` and `end_ns` where clocks are set back in autumn and an hour stands twice: the elapsed time knows
    which of both it was. No time is moved that can be only one, for a job that was held for an hour has such a
    difference too."""
    if time_zone == "UTC":
        return []
    library = polars()
    col = library.col
    first_start, last_start = (times(start, time_zone, which) for which in ("earliest", "latest"))
    first_end, last_end = (times(end, time_zone, which) for which in ("earliest", "latest"))
    lasted = (col("elapsed_s") * 1e9).round().cast(library.Int64)

    def fits(begun: pl.Expr, ended: pl.Expr) -> pl.Expr:
        expression: pl.Expr = ((ended - begun - lasted).abs() <= 1_000_000_000).fill_null(False)
        return expression

    is_late_end = fits(first_start, last_end) & ~fits(first_start, first_end)
    is_late_start = fits(last_start, last_end) & ~fits(first_start, first_end) & ~is_late_end
    return [
        library.when(is_late_start).then(last_start).otherwise(first_start).alias("start_ns"),
        library.when(is_late_start | is_late_end).then(last_end).otherwise(first_end).alias("end_ns"),
    ]


def _cards(frame: pl.DataFrame) -> list[pl.Expr]:
    """`gpus` and `gpu_model`, the first of its kinds, of the allocated resources (`alloc`): parts of cards are parts.
    The number is null where nothing tells of resources, or only of shards, which may be any part of a card."""
    library = polars()
    col = library.col
    typed = col("alloc").str.extract_all(r"gres/gpu:[^=,]+=\d+")
    entry, kind = library.element(), r"gpu:([^=]+)="
    listed = frame.select(typed.list.explode().str.extract(kind).unique().drop_nulls().alias("kind"))["kind"].to_list()
    models = {name: part_of_card(name) for name in listed}
    counts = entry.str.extract(r"=(\d+)$").cast(library.Float64)
    shares = {name: share for name, (_, share) in models.items()}
    parts = counts * entry.str.extract(kind).replace_strict(shares, default=1.0, return_dtype=library.Float64)
    named, of_cards = typed.list.eval(counts).list.sum(), typed.list.eval(parts).list.sum()
    cards = of_cards + (amount("gres/gpu").fill_null(0.0) - named).clip(0.0)
    is_sliced = col("alloc").str.contains(r"(?:^|,)gres/shard[:=]") & (cards == 0.0)
    first = typed.list.first().str.extract(kind)
    names = {name: card for name, (card, _) in models.items()}
    return [
        library.when(col("alloc").is_not_null() & ~is_sliced).then(cards).alias("gpus"),
        first.replace_strict(names, default="", return_dtype=library.String).fill_null("").alias("gpu_model"),
    ]


def tres(column: str, name: str) -> pl.Expr:
    """The text of one resource in a column of `cpu=4,mem=2G,gres/gpu=1`."""
    expression: pl.Expr = polars().col(column).str.extract(rf"(?:^|,){name}=([^,]*)")
    return expression


def amount(name: str) -> pl.Expr:
    """A plain number of the allocated resources."""
    return tres("alloc", name).cast(polars().Float64, strict=False)


def times(text: pl.Expr, time_zone: str, ambiguous: Literal["earliest", "latest"] = "earliest") -> pl.Expr:
    """UTC nanoseconds of `2026-11-21T08:59:40`, the same with an offset (`+0100`), or seconds since 1970. `ambiguous`:
    which of both a time is that stands twice, as clocks are set back."""
    library = polars()
    plain = text.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ns", strict=False, exact=True)
    local = plain.dt.replace_time_zone(time_zone, ambiguous=ambiguous, non_existent="null").dt.convert_time_zone("UTC")
    offset = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="ns", time_zone="UTC", strict=False, exact=True)
    seconds = (text.str.extract(r"^(\d{9,11}(?:\.\d+)?)$").cast(library.Float64, strict=False) * 1e9).cast(
        library.Int64
    )
    expression: pl.Expr = library.coalesce(local.to_physical(), offset.to_physical(), seconds)
    return expression


def clocks(text: pl.Expr) -> pl.Expr:
    """Seconds of `[D-]HH:MM:SS` and `MM:SS.mmm`."""
    parts = text.str.extract_groups(r"^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$")
    days, hours, minutes, seconds = (
        parts.struct[place].cast(polars().Float64, strict=False).fill_null(0.0) for place in range(4)
    )
    known = parts.struct[3].is_not_null()
    expression: pl.Expr = polars().when(known).then(((days * 24.0 + hours) * 60.0 + minutes) * 60.0 + seconds)
    return expression


def sizes(text: pl.Expr, base: float, plain: float = 1.0) -> pl.Expr:
    """`2.20K` by powers of `base`; a number without a unit is in `plain`."""
    library = polars()
    parts = text.str.extract_groups(r"^(\d+(?:\.\d+)?)([KMGTPE]?)B?$")
    factors = {"": plain, **{unit: base**power for power, unit in enumerate("KMGTPE", 1)}}
    factor = parts.struct[1].replace_strict(factors, default=None, return_dtype=library.Float64)
    expression: pl.Expr = parts.struct[0].cast(library.Float64, strict=False) * factor
    return expression


def memory(text: pl.Expr, nodes: pl.Expr, cores: pl.Expr) -> pl.Expr:
    """Bytes of `ReqMem`: of the job, or for each node (`n`) or core (`c`) of it."""
    library = polars()
    parts = text.str.extract_groups(r"^(.*?)([nc]?)$")
    unit = parts.struct[1]
    times_of = library.when(unit == "n").then(nodes).when(unit == "c").then(cores).otherwise(1.0)
    return _above_0(sizes(parts.struct[0], 1024.0, plain=2.0**20) * times_of)


def _above_0(amount_b: pl.Expr) -> pl.Expr:
    """Null in place of 0: --mem=0 asks for all of a node, however much, and where memory is not counted all have 0."""
    expression: pl.Expr = polars().when(amount_b > 0.0).then(amount_b)
    return expression
