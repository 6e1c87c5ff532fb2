"""What commands read, sound and damaged: which options name an input, a sound sample of each, and the kinds of damage.

The parser says which options there are. One whose name or placeholder is a file's and that stands in none of the tables
fails the test beside this, so that a new input is tried from its first day.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from impact_tracker.cli import COMMANDS, parser_of

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = Path(__file__).parents[2] / "python/impact_tracker/factors/data/examples"

# What a placeholder in the help is called where it stands for a path.
PATH_WORDS = {"DIR", "FILE", "FOLDER", "PATH", "RECORD", "REPORT", "CSV", "NAME=CSV", "KEYFILE", "PLACE", "A", "B"}
# Paths that commands write, or hand to another program; nothing is read of them.
WRITTEN = {
    "logdir", "output", "plot", "html", "figure", "figures", "csv", "hour_factors", "ledger_jobs", "hand_in", "store",
    "socket", "from_socket", "python", "data_folder", "page",
}  # fmt: skip
WRITTEN_BY = {("cluster simulate", "folder"), ("study federated", "scenario"), ("study federated", "batches")}
# Commands that would measure, serve or install: their inputs are read by the commands below as well, or named here.
NOT_RUN = {"run", "serve", "top", "doctor", "completion", "bench", "bench train", "meters"}

# A sound line of each command that reads something; "@name" stands for the sample of that name.
LINES: dict[str, Sequence[str]] = {
    "report": ["@paths=logdir"],
    "compare": ["@a=logdir", "@b=logdir"],
    "bench report": ["@folder=campaign"],
    "bench compare": ["@folders=campaign", "@folders=campaign"],
    "bench paper": ["@folder=campaign"],
    "bench forecast": ["--from", "@source=campaign", "--images", "1000"],
    "footprint": ["@place=logdir"],
    "what-if": ["@place=logdir", "--to-zone", "SE"],
    "export": ["@place=codecarbon", "--to", "latex"],
    "lint": ["@place=codecarbon"],
    "indirect": ["@file=effects"],
    "service": ["@file=inventory"],
    "estimate": ["--gpus", "1", "--gpu", "NVIDIA A100 SXM4 80GB", "--hours", "2"],
    "ledger report": ["--ledger", "@ledger=ledger"],
    "ledger list": ["--ledger", "@ledger=ledger"],
    "ledger best": ["asr", "--min", "wer", "--ledger", "@ledger=ledger"],
    "ledger tag": ["20260921T120000Z", "--person", "p", "--ledger", "@ledger=ledger"],
    "ledger add": ["@paths=codecarbon", "--project", "p", "--ledger", "@ledger=ledger"],
    "ledger sync": ["--ledger", "@ledger=ledger"],
    "ledger rebuild": ["--ledger", "@ledger=ledger"],
    "cluster report": ["--jobs", "@jobs=jobs", "--power", "@power=power"],
    "cluster closure": ["--jobs", "@jobs=jobs", "--power", "@power=power"],
    "cluster import": ["--store", "@store=folder", "--power", "@power=power"],
    "study metrics": ["@folders=logdir"],
    "study paradigms": ["@scenario=scenario"],
    "study federated": ["--read", "@read=folder"],
    **{
        f"study {name}": ["--show", "@show=folder"]
        for name in ("data-size", "target", "curve", "shallow", "ladder", "machine", "size")
    },
}
# Lines of their own, for inputs that the command's usual line does not read.
LINES_OF: dict[tuple[str, str], Sequence[str]] = {
    ("footprint", "workload"): ["--workload", "@workload=workload"],
    ("footprint", "training"): ["@place=logdir", "--training", "@training=logdir", "--per", "image=5"],
    ("what-if", "changes"): ["@place=logdir", "--changes", "@changes=changes"],
    ("indirect", "factors"): ["@file=effects", "--runs", "@place=logdir", "--factors", "@factors=factors"],
    ("estimate", "hours_file"): [
        *("--method", "hour-factor", "--hour-factor", "c core", "--hours", "2", "--cores", "4", "--hours-file"),
        "@hours_file=hours",
    ],
    ("cluster report", "records"): [
        *("--jobs", "@jobs=jobs", "--power", "@power=power", "--gate", "alive", "--records", "@records=logdir")
    ],
    ("cluster closure", "records"): [
        *("--jobs", "@jobs=jobs", "--power", "@power=power", "--gate", "alive", "--records", "@records=logdir")
    ],
    ("ledger add", "jobs"): ["--jobs", "@jobs=ledger_jobs", "--project", "p", "--ledger", "@ledger=ledger"],
    **{
        (f"study {name}", "resume"): ["--resume", "@resume=folder"]
        for name in ("data-size", "target", "curve", "shallow", "ladder", "machine", "size")
    },
    ("cluster import", "nodes"): ["--store", "@store=folder", "--power", "@power=power", "--nodes", "@nodes=nodes"],
}
# What is read for services alone, of which none is here.
NEEDS_A_SERVICE = {
    *(("cluster report", "credentials"), ("cluster closure", "credentials"), ("cluster import", "credentials")),
    *(("cluster import", "nodes"), ("request", "factors")),
}
# The sample of an option that no line above has.
SAMPLES_OF = {
    "factors": "factors", "workload": "workload", "intensity_file": "curve", "curve": "curve", "training": "logdir",
    "changes": "changes", "hours_file": "hours", "jobs": "jobs", "nodes": "nodes", "records": "logdir",
    "credentials": "credentials", "pseudonyms": "key", "place": "logdir", "tables": "folder", "ledger": "ledger",
    "show": "folder", "resume": "folder", "config": "config", "read": "folder",
}  # fmt: skip

_JOBS = "job_id,start,end,nodes,state,user,cores\n1,1000,1100,n1,completed,ada,4\n2,1100,1200,n1,failed,bob,2\n"
_POWER = "node,time,power_w\n" + "".join(f"n1,{second},{100 + second % 7}\n" for second in range(1000, 1201, 10))
_SCENARIO = Path(__file__).parents[2] / "python/impact_tracker/studies/paradigms/example.yaml"
_EFFECTS = {
    "reference": "r",
    "effects": {"a": {"order": 1, "amount_kg": [1, 2, 3]}, "b": {"order": 3, "causes": {"a": 0.5}, "source": "s"}},
}
_HOURS = {
    "format": "impact-tracker hour factors",
    "cluster": "c",
    "year": 2025,
    "source": "s",
    "intensity_g_per_kwh": [40, 50, 60],
    "factors": {"c core": {"unit": "core", "hours": 10, "electricity_kwh": [1, 2, 3], "rest_kg": 5, "scope": "all"}},
}
_CODECARBON = """timestamp,project_name,run_id,duration,emissions,energy_consumed,country_name,cpu_model
2024-05-01T10:00:00,p,r,3600,0.1,0.5,France,X
"""
TEXTS: dict[str, tuple[str, str]] = {
    "codecarbon": ("emissions.csv", _CODECARBON),
    "effects": ("effects.json", json.dumps(_EFFECTS)),
    "inventory": ("service.json", (EXAMPLES / "services/stable-diffusion.json").read_text(encoding="utf-8")),
    "workload": ("work.json", (EXAMPLES / "workloads/bloom.json").read_text(encoding="utf-8")),
    "factors": ("mine.json", json.dumps({"intensity": {"FR": {"value": 50, "unit": "g/kWh", "source": "s"}}})),
    "curve": ("curve.csv", "time,intensity_g_per_kwh\n" + "".join(f"2026-09-21T{h:02d}:00,50\n" for h in range(24))),
    "changes": ("changes.json", json.dumps({"half": {"energy": 0.5}})),
    "hours": ("hours.json", json.dumps(_HOURS)),
    "jobs": ("jobs.csv", _JOBS),
    "power": ("power.csv", _POWER),
    "ledger_jobs": ("done.csv", "job,started_at,ended_at,energy_j,half_j\nslurm:1,1000,1100,5000,20\n"),
    "nodes": ("nodes.csv", "node,cores,gpus,memory_gb,idle_w,rated_w\nn1,8,0,64,80,400\n"),
    "credentials": ("credentials", "user:password\n"),
    "key": ("key", "0123456789abcdef0123456789abcdef\n"),
    "config": ("config.ini", "[impact-tracker]\n"),
    "scenario": ("scenario.yaml", _SCENARIO.read_text(encoding="utf-8")),
}


RECORD: list[Path] = []  # the one sound record, which the test measures before it begins


def sample(name: str, folder: Path) -> Path:
    """A sound input of a name, below a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if name in TEXTS:
        file, text = TEXTS[name]
        (folder / file).write_text(text, encoding="utf-8")
        return folder / file
    if name == "logdir":
        (folder / "impacttracker").mkdir(exist_ok=True)
        shutil.copy(RECORD[0], folder / "impacttracker" / "run.jsonl")
    elif name == "campaign":
        source = DATA / "golden/bench/fashion"
        for file in ("campaign.json", "rows.jsonl"):
            shutil.copy(source / file, folder / file)
    elif name == "ledger":
        shutil.copytree(DATA / "ledger/spool_v1", folder / "spool" / "machine", dirs_exist_ok=True)
    return folder


