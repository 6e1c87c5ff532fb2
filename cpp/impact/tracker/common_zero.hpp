#pragma once
// Brings a counter that starts where each process opened it (perf events) to one zero, where several records of one
// machine hold it.
//
// One record carries the channel. The distance of every other to it is estimated from all its readings that lie between
// two of the carrier's. When the carrier ends, the record that ends last goes on from there, at the distance known by
// then, whose standard error is stated. Nothing here asks a clock or does I/O.

#include <cstdint>
#include <optional>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/reading.hpp"

namespace impact {

class CommonZero {
 public:
  // `stops` tells of each record when its run ends.
  CommonZero(const Channel& channel, std::vector<Instant> stops);

  // Puts a reading on the common zero; the counts that it returns never go back. Readings come in the order of their
  // times. Returns nullopt for a reading of a record that does not carry the channel.
  std::optional<Reading> carried(std::size_t record, const Reading& reading);

  // Does the same at the edge of a region, for any record: where its distance is an estimate, the times that it returns
  // are as wide as the error of that. Returns nullopt where it would say less than the carrier's next reading will.
  std::optional<Reading> at_edge(std::size_t record, const Reading& reading);

  bool carries(std::size_t record) const noexcept { return carrier_ == record; }

  // Tells that the record has ended.
  void leave(std::size_t record);

  // Returns the half-width (95 %), in the channel's unit, that handing over between `from` and `to` adds to the energy.
  double half_width(Instant from, Instant to) const noexcept;

 private:
  struct Distance {  // is that of a record to the common zero, in counts
    bool live = false;
    std::optional<Reading> waiting;  // waits for the carrier's next reading
    std::uint64_t n = 0;
    std::int64_t base = 0;
    double mean = 0.0;  // is that of the distances, less base
    double squares = 0.0;
    double bracket = 0.0;  // is what the carrier counted around the last sample, and the line below how long that took
    double bracket_s = 0.0;
  };
  struct HandOver {
    Instant at{};
    double half_width = 0.0;
  };

  std::optional<Reading> carry(const Reading& reading);
  // Returns what the counter cannot count over so long a time.
  double most_counts(Duration time) const noexcept;
  // Adds the distance when `waiting` was read, which was between the carrier's readings at `anchor_at` and now.
  void sample(Distance& distance, const Reading& waiting, Instant anchor_at, Instant now, std::int64_t count) const;
  void begin_again(const Reading& first);
  double half_width(const Distance& distance) const noexcept;  // is in counts
  Reading raised(Reading reading, std::int64_t count);

  Channel channel_;
  std::vector<Instant> stops_;
  std::vector<Distance> distances_;
  std::vector<HandOver> handovers_;
  std::optional<std::size_t> carrier_;
  std::int64_t shift_ = 0;    // leads from the carrier's counts to the common ones
  std::int64_t highest_ = 0;  // is the largest count given out so far
  std::int64_t anchor_ = 0;   // is the carrier's last reading, on the common zero
  std::optional<Instant> anchor_at_;
  double spacing_s_ = 0.0;  // lies between the carrier's last readings
  double rate_ = 0.0;       // tells the counts per second between them
};

}  // namespace impact
