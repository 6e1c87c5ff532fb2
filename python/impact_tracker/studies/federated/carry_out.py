"""Carries a study out: each run in a folder of its own, its programs on this machine; what is done is left alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...runner import Runner, default_threads
from ...tracker import ImpactTracker
from .flower import TELEMETRY_OFF, flower_version, require_flower
from .images import ImageSet, drawn, read_images, write_images
from .plan import (
    ACTOR_FILE,
    CENTRALISED,
    CENTRE_FOLDER,
    DATA_FOLDER,
    END_FILE,
    ERRORS_FILE,
    INITIAL_FILE,
    MACHINE_FOLDER,
    ROUNDS_FILE,
    SERVER_FOLDER,
    STUDY_FILE,
    ActorEnd,
    ActorPlan,
    EvaluatedRound,
    FederatedSettings,
    RunEnd,
    client_folder,
    read_json,
    read_lines,
    run_name,
    write_json,
)
from .split import DataSplit, like, partition
from .wire import free_port

_LOOK_S = 0.1
_GRACE_S = 30.0
Told = Callable[[str], None]


class FederatedRunError(RuntimeError):
    """A run that came to no end: what its program said last."""


@dataclass(frozen=True)
class RunningActor:
    """A program of a run."""

    role: str
    number: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def name(self) -> str:
        return f"client {self.number}" if self.role == "client" else f"the {self.role}"

    def last_words(self) -> str:
        """The last line that it wrote on its standard error."""
        with suppress(OSError):
            lines = (self.folder / ERRORS_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


@dataclass(frozen=True)
class _Parts:
    """The images of each client, and what all of them see."""

    training: Sequence[ImageSet]
    tests: Sequence[ImageSet]


def carry_out(
    folder: Path,
    settings: FederatedSettings,
    splits: Sequence[DataSplit],
    *,
    repeats: int = 1,
    centralised: bool = True,
    told: Told = lambda text: None,
) -> None:
    """All runs of a study that the folder does not hold yet: each split, and all images in one place, for each seed.

    ImportError, FileNotFoundError and ValueError before anything is run: what is missing or cannot be. ValueError too
    for a folder of a study with other settings. FederatedRunError for a run that came to no end.
    """
    require_flower()
    train, test = read_images("train", settings.data_folder), read_images("test", settings.data_folder)
    seeds = range(settings.seed, settings.seed + repeats)
    parts = {
        (split, seed): _dealt(train, test, settings, split, seed) for split in splits for seed in seeds
    }  # an impossible split is told now
    parameters = _look_at_worker(settings)
    open_folder(folder, settings)
    for seed in seeds:
        for split in splits:
            run = FederatedRun(folder / run_name(split.name, seed), _of_seed(settings, seed), parameters, told)
            run.begin_unless_done(parts[split, seed], federated=True)
        if centralised:
            run = FederatedRun(folder / run_name(CENTRALISED, seed), _of_seed(settings, seed), parameters, told)
            run.begin_unless_done(parts[splits[0], seed], federated=False)


def open_folder(folder: Path, settings: FederatedSettings) -> None:
    """A new study's folder, or that of the same study. ValueError where it is of another."""
    place = folder / STUDY_FILE
    if place.exists():
        names = read_json(place, FederatedSettings).differences(settings)
        if names:
            raise ValueError(
                f"{folder} holds a study with another {', '.join(names)}: take another folder, or the same options"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_json(place, settings)


def _of_seed(settings: FederatedSettings, seed: int) -> FederatedSettings:
    from dataclasses import replace

    return replace(settings, seed=seed)


def _dealt(train: ImageSet, test: ImageSet, settings: FederatedSettings, split: DataSplit, seed: int) -> _Parts:
    train, test = drawn(train, settings.images, seed), drawn(test, settings.test_images, seed)
    training = [train.taken(own) for own in partition(train.labels, settings.clients, split, seed, settings.batch)]
    tests = like(test.labels, [own.labels for own in training], seed)
    return _Parts(training, [test.taken(own) for own in tests])


def _look_at_worker(settings: FederatedSettings) -> int:
    """The network's parameters. FileNotFoundError without a worker, ValueError where it refuses the network."""
    from ...runner import WorkerError

    with Runner() as runner:
        try:
            loaded = runner.load(settings.network, batch=settings.batch, device=settings.device, threads=1)
            if loaded.task != "classification":
                raise ValueError(f"{settings.network} does not classify images, so it cannot learn Fashion-MNIST")
        except WorkerError as error:
            raise ValueError(str(error)) from error
    return loaded.parameters or 0


class FederatedRun:
    """One run: a split with a seed, or all images in one place."""

    def __init__(self, folder: Path, settings: FederatedSettings, parameters: int, told: Told) -> None:
        self._folder, self._settings, self._parameters = folder, settings, parameters
        self._told = told
        self._actors: list[RunningActor] = []
        self._said: set[tuple[str, int]] = set()

    def begin_unless_done(self, parts: _Parts, *, federated: bool) -> None:
        """Runs it, unless the folder holds it; one that was interrupted begins again, its record is kept beside."""
        if (self._folder / END_FILE).exists():
            self._told(f"{self._folder.name}: done before")
            return
        _set_aside(self._folder)
        self._folder.mkdir(parents=True)
        if federated:
            images = self._deal(parts)
        else:
            images = [_united(parts.training)]
            self._give(self._folder / CENTRE_FOLDER, images[0], _united(parts.tests))
        self._write_initial()
        tracker = ImpactTracker(
            self._folder / MACHINE_FOLDER, scope="process", share_of="self", interval_s=self._settings.interval_s
        )
        with tracker, self._running(federated):
            self._watch()
        end = RunEnd(
            tuple(ActorEnd(actor.role, actor.number, actor.process.returncode) for actor in self._actors),
            tuple(map(len, images)),
            tuple(map(len, parts.tests)) if federated else (sum(map(len, parts.tests)),),
            tuple(own.bytes for own in images),
            self._parameters,
            flower_version(),
        )
        self._clear()
        write_json(self._folder / END_FILE, end)

    # ---- before
    def _deal(self, parts: _Parts) -> list[ImageSet]:
        for number, (own, tests) in enumerate(zip(parts.training, parts.tests)):
            self._give(self._folder / client_folder(number), own, tests)
        (self._folder / SERVER_FOLDER).mkdir()
        return list(parts.training)

    def _give(self, folder: Path, training: ImageSet, tests: ImageSet) -> None:
        write_images(training, "train", folder / DATA_FOLDER)
        write_images(tests, "test", folder / DATA_FOLDER)

    def _write_initial(self) -> None:
        with Runner() as runner:
            settings = self._settings
            runner.load(settings.network, batch=settings.batch, device=settings.device, threads=1, seed=settings.seed)
            runner.save(self._folder / INITIAL_FILE)

    # ---- its programs
    @contextmanager
    def _running(self, federated: bool) -> Iterator[None]:
        processors = default_threads().threads or 1
        each = self._settings.threads or max(1, processors // self._settings.active)
        port = free_port()
        try:
            if federated:
                self._start("server", 0, SERVER_FOLDER, 1, port)
                for number in range(self._settings.clients):
                    self._start("client", number, client_folder(number), each, port)
            else:
                self._start("centre", 0, CENTRE_FOLDER, self._settings.threads or processors, port)
            yield
        finally:
            for actor in self._actors:
                _end(actor.process)

    def _start(self, role: str, number: int, name: str, threads: int, port: int) -> None:
        folder = self._folder / name
        write_json(folder / ACTOR_FILE, ActorPlan(role, number, port, threads, self._settings))
        environment = {**os.environ, **TELEMETRY_OFF}
        words = [sys.executable, "-m", "impact_tracker.studies.federated", str(folder)]
        errors: BinaryIO
        with (folder / ERRORS_FILE).open("wb") as errors:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=errors, stderr=errors, env=environment)
        self._actors.append(RunningActor(role, number, folder, process))

    def _watch(self) -> None:
        """Until the server or the centre has ended, and then until its clients have."""
        leader, *others = self._actors
        while leader.process.poll() is None:
            self._tell_rounds(leader)
            for actor in others:
                if actor.process.poll() is not None:
                    self._tell_end(actor, leader)
            time.sleep(_LOOK_S)
        self._tell_rounds(leader)
        if leader.process.returncode != 0:
            raise FederatedRunError(f"{self._folder.name}: {leader.name} ended: {leader.last_words()}")
        deadline = time.monotonic() + _GRACE_S
        for actor in others:
            with suppress(subprocess.TimeoutExpired):
                actor.process.wait(max(0.0, deadline - time.monotonic()))

    def _tell_end(self, actor: RunningActor, leader: RunningActor) -> None:
        """A client that ends before all have joined ends the run; later, the run goes on without it."""
        if actor.process.returncode == 0 or ("end", actor.number) in self._said:
            return
        self._said.add(("end", actor.number))
        if not (leader.folder / "joined").exists():
            raise FederatedRunError(f"{self._folder.name}: {actor.name} ended before it began: {actor.last_words()}")
        self._told(f"{self._folder.name}: {actor.name} ended with {actor.process.returncode}; the others go on")

    def _tell_rounds(self, leader: RunningActor) -> None:
        for row in read_lines(leader.folder / ROUNDS_FILE, EvaluatedRound):
            if ("round", row.round) not in self._said:
                self._said.add(("round", row.round))
                accuracy = "no accuracy" if row.accuracy is None else f"accuracy {row.accuracy:.3f}"
                self._told(f"{self._folder.name}: round {row.round} of at most {self._settings.rounds}, {accuracy}")

    def _clear(self) -> None:
        """The images and the last weights of each: they can be made again."""
        for actor in self._actors:
            shutil.rmtree(actor.folder / DATA_FOLDER, ignore_errors=True)
            (actor.folder / "weights.safetensors").unlink(missing_ok=True)


def _set_aside(folder: Path) -> None:
    """A run that came to no end keeps its records under another name."""
    if folder.exists():
        number = 1
        while (aside := folder.with_name(f"{folder.name}.interrupted{number}")).exists():
            number += 1
        folder.rename(aside)


def _united(parts: Sequence[ImageSet]) -> ImageSet:
    import numpy as np

    return ImageSet(np.concatenate([part.pixels for part in parts]), np.concatenate([part.labels for part in parts]))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program of ours: it sees that nobody listens; after the grace time it is killed."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
