"""Reading and writing in logdirs: our records and logs of the old tool."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from impact_tracker.old_logs import read_info, read_samples

from ._records import info_of, latest_record, record_paths, rows_of

BASE_LOG_PATH = "impacttracker/"
DATAPATH = BASE_LOG_PATH + "data.json"
INFOPATH = BASE_LOG_PATH + "info.pkl"

__all__ = [
    "BASE_LOG_PATH",
    "DATAPATH",
    "INFOPATH",
    "load_data_into_frame",
    "load_initial_info",
    "log_final_info",
    "safe_file_path",
    "write_csv_data_to_file",
    "write_json_data_to_file",
    "zip_data_and_info",
    "zip_files",
]


def load_initial_info(log_dir: str | os.PathLike[str]) -> dict[str, Any]:
    """What is known of the newest run of a logdir; an old `info.pkl` is read without running anything in it."""
    record = latest_record(log_dir)
    return info_of(record) if record is not None else read_info(Path(log_dir) / INFOPATH)


def load_samples(log_dir: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The samples of the newest run of a logdir."""
    record = latest_record(log_dir)
    return rows_of(record) if record is not None else read_samples(Path(log_dir) / DATAPATH)[0]


def load_data_into_frame(log_dir: str | os.PathLike[str], max_level: int | None = None) -> tuple[Any, list[Any]]:
    """(DataFrame, list of samples); `max_level`: how deep nested samples become columns. Needs pandas."""
    try:
        import pandas
    except ImportError:
        raise ImportError("a DataFrame needs pandas: pip install 'impact-tracker[dropin]'") from None
    samples = load_samples(log_dir)
    return pandas.json_normalize(samples, max_level=max_level), samples


def log_final_info(log_dir: str | os.PathLike[str]) -> None:
    """Nothing is left to do: a tracker writes its own end, and a running one is read up to now."""


def safe_file_path(file_path: str | os.PathLike[str]) -> str:
    """The path, its directory made if it is missing."""
    Path(file_path).parent.mkdir(parents=True, exist_ok=True)
    return os.fspath(file_path)


def write_csv_data_to_file(file_path: str | os.PathLike[str], data: Iterable[Any], overwrite: bool = False) -> None:
    """Append one row to a CSV file, or begin it anew."""
    with Path(safe_file_path(file_path)).open("w" if overwrite else "a", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerow(data)


def write_json_data_to_file(file_path: str | os.PathLike[str], data: Any, overwrite: bool = False) -> None:
    """Append one line to a JSON Lines file, or begin it anew."""
    with Path(safe_file_path(file_path)).open("w" if overwrite else "a", encoding="utf-8") as stream:
        stream.write(json.dumps(data) + "\n")


def zip_data_and_info(log_dir: str | os.PathLike[str], zip_path: str | os.PathLike[str]) -> str:
    """All that a logdir holds of its runs, zipped. FileNotFoundError where it holds nothing."""
    paths = record_paths(log_dir)
    if not paths:
        raise FileNotFoundError(f"{Path(log_dir).absolute()} holds no record")
    zip_files(paths, zip_path)
    return os.fspath(zip_path)


def zip_files(
    src: Iterable[str | os.PathLike[str]], dst: str | os.PathLike[str], arcname: Sequence[str] | None = None
) -> None:
    """Files into a zip, under their own names or those given."""
    with zipfile.ZipFile(dst, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for index, path in enumerate(src):
            archive.write(path, Path(path).name if arcname is None else arcname[index])
