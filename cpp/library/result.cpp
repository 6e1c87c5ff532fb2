#include <cmath>
#include <cstdio>
#include <cstring>

#include "handles.hpp"
#include "impact/tracker/json.hpp"
#include "words.hpp"

namespace impact {
namespace {

// The words of enums are literals, which end with a zero.
const char* literal(std::string_view word) noexcept {
  return word.data();
}  // NOLINT(bugprone-suspicious-stringview-data-usage)

impact_energy nothing() noexcept {
  const double unknown = Joules::missing().value();
  return {unknown, unknown, unknown, unknown, unknown, unknown, IMPACT_MISSING, 1};
}

impact_energy of_core(const Energy& energy) noexcept {
  const EnergyRange range = energy.range();
  return {energy.best().value(),
          energy.half().value(),
          energy.bias().value(),
          energy.modelled().value(),
          range.low.value(),
          range.high.value(),
          static_cast<std::int32_t>(energy.quality()),
          energy.partial() ? 1 : 0};
}

// A share's errors stand beside it: it is an energy of its own only here.
Energy energy_of(const Share& share) noexcept {
  if (share.share.is_missing()) return Energy::missing(true);
  try {
    return {share.share, share.half_width, share.bias, Joules::missing(), share.quality, !share.reasons.empty()};
  } catch (const std::invalid_argument&) {
    return Energy::missing(true);
  }
}

static_assert(static_cast<int>(Quality::measured) == IMPACT_MEASURED);
static_assert(static_cast<int>(Quality::modelled) == IMPACT_MODELLED);
static_assert(static_cast<int>(Quality::estimated) == IMPACT_ESTIMATED);
static_assert(static_cast<int>(Quality::stale) == IMPACT_STALE);
static_assert(static_cast<int>(Quality::missing) == IMPACT_MISSING);

}  // namespace

impact_result* make_result(const Tracker& tracker, std::optional<RegionResult> region) {
  if (!region) return nullptr;
  auto result = std::make_unique<impact_result>();
  result->channels = tracker.channels();
  result->region = std::move(*region);
  const std::vector<Channel>& channels = *result->channels;
  for (std::size_t i = 0; i < result->region.channels.size(); ++i) {
    if (measures_energy(channels[result->region.channels[i].channel])) result->devices.push_back(i);
  }
  result->json = to_json(result->region, channels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return result.release();
}

}  // namespace impact

using impact::Joules;

void impact_result_free(impact_result* result) { delete result; }

const char* impact_result_name(const impact_result* result) {
  return result == nullptr ? "" : result->region.name.c_str();
}

double impact_result_seconds(const impact_result* result) {
  return result == nullptr ? std::nan("") : impact::seconds(result->region.stop - result->region.start);
}

impact_energy impact_result_energy(const impact_result* result) {
  return result == nullptr ? impact::nothing() : impact::of_core(result->region.energy);
}

double impact_result_psys_j(const impact_result* result) {
  return (result == nullptr ? Joules::missing() : result->region.psys).value();
}

double impact_result_wall_j(const impact_result* result) {
  return (result == nullptr ? Joules::missing() : result->region.wall).value();
}

double impact_result_rest_j(const impact_result* result) {
  return (result == nullptr ? Joules::missing() : result->region.rest).value();
}

double impact_result_coverage(const impact_result* result) { return result == nullptr ? 0.0 : result->region.coverage; }

int impact_result_is_provisional(const impact_result* result) {
  return result != nullptr && result->region.provisional ? 1 : 0;
}

int impact_result_share(const impact_result* result, impact_share* share) {
  if (result == nullptr || share == nullptr || !result->region.share) return 0;
  const impact::Share& told = *result->region.share;
  *share = {impact::of_core(impact::energy_of(told)),
            told.idle.value(),
            told.others.value(),
            told.machine_idle.value(),
            told.unattributed.value(),
            told.cpu_s,
            told.all_cpu_s,
            told.scope.c_str(),
            told.policy.c_str(),
            told.whose.c_str()};
  return 1;
}

size_t impact_result_device_count(const impact_result* result) {
  return result == nullptr ? 0 : result->devices.size();
}

int impact_result_device(const impact_result* result, size_t number, impact_device* device) {
  if (result == nullptr || device == nullptr || number >= result->devices.size()) return 0;
  const impact::ChannelResult& of_channel = result->region.channels[result->devices[number]];
  const impact::Channel& channel = (*result->channels)[of_channel.channel];
  *device = {channel.id.c_str(),
             channel.device.c_str(),
             channel.source.c_str(),
             impact::literal(impact::to_string(channel.domain)),
             impact::literal(impact::to_string(of_channel.role)),
             impact::of_core(of_channel.energy(channel)),
             of_channel.coverage};
  return 1;
}

size_t impact_result_note_count(const impact_result* result) {
  return result == nullptr ? 0 : result->region.notes.size();
}

const char* impact_result_note(const impact_result* result, size_t number) {
  if (result == nullptr || number >= result->region.notes.size()) return nullptr;
  return result->region.notes[number].c_str();
}

const char* impact_result_json(const impact_result* result) {
  return result == nullptr ? "null" : result->json.c_str();
}

size_t impact_energy_text(const impact_energy* energy, char* text, size_t size) {
  std::string words;
  const impact_status status = impact::guarded([&] { words = energy == nullptr ? "" : impact::text_of(*energy); });
  if (status != IMPACT_OK) words.clear();
  if (text != nullptr && size > 0) {
    const std::size_t length = std::min(words.size(), size - 1);
    std::memcpy(text, words.data(), length);
    text[length] = '\0';
  }
  return words.size();
}
