// Seeded randomness that is the same on every machine and library: std's distributions are not.
#pragma once

#include <cstdint>

namespace impact::fakes {

/// SplitMix64's output function: a good hash of any 64-bit number, so that tick k has its jitter without ticks 0..k-1.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// Uniform in [0, 1) from all bits of a hash.
constexpr double unit_interval(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1.0p-53; }

/// Uniform whole number in [low, high], high >= low.
constexpr std::int64_t between(std::uint64_t hash, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(unit_interval(hash) * static_cast<double>(high - low + 1));
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_{mix64(seed)} {}
  constexpr std::uint64_t next() { return mix64(state_ += 0x9E3779B97F4A7C15ULL); }
  constexpr double uniform() { return unit_interval(next()); }
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) { return fakes::between(next(), low, high); }

 private:
  std::uint64_t state_;
};

}  // namespace impact::fakes
