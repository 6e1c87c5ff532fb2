#pragma once
// Texts of the kernel and of settings, part by part. Each call takes what it returns off the front of the text.

#include <string_view>

namespace impact {

// Up to the next `end`, which goes too and is not in it; all that is left where there is none.
std::string_view next_until(std::string_view& text, char end) noexcept;

inline std::string_view next_line(std::string_view& text) noexcept { return next_until(text, '\n'); }

// What stands between blanks; empty at the end of the text.
std::string_view next_word(std::string_view& text) noexcept;

}  // namespace impact
