#pragma once
// Reads a row: integers, null, brackets and commas, without blanks and without a locale.

#include <charconv>
#include <string_view>

namespace impact {

class LineScanner {
 public:
  explicit LineScanner(std::string_view line) noexcept : next_(line.data()), end_(line.data() + line.size()) {}

  bool done() const noexcept { return next_ == end_; }
  bool peek(char c) const noexcept { return next_ != end_ && *next_ == c; }

  bool take(char c) noexcept {
    if (!peek(c)) return false;
    ++next_;
    return true;
  }

  bool take(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end_ - next_) < word.size() || std::string_view(next_, word.size()) != word)
      return false;
    next_ += word.size();
    return true;
  }

  // A whole number in range of its type.
  template <class Integer>
  bool take(Integer& out) noexcept {
    const auto [stop, error] = std::from_chars(next_, end_, out);
    if (error != std::errc{}) return false;
    next_ = stop;
    return true;
  }

 private:
  const char* next_;
  const char* end_;
};

}  // namespace impact
