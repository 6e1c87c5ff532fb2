#pragma once
// What went wrong, and what the reader of the message can do about it.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace impact {

enum class ErrorKind : std::uint8_t {
  absent,         // the machine has no such thing
  forbidden,      // it is there, we may not read it
  unsupported,    // it is there and says that it cannot
  broken,         // it is there and answers nonsense
  misconfigured,  // it needs a setting that is absent or wrong
  shadowed,       // it works, and a better door to the same counters is used instead
};

struct Error {
  ErrorKind kind = ErrorKind::absent;
  std::string what;    // one sentence: what was tried, what happened, with the path and the system's reason
  std::string advice;  // the exact remedy, a command where there is one; empty where nothing helps
  int code = 0;        // the system's errno; 0 where it was not asked
};

constexpr std::string_view to_string(ErrorKind k) noexcept {
  constexpr std::string_view kNames[] = {"absent", "forbidden", "unsupported", "broken", "misconfigured", "shadowed"};
  return kNames[static_cast<std::size_t>(k)];
}

// A value or the error in its place.
template <class T>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace impact
