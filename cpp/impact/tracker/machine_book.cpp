#include "impact/tracker/machine_book.hpp"

#include <utility>

namespace impact {

MachineBook::MachineBook(BookSettings settings, ShareSettings share)
    : book_(std::move(settings)), ledger_(std::move(share), book_.settings().channels) {}

// A settled result gets its share for the last time, so the ledger may forget the region's edges.
void MachineBook::settle(std::vector<RegionResult> results) {
  for (RegionResult& result : results) {
    result.share = ledger_.share(result);
    ledger_.forget(result.region);
    settled_.push_back(std::move(result));
  }
}

void MachineBook::row(std::span<const Reading> readings) {
  book_.row(readings);
  const Accumulator& accumulator = book_.accumulator();
  ledger_.row(readings, [&](std::uint32_t channel, Instant at) {
    const std::optional<Position> position = accumulator.at(channel, at);
    return position ? position->value : kUnknown;
  });
  settle(book_.take_settled());
}

void MachineBook::enter(const Mark& mark) {
  book_.enter(mark);
  ledger_.enter(mark.region, mark.at);
}

void MachineBook::begin(std::uint64_t region, Instant at) {
  book_.begin(region, at);
  ledger_.begin(region, at);
}

std::optional<RegionResult> MachineBook::exit(const Mark& mark) {
  std::optional<RegionResult> result = book_.exit(mark);
  if (!result) return result;
  ledger_.exit(mark.region, mark.at);
  result->share = ledger_.share(*result);
  bool provisional = false;
  for (const ChannelResult& part : result->channels) provisional = provisional || part.provisional;
  if (!provisional) ledger_.forget(mark.region);
  return result;
}

std::optional<RegionResult> MachineBook::peek(const Mark& mark) const {
  std::optional<RegionResult> result = book_.peek(mark);
  if (result) result->share = ledger_.share(*result);
  return result;
}

std::vector<RegionResult> MachineBook::finish() {
  settle(book_.finish());
  return take_settled();
}

}  // namespace impact
