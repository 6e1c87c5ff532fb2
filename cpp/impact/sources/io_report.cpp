#include "impact/sources/io_report.hpp"

#include <array>
#include <utility>
#include <vector>

namespace impact {
namespace {

// CoreFoundation's objects are told apart by nothing that is needed here.
using Object = const void*;

constexpr std::uint32_t kUtf8 = 0x08000100;  // is CoreFoundation's number of the encoding
constexpr const char* kReport = "/usr/lib/libIOReport.dylib";
constexpr const char* kFoundation = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation";

}  // namespace

struct IoReport::Functions {
  explicit Functions(std::vector<Library> loaded) : libraries(std::move(loaded)) {}
  Functions(const Functions&) = delete;
  ~Functions() {
    for (const Object object : {last, subscribed, wanted, subscription, channels_key}) {
      if (object != nullptr) release(object);
    }
  }

  template <class Function>
  void find(Function*& function, const char* name) {
    for (const Library& library : libraries) {
      if (function == nullptr) function = library.symbol<Function>(name);
    }
    if (function == nullptr && missing.empty()) missing = name;
  }

  bool find_all() {
    find(release, "CFRelease");
    find(make_string, "CFStringCreateWithCString");
    find(get_text, "CFStringGetCString");
    find(get_value, "CFDictionaryGetValue");
    find(get_count, "CFArrayGetCount");
    find(get_item, "CFArrayGetValueAtIndex");
    find(copy_channels, "IOReportCopyChannelsInGroup");
    find(create_subscription, "IOReportCreateSubscription");
    find(create_samples, "IOReportCreateSamples");
    find(create_difference, "IOReportCreateSamplesDelta");
    find(get_name, "IOReportChannelGetChannelName");
    find(get_unit, "IOReportChannelGetUnitLabel");
    find(get_integer, "IOReportSimpleGetIntegerValue");
    return missing.empty();
  }

  std::string_view text_of(Object string, std::array<char, 64>& buffer) const noexcept {
    if (string == nullptr) return {};
    if (get_text(string, buffer.data(), static_cast<long>(buffer.size()), kUtf8) == 0) return {};
    return buffer.data();
  }

  std::vector<Library> libraries;
  std::string missing;  // is the first function that is not there
  void (*release)(Object) = nullptr;
  Object (*make_string)(Object, const char*, std::uint32_t) = nullptr;
  unsigned char (*get_text)(Object, char*, long, std::uint32_t) = nullptr;
  Object (*get_value)(Object, Object) = nullptr;
  long (*get_count)(Object) = nullptr;
  Object (*get_item)(Object, long) = nullptr;
  Object (*copy_channels)(Object, Object, std::uint64_t, std::uint64_t, std::uint64_t) = nullptr;
  Object (*create_subscription)(void*, Object, Object*, std::uint64_t, Object) = nullptr;
  Object (*create_samples)(Object, Object, Object) = nullptr;
  Object (*create_difference)(Object, Object, Object) = nullptr;
  Object (*get_name)(Object) = nullptr;
  Object (*get_unit)(Object) = nullptr;
  std::int64_t (*get_integer)(Object, std::int32_t) = nullptr;

  Object channels_key = nullptr;  // is the key of a sample's channels
  Object wanted = nullptr;
  Object subscription = nullptr;
  Object subscribed = nullptr;
  Object last = nullptr;  // is the last sample
};

IoReport::IoReport(std::unique_ptr<Functions> functions) : functions_(std::move(functions)) {}
IoReport::IoReport(IoReport&&) noexcept = default;
IoReport::~IoReport() = default;

Result<IoReport> IoReport::open(const std::string& library) {
  const std::vector<std::string> names =
      library.empty() ? std::vector<std::string>{kReport, kFoundation} : std::vector<std::string>{library};
  std::vector<Library> libraries;
  for (const std::string& name : names) {
    Result<Library> loaded = Library::open(name);
    if (!loaded) return loaded.error();
    libraries.push_back(std::move(loaded).value());
  }
  auto functions = std::make_unique<Functions>(std::move(libraries));
  if (!functions->find_all()) return Error{ErrorKind::absent, names.front() + " has no " + functions->missing, ""};
  return IoReport{std::move(functions)};
}

bool IoReport::subscribe(const char* group) {
  Functions& f = *functions_;
  const Object name = f.make_string(nullptr, group, kUtf8);
  f.channels_key = f.make_string(nullptr, "IOReportChannels", kUtf8);
  if (name == nullptr || f.channels_key == nullptr) return false;
  f.wanted = f.copy_channels(name, nullptr, 0, 0, 0);
  f.release(name);
  if (f.wanted == nullptr) return false;
  f.subscription = f.create_subscription(nullptr, f.wanted, &f.subscribed, 0, nullptr);
  return f.subscription != nullptr && f.subscribed != nullptr;
}

bool IoReport::sample(void (*take)(void*, const IoReportChannel&), void* context) noexcept {
  Functions& f = *functions_;
  const Object now = f.create_samples(f.subscription, f.subscribed, nullptr);
  if (now == nullptr) return false;
  const bool is_first = f.last == nullptr;
  const Object seen = is_first ? now : f.create_difference(f.last, now, nullptr);
  const Object channels = seen == nullptr ? nullptr : f.get_value(seen, f.channels_key);
  if (channels == nullptr) {  // the sample before stays, so that the next difference holds this time too
    if (seen != nullptr && seen != now) f.release(seen);
    f.release(now);
    return false;
  }
  const long count = f.get_count(channels);
  for (long i = 0; i < count; ++i) {
    const Object channel = f.get_item(channels, i);
    if (channel == nullptr) continue;
    std::array<char, 64> name{}, unit{};
    const IoReportChannel told{f.text_of(f.get_name(channel), name), f.text_of(f.get_unit(channel), unit),
                               is_first ? 0 : f.get_integer(channel, 0)};
    take(context, told);
  }
  if (!is_first) {
    f.release(seen);
    f.release(f.last);
  }
  f.last = now;
  return true;
}

}  // namespace impact
