#pragma once
// A counter that starts where each process opened it (perf events), as several records of one machine hold it, brought to
// one zero.
//
// One record carries the channel. Of every other the distance to it is estimated from all its readings that fall between
// two of the carrier's. When the carrier ends, the record that ends last goes on from there, at the distance known by
// then, whose standard error is stated. Pure: no clock, no I/O.

#include <cstdint>
#include <optional>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/reading.hpp"

namespace impact {

class CommonZero {
 public:
  // `stops`: by record, when its run ends.
  CommonZero(const Channel& channel, std::vector<Instant> stops);

  // Puts a reading on the common zero; the counts that it returns never go back. Readings come in the order of their
  // times. nullopt: the reading is of a record that does not carry the channel.
  std::optional<Reading> carried(std::size_t record, const Reading& reading);

  // The same at the edge of a region, of any record: where its distance is an estimate, its times are as wide as the
  // error of that. nullopt where it would say less than the carrier's next reading will.
  std::optional<Reading> at_edge(std::size_t record, const Reading& reading);

  bool carries(std::size_t record) const noexcept { return carrier_ == record; }

  // The record has ended.
  void leave(std::size_t record);

  // Half-width at 95 % that handing over between `from` and `to` adds to the energy between them, in the channel's unit.
  double half_width(Instant from, Instant to) const noexcept;

 private:
  struct Distance {  // of a record to the common zero, in counts
    bool live = false;
    std::optional<Reading> waiting;  // for the carrier's next reading
    std::uint64_t n = 0;
    std::int64_t base = 0;
    double mean = 0.0;  // of the distances, less base
    double squares = 0.0;
    double bracket = 0.0;  // counts and seconds between the carrier's readings around the last sample
    double bracket_s = 0.0;
  };
  struct HandOver {
    Instant at{};
    double half_width = 0.0;
  };

  std::optional<Reading> carry(const Reading& reading);
  // The distance when `waiting` was read, between the carrier's readings at `anchor_at` and now.
  void sample(Distance& distance, const Reading& waiting, Instant anchor_at, Instant now, std::int64_t count) const;
  void begin_again(const Reading& first);
  double half_width(const Distance& distance) const noexcept;  // in counts
  Reading raised(Reading reading, std::int64_t count);

  Channel channel_;
  std::vector<Instant> stops_;
  std::vector<Distance> distances_;
  std::vector<HandOver> handovers_;
  std::optional<std::size_t> carrier_;
  std::int64_t shift_ = 0;    // from the carrier's counts to the common ones
  std::int64_t highest_ = 0;  // count given out so far
  std::int64_t anchor_ = 0;   // the carrier's last reading, on the common zero
  std::optional<Instant> anchor_at_;
  double spacing_s_ = 0.0;  // of the carrier's last readings
  double rate_ = 0.0;       // counts per second between them
};

}  // namespace impact
