#pragma once
// Keeps whose energy it was, over one stream of readings: at each reading of use the energy since the last one is divided
// by the use in between, and the parts are cumulated, so that any region's part is a difference of two positions. Live
// tracking and replay feed it the same rows and get the same shares. It has no clock, no I/O and no lock.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "impact/attribution/idle_power.hpp"
#include "impact/attribution/split.hpp"
#include "impact/core/channel.hpp"
#include "impact/core/reading.hpp"
#include "impact/core/result.hpp"

namespace impact {

// Says how one channel of the total is divided. Channels are indices over all of the record.
struct SharePair {
  std::uint32_t energy = 0;
  std::uint32_t own = 0;   // is the consumer's use, a counter (s) or a gauge (B)
  std::uint32_t all = 0;   // is everybody's use, of the same kind
  std::uint32_t load = 0;  // is a counter whose rate over `capacity` is the device's load
  double capacity = 1.0;
  double bias = 0.0;  // is the 95 % half-width of dividing by this use, as a part of what is divided
};

struct ShareSettings {
  std::string scope;  // is empty where no share was asked for
  std::string whose;
  IdlePolicy policy = IdlePolicy::usage;
  std::vector<SharePair> pairs;
  std::optional<std::uint32_t> cores;      // is a gauge of the consumer's part of the machine's cores
  std::optional<std::uint32_t> consumers;  // is a gauge of how many there are on the machine
  std::vector<std::string> reasons;        // say what cannot be divided, and why
};

class ShareLedger {
 public:
  // Returns the joules that a channel has accumulated up to an instant, and NaN where they are not known.
  using EnergyAt = std::function<double(std::uint32_t channel, Instant at)>;

  ShareLedger(ShareSettings settings, std::span<const Channel> channels);

  bool wanted() const noexcept { return !settings_.scope.empty(); }
  const ShareSettings& settings() const noexcept { return settings_; }

  // Takes a row of readings, after the energies' accumulator has taken it.
  void row(std::span<const Reading> readings, const EnergyAt& energy_at);
  void enter(std::uint64_t region, Instant at);
  void begin(std::uint64_t region, Instant at);  // for a region that was entered before its time was known
  void exit(std::uint64_t region, Instant at);
  void forget(std::uint64_t region) { edges_.erase(region); }
  // Returns the share in a region's result; without an exit its end is result.stop. nullopt where none was asked for.
  std::optional<Share> share(const RegionResult& result) const;

 private:
  // Holds what is cumulated over the intervals of one pair.
  enum Item : std::size_t {
    all_s,
    all_j,
    vacant_j,
    unknown_j,
    own_j,
    own_s,
    others_j,
    others_s,
    all_use,
    cores_s,
    equal_s,
    items
  };
  using Sums = std::array<double, items>;
  struct Seen {
    double value = 0.0;
    Instant at{};
    bool here = false;  // is true where this row has it
  };
  struct Line {  // holds one pair
    bool seeded = false;
    Instant from{}, to{};                                   // bound the last interval
    Sums before{}, sums{};                                  // hold its begin and its end
    double energy = 0.0, own = 0.0, all = 0.0, load = 0.0;  // are those at its end
    IdlePower idle;
  };
  struct Point {
    Sums sums{};
    double variance = 0.0;  // is that of own_j, as the interval's use need not be even
  };
  struct Edge {
    Instant at{};
    std::vector<std::optional<Point>> points;  // has a pair's entry once an interval holds the instant
  };
  struct Edges {
    Edge in;
    std::optional<Edge> out;
  };

  void advance(std::size_t pair, Instant now, double energy);
  double use(std::uint32_t channel, double before, double now, double seconds) const;
  void resolve(Edge& edge) const;
  Point point(std::size_t pair, Instant at) const;
  std::optional<Point> point(const Edge& edge, std::size_t pair) const;
  void divide(std::size_t pair, const ChannelResult& part, const Point& in, const Point& out, Share& share) const;

  ShareSettings settings_;
  std::vector<Channel> channels_;
  std::vector<Seen> seen_;  // has one entry a channel
  std::vector<Line> lines_;
  std::map<std::uint64_t, Edges> edges_;
};

}  // namespace impact
