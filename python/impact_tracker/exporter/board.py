"""A board for Grafana over the exporter's metrics, as JSON to import."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .families import COVERAGE, ENERGY, MACHINE_ENERGY, MACHINE_ERROR, MACHINE_POWER, POWER, READ_FAILURES, SOURCE_UP

JsonValue = object
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WHERE = 'instance=~"$instance"'


@dataclass(frozen=True)
class Panel:
    """One panel: what is asked of Prometheus, how each line is called, and where it stands on a grid of 24 columns."""

    title: str
    kind: str
    query: str
    legend: str
    unit: str
    place: tuple[int, int, int, int]
    about: str

    def as_json(self, number: int) -> dict[str, JsonValue]:
        """As Grafana reads it."""
        x, y, width, height = self.place
        target = {"datasource": _SOURCE, "expr": self.query, "legendFormat": self.legend, "refId": "A"}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": _SOURCE,
            "gridPos": {"x": x, "y": y, "w": width, "h": height},
            "fieldConfig": {"defaults": {"unit": self.unit, "noValue": "not measured"}, "overrides": []},
            "options": {},
            "targets": [target],
        }


_E, _M = f"{ENERGY.name}_total", f"{MACHINE_ENERGY.name}_total"
PANELS = (
    Panel(
        "Power of the machines",
        "stat",
        f"sum({MACHINE_POWER.name}{{{_WHERE}}})",
        "",
        "watt",
        (0, 0, 6, 5),
        "The best cover. Machines of which a part is not read are not in the sum.",
    ),
    Panel(
        *("Energy in this time", "stat", f"sum(increase({_M}{{{_WHERE}}}[$__range]))", "", "joule", (6, 0, 6, 5)),
        "Each joule once.",
    ),
    Panel(
        "Error of the energy",
        "stat",
        f"sum({MACHINE_ERROR.name}{{{_WHERE}}}) / sum({_M}{{{_WHERE}}})",
        "",
        "percentunit",
        (12, 0, 6, 5),
        "95 % half-width since the services began, as a part of their energy.",
    ),
    Panel(
        "Covered time",
        "stat",
        f"min({COVERAGE.name}{{{_WHERE}}})",
        "",
        "percentunit",
        (18, 0, 6, 5),
        "Of the machine that is covered worst.",
    ),
    Panel(
        "Power by device",
        "timeseries",
        f'{POWER.name}{{{_WHERE}, role="in_total"}}',
        "{{instance}} {{device}} {{domain}} ({{quality}})",
        "watt",
        (0, 5, 24, 10),
        "The parts of the sum. A gap is a time in which a channel was not read; it is not 0 W.",
    ),
    Panel(
        "Power beside the sum",
        "timeseries",
        f'{POWER.name}{{{_WHERE}, role=~"apart|inside"}}',
        "{{instance}} {{device}} {{domain}} ({{source}})",
        "watt",
        (0, 15, 12, 8),
        "Meters of whole machines, and parts of channels that the sum holds.",
    ),
    Panel(
        "Energy by device, an hour",
        "timeseries",
        f'increase({_E}{{{_WHERE}, role="in_total"}}[1h])',
        "{{instance}} {{device}} {{domain}}",
        "joule",
        (12, 15, 12, 8),
        "Of the hour before each moment.",
    ),
    Panel(
        "Sources",
        "timeseries",
        f"{SOURCE_UP.name}{{{_WHERE}}}",
        "{{instance}} {{source}}",
        "bool_yes_no",
        (0, 23, 12, 7),
        "Whether each source that a machine has gives readings.",
    ),
    Panel(
        "Failed readings a second",
        "timeseries",
        f"rate({READ_FAILURES.name}_total{{{_WHERE}}}[$__rate_interval])",
        "{{instance}}",
        "short",
        (12, 23, 12, 7),
        "A sensor that fails is absent above.",
    ),
)


def board() -> str:
    """The board as JSON text."""
    choices = [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {
            "name": "instance",
            "label": "Machines",
            "type": "query",
            "datasource": _SOURCE,
            "query": f"label_values({SOURCE_UP.name}, instance)",
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
        },
    ]
    document = {
        "title": "Energy (impact-tracker)",
        "uid": "impact-tracker",
        "tags": ["energy"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": choices},
        "annotations": {"list": []},
        "panels": [panel.as_json(number) for number, panel in enumerate(PANELS, 1)],
    }
    return json.dumps(document, indent=2) + "\n"
