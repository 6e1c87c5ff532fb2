#include "impact/sources/shared_source.hpp"

#include <algorithm>

#include "impact/sources/domain_tree.hpp"

namespace impact {
namespace {

// FNV-1a: a place from names of any length. Nothing is secret, nobody chooses the parts against us.
std::uint64_t hash_of(std::initializer_list<std::string_view> parts) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325;
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3; };
  for (const std::string_view part : parts) {
    std::ranges::for_each(part, add);
    add('\0');
  }
  return hash;
}

}  // namespace

SharedSource::SharedSource(std::unique_ptr<Source> source, std::optional<ProcessLock> lock)
    : source_(std::move(source)), lock_(std::move(lock)) {}

void SharedSource::read(Sink& out) noexcept {
  const ProcessLock::State taken = lock_ ? lock_->take() : ProcessLock::State::unusable;
  if (lock_ && taken == ProcessLock::State::others) {
    holder_ = lock_->holder();
    state_ = Sharing::State::elsewhere;
    if (!resting_) source_->rest();
    resting_ = true;
    return;
  }
  state_ = taken == ProcessLock::State::mine ? Sharing::State::mine : Sharing::State::everybody;
  resting_ = false;
  source_->read(out);
}

void SharedSource::rest() noexcept {
  source_->rest();
  resting_ = true;
  if (lock_) lock_->release();
  state_ = Sharing::State::unknown;
}

Sharing SharedSource::sharing() const noexcept {
  const Sharing::State state = state_;
  return {state, state == Sharing::State::elsewhere ? holder_.load() : 0};
}

bool can_be_shared(const Source& source) noexcept {
  return std::ranges::all_of(source.channels(), [](const Channel& c) {
    return c.latency >= kSharedRead && (c.domain == Domain::wall || !tells_energy(c));
  });
}

std::unique_ptr<Source> share(const Host& host, std::string_view run_key, std::unique_ptr<Source> source) {
  if (run_key.empty() || !can_be_shared(*source)) return source;
  const Result<std::string> boot = read_text(host.path("/proc/sys/kernel/random/boot_id"), 256);
  const Channel& first = source->channels().front();
  const std::uint64_t key = hash_of({boot ? boot.value() : "", run_key, first.id, first.device});
  Result<ProcessLock> lock = ProcessLock::open(host, first.source + ".lock", key);
  std::optional<ProcessLock> held;
  if (lock) held = std::move(lock).value();
  return std::make_unique<SharedSource>(std::move(source), std::move(held));
}

}  // namespace impact
