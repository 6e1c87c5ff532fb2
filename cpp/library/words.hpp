#pragma once
// An energy as a text whose digits are never finer than what is known of it. Python's `impact_tracker.digits` has the
// same rules; a test compares the two.

#include <impact/impact.h>

#include <string>

namespace impact {

// "12.3 kJ ± 0.4 kJ, measured"; in kWh from 0.1 kWh on; "not measured".
std::string text_of(const impact_energy& energy);

}  // namespace impact
