// A small IOReport and CoreFoundation. $IMPACT_FAKE_IOREPORT is what the power controller counts at the moment at which it
// is asked: "name|unit|count" for each channel of the group "Energy Model", with ";" between them; a count "@10" is that
// of 10 W since the machine's start. An empty text is a system without that group, "refused" one that gives no
// subscription, "silent" one whose samples fail. fake_live_objects() tells what was not released.
#include <time.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#define FAKE_API extern "C" __attribute__((visibility("default")))

namespace {

long live = 0;

struct Object {
  Object() { ++live; }
  virtual ~Object() { --live; }
};
struct String final : Object {
  explicit String(std::string value) : text(std::move(value)) {}
  std::string text;
};
struct Counter final : Object {
  String name{""}, unit{""};
  std::int64_t count = 0;
};
struct List final : Object {
  std::vector<std::unique_ptr<Counter>> counters;
};
struct Sample final : Object {
  List channels;
};
struct Subscription final : Object {};

double joules_per_count(const std::string& unit) {
  if (unit == "mJ") return 1e-3;
  return unit == "nJ" ? 1e-9 : 1e-6;
}

std::int64_t count_of(const std::string& text, const std::string& unit) {
  if (text.empty() || text.front() != '@') return std::atoll(text.c_str());
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  const double seconds = static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  return static_cast<std::int64_t>(std::atof(text.c_str() + 1) * seconds / joules_per_count(unit));
}

std::string asked() {
  const char* text = std::getenv("IMPACT_FAKE_IOREPORT");
  return text == nullptr ? "" : text;
}

std::unique_ptr<Sample> sample_now() {
  auto sample = std::make_unique<Sample>();
  std::istringstream in(asked());
  for (std::string part; std::getline(in, part, ';');) {
    auto counter = std::make_unique<Counter>();
    std::istringstream fields(part);
    std::string count;
    std::getline(fields, counter->name.text, '|');
    std::getline(fields, counter->unit.text, '|');
    std::getline(fields, count, '|');
    counter->count = count_of(count, counter->unit.text);
    sample->channels.counters.push_back(std::move(counter));
  }
  return sample;
}

const Counter* find(const List& list, const std::string& name, std::size_t nth) {
  for (const auto& counter : list.counters) {
    if (counter->name.text == name && nth-- == 0) return counter.get();
  }
  return nullptr;
}

}  // namespace

FAKE_API long fake_live_objects() { return live; }

FAKE_API void CFRelease(const void* object) { delete static_cast<const Object*>(object); }
FAKE_API const void* CFStringCreateWithCString(const void*, const char* text, std::uint32_t) {
  return static_cast<const Object*>(new String(text));
}
FAKE_API unsigned char CFStringGetCString(const void* string, char* buffer, long size, std::uint32_t) {
  const std::string& text = static_cast<const String*>(static_cast<const Object*>(string))->text;
  if (static_cast<long>(text.size()) >= size) return 0;
  std::memcpy(buffer, text.c_str(), text.size() + 1);
  return 1;
}
FAKE_API const void* CFDictionaryGetValue(const void* dictionary, const void* key) {
  const auto& name = static_cast<const String*>(static_cast<const Object*>(key))->text;
  if (name != "IOReportChannels") return nullptr;
  return static_cast<const Object*>(&static_cast<const Sample*>(static_cast<const Object*>(dictionary))->channels);
}
FAKE_API long CFArrayGetCount(const void* array) {
  return static_cast<long>(static_cast<const List*>(static_cast<const Object*>(array))->counters.size());
}
FAKE_API const void* CFArrayGetValueAtIndex(const void* array, long index) {
  const auto& counters = static_cast<const List*>(static_cast<const Object*>(array))->counters;
  return static_cast<const Object*>(counters[static_cast<std::size_t>(index)].get());
}

FAKE_API const void* IOReportCopyChannelsInGroup(const void* group, const void*, std::uint64_t, std::uint64_t,
                                                 std::uint64_t) {
  const auto& name = static_cast<const String*>(static_cast<const Object*>(group))->text;
  if (name != "Energy Model" || asked().empty()) return nullptr;
  return static_cast<const Object*>(sample_now().release());
}
FAKE_API const void* IOReportCreateSubscription(void*, const void*, const void** subscribed, std::uint64_t,
                                                const void*) {
  if (asked() == "refused") return nullptr;
  *subscribed = static_cast<const Object*>(sample_now().release());
  return static_cast<const Object*>(new Subscription);
}
FAKE_API const void* IOReportCreateSamples(const void*, const void*, const void*) {
  if (asked() == "silent") return nullptr;
  return static_cast<const Object*>(sample_now().release());
}
FAKE_API const void* IOReportCreateSamplesDelta(const void* before, const void* after, const void*) {
  const auto& first = static_cast<const Sample*>(static_cast<const Object*>(before))->channels;
  const auto& second = static_cast<const Sample*>(static_cast<const Object*>(after))->channels;
  auto difference = std::make_unique<Sample>();
  for (std::size_t i = 0; i < second.counters.size(); ++i) {
    const Counter& now = *second.counters[i];
    std::size_t nth = 0;
    for (std::size_t j = 0; j < i; ++j) nth += second.counters[j]->name.text == now.name.text ? 1 : 0;
    const Counter* then = find(first, now.name.text, nth);
    auto counter = std::make_unique<Counter>();
    counter->name.text = now.name.text;
    counter->unit.text = now.unit.text;
    counter->count = now.count - (then == nullptr ? 0 : then->count);
    difference->channels.counters.push_back(std::move(counter));
  }
  return static_cast<const Object*>(difference.release());
}
FAKE_API const void* IOReportChannelGetChannelName(const void* channel) {
  return static_cast<const Object*>(&static_cast<const Counter*>(static_cast<const Object*>(channel))->name);
}
FAKE_API const void* IOReportChannelGetUnitLabel(const void* channel) {
  return static_cast<const Object*>(&static_cast<const Counter*>(static_cast<const Object*>(channel))->unit);
}
FAKE_API std::int64_t IOReportSimpleGetIntegerValue(const void* channel, std::int32_t) {
  return static_cast<const Counter*>(static_cast<const Object*>(channel))->count;
}
