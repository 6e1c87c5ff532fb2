#pragma once
// A machine in virtual time: a clock that reads move on, and counters with a known curve behind the real edge reader,
// accumulator and region book.

#include <memory>
#include <vector>

#include "fakes/rapl_channel.hpp"
#include "fakes/virtual_counter.hpp"
#include "impact/sampling/edge_reader.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact::test {

class VirtualClock final : public Clock {
 public:
  Instant now() const noexcept override { return instant(now_ns += 22); }
  std::int64_t utc_ns() const noexcept override { return now_ns; }
  mutable std::int64_t now_ns = 1'000'000'000;
};

class VirtualSource final : public Source {
 public:
  VirtualSource(VirtualClock& clock, fakes::VirtualCounter counter, Channel channel)
      : clock_(&clock), counter_(std::move(counter)), channels_{std::move(channel)} {}
  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override {
    const fakes::CounterRead r = counter_.read(clock_->now_ns);
    const Instant before = instant(r.before_ns);
    const Instant after = instant(r.after_ns);
    if (r.raw) {
      out.put({0, channels_[0].quality, static_cast<std::int64_t>(*r.raw), before, after});
    } else {
      out.missing(0, before, after);
    }
  }
  const fakes::VirtualCounter& counter() const noexcept { return counter_; }

 private:
  VirtualClock* clock_;
  fakes::VirtualCounter counter_;
  std::vector<Channel> channels_;
};

inline Channel rapl_channel(std::uint64_t range = 1ULL << 32U) {
  Channel c = fakes::rapl_channel(range);
  c.tick_jitter = std::chrono::microseconds{20};
  return c;
}

// One counter, and regions on it.
class VirtualMachine {
 public:
  VirtualMachine(const std::string& curve, fakes::TickModel ticks, fakes::ReadModel reads,
                 Channel channel = rapl_channel())
      : source(std::make_shared<VirtualSource>(clock, fakes::VirtualCounter{fakes::Curve::parse(curve), ticks, reads},
                                               channel)),
        book(BookSettings{{channel}, {true}, {{Role::in_total}, {}}, std::chrono::seconds{1}}),
        reader(Host{"/", &clock}, {{source, 0}}) {}

  void sample() {
    Sink sink;
    source->read(sink);
    book.row(sink.readings());
  }

  std::uint64_t enter(Edges edges) {
    Mark mark{Mark::Kind::enter, ++last_, 0, "region", edges, {}, reader.read(edges)};
    mark.at = clock.now();
    book.enter(mark);
    return last_;
  }

  RegionResult exit(std::uint64_t region, Edges edges) {
    Mark mark{Mark::Kind::exit, region, 0, "", edges, clock.now(), {}};
    mark.readings = reader.read(edges);
    return *book.exit(mark);
  }

  double truth_j(const RegionResult& r) const {
    return source->counter().truth_j(nanoseconds(r.start), nanoseconds(r.stop));
  }

  VirtualClock clock;
  std::shared_ptr<VirtualSource> source;
  RegionBook book;
  EdgeReader reader;

 private:
  std::uint64_t last_ = 0;
};

}  // namespace impact::test
