"""Published results that the package must reproduce, each with the test that does, at the digits that were printed.

This table is itself tested: every test that it names exists.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GA, SIMPLE, CLUSTER = (f"estimators/test_{name}.py" for name in ("green_algorithms", "simple", "cluster"))
EMBODIED, USE, EQUAL = (f"footprint/test_{name}.py" for name in ("embodied", "use", "equivalents"))

# published result -> the file and the tests that reproduce it
ROWS: dict[str, tuple[str, ...]] = {
    "GA-1: 2.2813536 kWh, 1033.955 g, 1.12795 tree-months, 5.9083 km, 2.068 %": (
        GA, "test_ga_1_the_calculators_screenshot",
    ),
    "GA-1 from the command line": ("cli/test_estimate.py", "test_the_screenshot_in_json"),
    "GA-2: 1085.696 g, 1.14284 tree-months, 4.3255 km": (GA, "test_ga_2_version_1"),
    "GA-3: 2.1310848 kWh, 236.934 g, 0.2154 % Paris-Dublin": (GA, "test_ga_3_version_3_austria"),
    "GA-4: 3.82848 kWh, 196.324 g": (GA, "test_ga_4_with_a_card"),
    "GA-5: 4.5627072 kWh": (GA, "test_ga_5_a_day"),
    "GA-6 to GA-11: 176.17, 381.64, 134.33, 25.74, 15.444, 64.35 kJ": (GA, "test_ga_6_to_11_the_dgx_runs"),
    "Strubell: five rows, within 0.3 %": (SIMPLE, "test_strubells_table"),
    "Patterson: five rows, within 1 %": (SIMPLE, "test_pattersons_table", "test_gpt_3_in_tonnes"),
    "BLOOM dynamic 24,692.17 kg, idle 14,628.8 kg": (EMBODIED, "test_blooms_dynamic_and_idle_carbon"),
    "BLOOM servers 7.5753 t, cards 3.6361 t": (EMBODIED, "test_blooms_servers_and_cards"),
    "LLaMA-7B 36,270.08 kWh": (SIMPLE, "test_llama_7b"),
    "Electricity Maps' reply: 10 kWh are 0.58765 kg": (
        "live/test_live.py", "test_ten_kilowatt_hours_of_the_latest_value",
    ),
    "WattTime: 800 lb/MWh are 362.874 g/kWh": ("live/test_live.py", "test_watttime_is_marginal_and_in_pounds"),
    "EcoLogits: two rows": (SIMPLE, "test_requests_to_language_models"),
    "MLCA BLOOM: 59 t, 1.2 kg Sb, 59 and 38 persons": (CLUSTER, "test_bloom", "test_blooms_servers_and_cards_apart"),
    "H100: 1312 / 8 = 164 kg": (
        EMBODIED,
        "test_a_makers_sheet_is_the_best_value_where_it_is_asked_for_and_the_range_holds_the_models",
    ),
    "SCI: 28.54 g an hour of making": (EMBODIED, "test_an_hour_of_a_machine_as_sci_has_it"),
    "SCI's export of it": ("interop/test_standards.py", "test_scis_share_of_making"),
    "ClimateBERT 15.79 and 115.15 kg": ("interop/test_cards.py", "test_climatebert"),
    "A person's share: 984.65 kg, 0.031665 kg Sb, 26,315 m3, 32,388 MJ": (EQUAL, "test_boundaries_a_person"),
    "Water 4318 L": (USE, "test_water_counts_the_pue_once"),
    "BoAmps: the smallest report, and six cases": (
        "interop/test_boamps.py", "test_the_smallest_report_is_valid", "test_what_breaks_the_schema_is_named",
        "test_what_the_schema_lets_pass_passes",
    ),
    "1000 core-hours at 4.68 g": (SIMPLE, "test_a_thousand_core_hours"),
    "1000 core-hours of a job": (SIMPLE, "test_a_thousand_core_hours_of_a_job"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_every_published_result_has_its_test(row: str) -> None:
    file, *tests = ROWS[row]
    text = (HERE / file).read_text(encoding="utf-8")
    assert tests
    for test in tests:
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), f"{file} has no {test}"
