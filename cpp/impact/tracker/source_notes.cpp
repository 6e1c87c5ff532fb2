// This part of the tracker notes what becomes known of sources while they are read.

#include <utility>

#include "impact/tracker/sharing_note.hpp"
#include "impact/tracker/tracker.hpp"
#include "impact/tracker/trouble_note.hpp"

namespace impact {

using nlohmann::json;

// Notes who reads a source that the run shares, because another process may have taken over or have died.
void Tracker::note_sharing(std::uint32_t slot) {
  if (!has_shared_ || slot >= opened_->shared.size() || !opened_->shared[slot]) return;
  sharing_.resize(opened_->sources.size());
  const Sharing now = opened_->shared[slot]->sharing();
  if (now == std::exchange(sharing_[slot], now)) return;
  const json note = sharing_note(opened_->channels[opened_->sources[slot].first].source, now);
  if (note.is_null()) return;
  if (const std::optional<std::string> remark = sharing_remark(note)) book_.remark(*remark);
  writer_->note(note);
}

// Notes why a source gave less than it should, once for each time that this begins.
void Tracker::note_trouble(std::uint32_t slot) {
  std::string now = opened_->sources[slot].source->trouble();
  if (troubles_.empty() && now.empty()) return;
  troubles_.resize(opened_->sources.size());
  if (now == troubles_[slot]) return;
  troubles_[slot] = std::move(now);
  if (troubles_[slot].empty()) return;
  const json note = trouble_note(opened_->channels[opened_->sources[slot].first].source, troubles_[slot]);
  if (const std::optional<std::string> remark = trouble_remark(note)) book_.remark(*remark);
  writer_->note(note);
}

}  // namespace impact
