#pragma once
// This is the contract of a reader, which is one file, one line in sources.def and one test on a fake machine.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/error.hpp"
#include "impact/core/reading.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Takes the readings of one round. put() never throws: a reading that finds no memory is left out, which shows in its
// channel as a gap.
class Sink {
 public:
  void put(const Reading& reading) noexcept;
  void missing(std::uint32_t channel, Instant before, Instant after) noexcept {
    put(Reading::missing(channel, before, after));
  }
  std::span<const Reading> readings() const noexcept { return readings_; }
  std::span<Reading> readings() noexcept { return readings_; }
  void clear() noexcept { readings_.clear(); }

 private:
  std::vector<Reading> readings_;
};

// A fast source (every channel's latency at most 1 ms) keeps no state but descriptors, so two threads may read it at
// once; a slow one may keep a session or a ring, and only its own thread reads it.
class Source {
 public:
  virtual ~Source() = default;
  // Lists what it reads; that is known once it is open and constant over its life.
  virtual std::span<const Channel> channels() const noexcept = 0;
  // Puts one round: any number of readings, each with its channel (index into channels()), its own times and quality.
  // What cannot be read now is put as missing, never as 0 and never as the last value.
  virtual void read(Sink& out) noexcept = 0;
  // Says why a part of what it is for is not among its channels, such as a second socket's counter that is closed to us;
  // an error without words where nothing is left out.
  virtual Error left_out() const { return {}; }
  // Says in one line where its readings come from, where that is not the machine itself; empty where it is.
  virtual std::string origin() const { return {}; }
  // Says in a sentence, with the remedy, why its last round gave less than it should; empty where it did not. Its reading
  // thread asks, after the round. The same trouble has the same words.
  virtual std::string trouble() const { return {}; }
  // Names the reader (of sources.def) whose sensor the channel is: another one where that reads in our place.
  virtual std::string_view reader_of(std::uint32_t channel) const noexcept { return channels()[channel].source; }
  // Tells whether its channels are what the machine shows, because whoever reads them did not answer yet when it was
  // opened. Whoever begins later opens it anew.
  virtual bool is_provisional() const noexcept { return false; }
  // Lets go of what others may need (a session, a lock), as nobody reads it for a while. Its reading thread calls this.
  virtual void rest() noexcept {}
};

// What mends a missing permission where a service of root's may do the reading.
inline constexpr std::string_view kServiceRemedy =
    "leave it closed, and have a service of root's tell a group: docs/service.md, \"Readings without root\"; where it "
    "runs already, join its group: sudo usermod --append --groups impact-tracker $USER";

using OpenedSource = Result<std::unique_ptr<Source>>;

inline constexpr Duration kFastRead = std::chrono::milliseconds{1};
bool is_fast(const Source& source) noexcept;

}  // namespace impact
