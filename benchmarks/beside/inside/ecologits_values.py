"""Prints what EcoLogits says of every zone, and of its one card, as JSON: run by its own Python."""

from __future__ import annotations

import json
from pathlib import Path

import ecologits
from ecologits.impacts import llm

if __name__ == "__main__":
    text = (Path(ecologits.__file__).parent / "data" / "electricity_mixes.json").read_text(encoding="utf-8")
    zones = {}
    for mix in json.loads(text)["electricity_mixes"]:
        told = " ".join(mix.get("warnings") or ())  # what it takes from the world's average is no value of the zone
        zones[mix["name"]] = {
            kind: mix[name] * scale
            for kind, name, scale in (
                ("carbon", "gwp", 1000),
                ("adp", "adpe", 1),
                ("primary_energy", "pe", 1),
                ("water", "wue", 1),
            )
            if mix.get(name) is not None and f"-{name}-world" not in told
        }
    card = {
        "carbon": llm.GPU_EMBODIED_IMPACT_GWP,
        "adp": llm.GPU_EMBODIED_IMPACT_ADPE,
        "primary_energy": llm.GPU_EMBODIED_IMPACT_PE,
    }
    print(json.dumps({"cards": {"NVIDIA A100 SXM4 80GB": card}, "zones": zones}))
