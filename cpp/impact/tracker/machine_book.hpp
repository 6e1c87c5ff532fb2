#pragma once
// Keeps the open regions over one stream of readings, with the machine's energy and the tracked consumer's share in it.
// Live tracking and replay feed it the same rows and marks and get the same results. It has no clock, no I/O, no lock.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "impact/attribution/share_ledger.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {

// Is a RegionBook whose results carry the consumer's share, where one was asked for.
class MachineBook {
 public:
  MachineBook(BookSettings settings, ShareSettings share);

  void row(std::span<const Reading> readings);
  void suspended(const Suspension& suspension) { book_.suspended(suspension); }
  void enter(const Mark& mark);
  void begin(std::uint64_t region, Instant at);
  std::optional<RegionResult> exit(const Mark& mark);
  std::optional<RegionResult> peek(const Mark& mark) const;
  std::vector<std::uint64_t> open_regions() const { return book_.open_regions(); }
  std::optional<Edges> edges_of(std::uint64_t region) const { return book_.edges_of(region); }
  std::vector<RegionResult> take_settled() { return std::exchange(settled_, {}); }
  std::vector<RegionResult> finish();
  void remark(std::string text) { book_.remark(std::move(text)); }

  const Accumulator& accumulator() const noexcept { return book_.accumulator(); }
  const BookSettings& settings() const noexcept { return book_.settings(); }
  const ShareSettings& share_settings() const noexcept { return ledger_.settings(); }

 private:
  void settle(std::vector<RegionResult> results);

  RegionBook book_;
  ShareLedger ledger_;
  std::vector<RegionResult> settled_;
};

}  // namespace impact
