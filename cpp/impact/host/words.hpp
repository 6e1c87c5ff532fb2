#pragma once
// Reads texts of the kernel and of settings part by part. Each call takes what it returns off the front of the text.

#include <string_view>

namespace impact {

// Returns the text up to the next `end`, which is taken off too; all that is left where there is no `end`.
std::string_view next_until(std::string_view& text, char end) noexcept;

inline std::string_view next_line(std::string_view& text) noexcept { return next_until(text, '\n'); }

// Returns the next word between blanks; it is empty at the end of the text.
std::string_view next_word(std::string_view& text) noexcept;

}  // namespace impact
