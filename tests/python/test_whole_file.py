"""Files that are there whole or not at all, and what is said where the system refuses them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from impact_tracker.whole_file import whole_file, write_whole_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_replaces_the_one_before_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    place = tmp_path / "made" / "on the way" / "a.txt"
    for text in ("old", "new ±"):
        write_whole_text(place, text)
    assert place.read_text(encoding="utf-8") == "new ±" and names(place.parent) == ["a.txt"]


@pytest.mark.parametrize("name", ["n" * 255, "ü'\"\n.csv", ".svg", "a b.tar.gz"])
def test_every_name_that_the_system_takes_is_taken(tmp_path: Path, name: str) -> None:
    write_whole_text(tmp_path / name, "text")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space"), ValueError("other"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_no_half_of_the_new(tmp_path: Path, failure: BaseException) -> None:
    place = tmp_path / "a.csv"
    place.write_text("old")
    with pytest.raises(type(failure)), whole_file(place) as beside:
        beside.write_text("half")
        raise failure
    assert place.read_text() == "old" and names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize(
    ("error", "number", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), errno.ENOSPC, "the disk is full: free some space"),
        (PermissionError(errno.EACCES, "Permission denied"), errno.EACCES, "name another place"),
        (RuntimeError("parquet: No space left on device (os error 28)"), errno.ENOSPC, "the disk is full"),
        (OSError("No space left on device (os error 28)"), errno.ENOSPC, "the disk is full"),
        (OSError(errno.EIO, "Input/output error"), errno.EIO, "Input/output error"),
    ],
)
def test_the_refusal_names_the_file_and_the_remedy(tmp_path: Path, error: Exception, number: int, words: str) -> None:
    with pytest.raises(OSError, match=words) as caught, whole_file(tmp_path / "report.csv"):
        raise error
    assert str(tmp_path / "report.csv") in str(caught.value) and "Errno" not in str(caught.value)
    assert isinstance(caught.value, type(OSError(number, "")))


def test_what_is_no_refusal_of_the_system_passes_through(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a fault"), whole_file(tmp_path / "a"):
        raise RuntimeError("a fault")


def test_a_folder_and_a_file_in_the_way_are_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="it is a folder: name a file"):
        write_whole_text(tmp_path, "text")
    (tmp_path / "file").write_text("old")
    with pytest.raises(OSError, match=r"file/a cannot be written: a"):
        write_whole_text(tmp_path / "file" / "a", "text")
    assert (tmp_path / "file").read_text() == "old"


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_whole_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    texts: list[str] = []
    reader = threading.Thread(target=lambda: texts.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_whole_text(tmp_path / "pipe", "through")
    reader.join(30)
    assert texts == ["through"]


def test_a_disk_that_takes_no_more_of_a_parquet_file_is_named(tmp_path: Path) -> None:
    pytest.importorskip("polars")
    program = (
        "import resource, sys\nfrom pathlib import Path\nimport polars\n"
        "from impact_tracker.cluster.store import write_whole\n"
        "frame = polars.DataFrame({'time_ns': range(100_000)})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_whole(frame, Path(sys.argv[1]))\nexcept OSError as error:\n    print(error)\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "power.parquet")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "power.parquet cannot be written: files may not grow any further here" in done.stdout
    assert names(tmp_path) == []