def inner_files(place: Path) -> list[Path]:
    """The files that are read of an input: itself, or those in its folder."""
    return [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Input:
    """A path that a command reads: `dest` of its parser; `option` empty for a positional one."""

    command: str
    dest: str
    option: str

    @property
    def words(self) -> Sequence[str]:
        """The words behind the command."""
        return LINES_OF.get((self.command, self.dest)) or LINES[self.command]

    @property
    def sample_name(self) -> str:
        """Which sample is sound for it."""
        for word in self.words:
            if word.startswith(f"@{self.dest}="):
                return word.partition("=")[2]
        return SAMPLES_OF[self.dest]

    def line(self, place: Path, scratch: Path) -> list[str]:
        """The words of a command whose inputs are sound, but for this one, which lies at `place`."""
        words = self.command.split(" ")
        own = False
        for number, word in enumerate(self.words):
            dest, _, name = word[1:].partition("=")
            if not word.startswith("@"):
                words.append(word)
            elif dest == self.dest and not own:
                words.append(str(place))
                own = True
            else:
                words.append(str(sample(name, scratch / str(number))))
        return words if own else [*words, self.option, str(place)]


def leaves(parser: argparse.ArgumentParser, words: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command and command below a command, with its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from leaves(below, f"{words} {name}")
    yield words, parser


def path_actions() -> list[tuple[str, argparse.Action]]:
    """All arguments of all commands that name a path."""
    actions = []
    for name in COMMANDS:
        chosen = next(a for a in parser_of(name)._actions if isinstance(a, argparse._SubParsersAction)).choices[name]
        for words, parser in leaves(chosen, name):
            actions += [(words, action) for action in parser._actions if action.metavar in PATH_WORDS]
    return actions


def inputs() -> list[Input]:
    """The paths that are read, of every command that can be run to its end."""
    return [
        Input(words, action.dest, action.option_strings[0] if action.option_strings else "")
        for words, action in path_actions()
        if action.dest not in WRITTEN
        and (words, action.dest) not in NEEDS_A_SERVICE | WRITTEN_BY
        and words not in NOT_RUN
    ]


# ---- damage: each makes something else of a file in place, and says whether an answer is still possible

Damage = Callable[[Path, random.Random], None]


def _write(place: Path, content: bytes) -> None:
    place.write_bytes(content)


def _with(change: Callable[[bytes, random.Random], bytes]) -> Damage:
    return lambda place, chance: _write(place, change(place.read_bytes(), chance))


def _numbers_as(word: bytes) -> Damage:
    def change(content: bytes, chance: random.Random) -> bytes:
        before = b":,[ "
        places = [at for at, byte in enumerate(content) if chr(byte).isdigit() and content[max(at - 1, 0)] in before]
        at = chance.choice(places or [len(content)])
        end = at
        while content[end : end + 1] and content[end : end + 1] in b"0123456789.eE+-":
            end += 1
        return content[:at] + word + content[end:]

    return _with(change)


def _fifo(place: Path, chance: random.Random) -> None:
    place.unlink()
    os.mkfifo(place)


def _folder(place: Path, chance: random.Random) -> None:
    place.unlink()
    place.mkdir()


def _loop(place: Path, chance: random.Random) -> None:
    place.unlink()
    place.symlink_to(place.name)


def _nested(place: Path, chance: random.Random) -> None:
    begin = {".toml": b"a = " + b"[" * 10_000, ".json": b'{"a":' * 10_000, ".jsonl": b'{"a":' * 10_000}
    place.write_bytes(begin.get(place.suffix, b"[" * 10_000))


def _twice(content: bytes, chance: random.Random) -> bytes:
    """The first field of an object twice, with another value the second time."""
    begin = content.find(b"{")
    return content if begin < 0 else content[: begin + 1] + b'"a": 1, "a": 2, ' + content[begin + 1 :]


# Of these nothing can be made: the command ends with an error, or says in its answer what could not be read.
HOPELESS: dict[str, Damage] = {
    "empty": _with(lambda content, chance: b""),
    "binary": _with(lambda content, chance: bytes(chance.randrange(256) for _ in range(4096))),
    "zeros": _with(lambda content, chance: b"\0" * 4096),
    "folder": _folder,
    "pipe": _fifo,
    "loop of links": _loop,
    "nested": _nested,
}
# Any bytes are a key; a log of rows that is empty is one of a campaign that has not begun.
NO_DAMAGE = {("key", "binary"), ("key", "zeros"), ("key", "nested"), ("campaign", "empty")}
# Of these something may be made, with a word about it, or nothing; a number that is printed is finite.
DOUBTFUL: dict[str, Damage] = {
    "cut": _with(lambda content, chance: content[: chance.randrange(1, max(2, len(content)))]),
    "UTF-16": _with(lambda content, chance: content.decode("utf-8").encode("utf-16")),
    "byte order mark": _with(lambda content, chance: b"\xef\xbb\xbf" + content),
    "CRLF": _with(lambda content, chance: content.replace(b"\n", b"\r\n")),
    "Latin-1": _with(lambda content, chance: content.replace(b"a", b"\xe9", 1)),
    "version": _with(lambda content, chance: re.sub(rb'"(version|schema)": ?\d', rb'"\1":99', content)),
    "key twice": _with(_twice),
    **{f"number {word}": _numbers_as(word.encode()) for word in ("1e308", "-1", "NaN", "Infinity", "1e999", "9" * 400)},
}
