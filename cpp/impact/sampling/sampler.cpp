#include "impact/sampling/sampler.hpp"

#include <utility>

#include "impact/host/fork.hpp"
#include "impact/sampling/lane.hpp"

namespace impact {
namespace {

void add(SamplerStats& sum, const SamplerStats& part) noexcept {
  sum.rounds += part.rounds;
  sum.missed += part.missed;
  sum.cpu_time += part.cpu_time;
}

}  // namespace

Duration sampling_period(const Source& source, Duration interval) noexcept {
  Duration quickest = std::chrono::hours{1};
  Duration wrap = std::chrono::hours{24};
  for (const Channel& c : source.channels()) {
    quickest = std::min(quickest, c.update_period);
    if (c.longest_pause > Duration{0}) wrap = std::min(wrap, c.longest_pause);
    if (c.kind == Kind::counter && c.range != 0 && c.max_power.value() > 0.0) {
      // A period below half of the shortest possible wrap leaves one explanation for a step back: one wrap.
      const double wrap_s = 0.4 * static_cast<double>(c.range) * c.scale / c.max_power.value();
      wrap = std::min(wrap, Duration{static_cast<std::int64_t>(std::min(wrap_s, 86'400.0) * 1e9)});
    }
  }
  return std::max<Duration>(std::min(std::max(interval, quickest), wrap), std::chrono::microseconds{100});
}

Sampler::Sampler() = default;
Sampler::~Sampler() = default;

Sampler& Sampler::shared() { return per_process<Sampler>(); }

void Sampler::subscribe(const std::shared_ptr<Consumer>& consumer, std::span<const Subscription> subscriptions) {
  const std::lock_guard lock(mutex_);
  for (const Subscription& subscription : subscriptions) {
    if (is_fast(*subscription.source)) {
      if (!fast_) fast_ = std::make_shared<Lane>("impact-sampler");
      fast_->add(consumer, subscription);
    } else {
      auto& lane = slow_[subscription.source.get()];
      if (!lane) lane = std::make_shared<Lane>("impact-slow");
      lane->add(consumer, subscription);
    }
  }
}

void Sampler::unsubscribe(const Consumer* consumer) {
  std::shared_ptr<Lane> ended;  // joined without the lock
  const std::lock_guard lock(mutex_);
  for (auto& [source, lane] : slow_) lane->remove(consumer);  // its thread idles on: a join could wait for a BMC
  if (!fast_) return;
  fast_->remove(consumer);
  if (!fast_->empty()) return;
  add(retired_, fast_->stats());
  ended = std::exchange(fast_, nullptr);
}

SamplerStats Sampler::stats() const {
  const std::lock_guard lock(mutex_);
  SamplerStats sum = retired_;
  if (fast_) add(sum, fast_->stats());
  for (const auto& [source, lane] : slow_) add(sum, lane->stats());
  return sum;
}

}  // namespace impact
