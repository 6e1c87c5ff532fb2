#include "impact/sources/remaining_source.hpp"

namespace impact {

RemainingSource::RemainingSource(std::unique_ptr<Source> source, std::span<const std::uint32_t> kept)
    : source_(std::move(source)), kept_(kept.begin(), kept.end()), numbers_(source_->channels().size()) {
  for (const std::uint32_t index : kept) {
    numbers_[index] = static_cast<std::uint32_t>(channels_.size());
    channels_.push_back(source_->channels()[index]);
  }
}

void RemainingSource::read(Sink& out) noexcept {
  thread_local Sink all;
  all.clear();
  source_->read(all);
  for (Reading reading : all.readings()) {
    if (reading.channel >= numbers_.size()) continue;
    const std::optional<std::uint32_t> number = numbers_[reading.channel];
    if (!number) continue;
    reading.channel = *number;
    out.put(reading);
  }
}

std::unique_ptr<Source> without_taken(std::unique_ptr<Source> source, std::set<std::string>& taken) {
  const std::span<const Channel> channels = source->channels();
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = 0; i < channels.size(); ++i) {
    if (!taken.contains(channels[i].id)) kept.push_back(i);
  }
  for (const std::uint32_t i : kept) taken.insert(channels[i].id);
  if (kept.empty()) return nullptr;
  if (kept.size() == channels.size()) return source;
  return std::make_unique<RemainingSource>(std::move(source), kept);
}

}  // namespace impact
