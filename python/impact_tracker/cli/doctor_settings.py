"""`doctor --settings`: what readers can be told, and whether it is set. No value is shown: it may hold a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..config import resolve
from ..reader_settings import open_secret_files, source_settings, where_set

if TYPE_CHECKING:
    from ..report.page import Page


class Told(NamedTuple):
    """What configuration files tell the readers (`values`), where each setting is set, and what is to be mended."""

    values: dict[str, str]
    places: dict[str, str]
    remedies: list[str]


def read() -> Told:
    """The readers' settings that hold here. A faulty setting of a tracker is a remedy, not an error."""
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    remedies: list[str] = []
    try:
        settings = resolve({})
        values, origins = settings.readers, settings.origins
    except ValueError as error:
        remedies.append(f"every tracker refuses this setting: {error}")
    places = {setting.name: where_set(setting, values, origins.get(setting.name, "")) for setting in source_settings()}
    return Told(values, places, remedies + open_secret_files(values))


def as_list(told: Told) -> list[dict[str, object]]:
    """Each setting for programs: names, readers, meaning, where it is set; `None` where it is not."""
    return [
        {
            "name": setting.name,
            "variable": setting.variable,
            "readers": list(setting.readers),
            "what": setting.what,
            "default": setting.default or None,
            "set_in": told.places[setting.name] or None,
        }
        for setting in source_settings()
    ]


def page_of(told: Told) -> Page:
    """Every setting of every reader."""
    from ..report.page import Page, Table

    rows = []
    for setting in source_settings():
        usual = f" ({setting.default})" if setting.default else ""
        readers = ", ".join(setting.readers)
        rows.append((readers, setting.name, told.places[setting.name] or "-", setting.what + usual))
    headline = "what readers can be told: in [readers] of impact-tracker.ini, or IMPACT_TRACKER_… in the environment"
    return Page(headline, [Table(("reader", "setting", "set in", "what it is"), rows)], told.remedies)
