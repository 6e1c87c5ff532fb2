#pragma once
// The open regions over one stream of readings. Live tracking and replay feed it the same rows and marks and get the
// same results. Pure: no clock, no I/O, no lock.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "impact/core/mark.hpp"
#include "impact/core/result.hpp"
#include "impact/sampling/accumulator.hpp"
#include "impact/sampling/region_energy.hpp"

namespace impact {

// How the channels sum to the machine.
struct Roles {
  std::vector<Role> by_channel;
  std::vector<std::string> missing;  // components that the machine has and no channel covers
};

struct BookSettings {
  std::vector<Channel> channels;
  std::vector<bool> at_edges;  // by channel: read at the edges of regions
  Roles roles;
  Duration interval{0};  // of the sampler, for the error of sampled channels and the longest bridge
};

class RegionBook {
 public:
  static constexpr const char* kRunName = "run";  // of region 0

  explicit RegionBook(BookSettings settings);

  // Readings of the sampler: one a channel, or several of a channel in the order of their times.
  void row(std::span<const Reading> readings);
  // The machine slept, as was seen after the rows and marks so far and before the next ones.
  void suspended(const Suspension& suspension);
  // Opens a region.
  void enter(const Mark& mark);
  // The same in two steps, so that all the work is done before the region's time begins: enter with a mark whose time is
  // kNotYet, then begin.
  static constexpr Instant kNotYet = Instant::max();
  void begin(std::uint64_t region, Instant at);
  // Closes it. The result is provisional where a sampled channel has no reading after the end yet. nullopt: not open.
  std::optional<RegionResult> exit(const Mark& mark);
  // What a region has cost up to `mark`, without closing it or changing anything. nullopt: not open.
  std::optional<RegionResult> peek(const Mark& mark) const;
  // Numbers of the regions that are open, the run (0) last; and how an open one's edges are read.
  std::vector<std::uint64_t> open_regions() const;
  std::optional<Edges> edges_of(std::uint64_t region) const;
  // The results that were provisional and now are not; each is given once.
  std::vector<RegionResult> take_settled();
  // No more readings: settles what is left by holding the last values.
  std::vector<RegionResult> finish();

  // Words that the notes of every result from here on end with, each once.
  void remark(std::string text);

  const Accumulator& accumulator() const noexcept { return accumulator_; }
  const BookSettings& settings() const noexcept { return settings_; }

 private:
  struct Edge {
    Instant at{};
    std::vector<std::optional<EdgePoint>> points;    // channels read at the edges
    std::vector<std::optional<Position>> positions;  // channels the sampler alone reads
    std::vector<bool> settled;                       // by channel: no later reading will change it
    bool all_settled = false;
  };
  struct Region {
    RegionResult head;  // everything but the sums
    Edge in;
    Edge out;
    std::vector<double> recent_power;
  };

  void add(std::span<const Reading> readings);
  Edge make_edge(const Mark& mark, const Accumulator& accumulator) const;
  bool settle(Edge& edge, bool hold) const;
  RegionResult result(Region region, bool provisional) const;

  BookSettings settings_;
  Accumulator accumulator_;
  std::map<std::uint64_t, Region> open_;
  std::map<std::uint64_t, Region> closing_;
  std::vector<RegionResult> settled_;
  std::vector<std::string> remarks_;
  std::vector<Suspension> sleeps_;
};

}  // namespace impact
