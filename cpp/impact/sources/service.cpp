// The machine's energy as its service tells it: a privileged reader behind a Unix socket (impact-tracker serve --reader)
//
// Measures   What the service reads and this process may not, as a rule RAPL, which is root's alone since Linux 5.10.
//            Channels that a reader of this process has are left out here: the sensor itself goes before.
// Needs      The service, started by root (docs/service.md), and membership in its group. Its socket is
//            /run/impact-tracker/reader.sock, else what IMPACT_TRACKER_SERVICE_SOCKET names ("off": it is not asked). It
//            must run as root or as this user, else as one of IMPACT_TRACKER_SERVICE_USER (names or numbers, commas).
// Channels   Those of the readers behind it, with their ids, devices, domains, errors and qualities. Energy in J, counts
//            of 10 mJ since the service began; power in W, its mean between two readings of the service.
// Resolution The service's interval: 1 s unless its administrator says otherwise, 0.1 s at least. All who ask within an
//            interval get the same values, with the time at which they were read: no request reads a counter. A region's
//            edge lies between two of them, and its energy is as uncertain as that makes it.
// Known faults
//   - A service that began anew knows nothing of the time before: the energy between is not measured, and is a gap.
//   - Sensors that the service finds later than this process found the service are not read.
//   - Where a service is set up (its socket is named, its folder or its unit is there) and does not answer yet, RAPL's
//     counters that powercap shows wait for it: it is looked for each 5 s, and they are missing until then. A service that
//     is set up on the machine for the first time while a program runs, and its other sensors, are not waited for.
//   - In a container with a monotonic clock of its own the times do not compare, and the service is not used.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "impact/host/file.hpp"
#include "impact/host/words.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/sources/iso_time.hpp"
#include "impact/sources/rapl.hpp"
#include "impact/sources/service_client.hpp"
#include "impact/sources/service_frame.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

constexpr std::string_view kUsualSocket = "/run/impact-tracker/reader.sock";
constexpr SourceSetting kSocket{"service_socket", "socket of the machine's service; off: it is not asked",
                                SettingKind::path, kUsualSocket};
constexpr SourceSetting kUser{"service_user", "users that it may run as beside root and you, with commas"};
constexpr std::array kSettings{kSocket, kUser};

constexpr Duration kPatience = std::chrono::seconds{1};  // a question and its answer take no longer
// The first question may take longer, because the ranks of a job ask all at once, and who gives up has no service.
constexpr Duration kFirstPatience = std::chrono::seconds{3};
constexpr Duration kBetweenLooks = std::chrono::seconds{5};  // how often an awaited service is looked for
// The service has these two where its unit is used as it comes; they stand for one that is still awaited.
constexpr Duration kUsualInterval = std::chrono::seconds{1};
constexpr double kUsualResolutionJ = 0.01;
constexpr Duration kAheadOfUs = std::chrono::milliseconds{1};

// After so long a service that renews its values this often has been lost.
Duration longest_silence(Duration interval) { return 3 * interval + std::chrono::seconds{1}; }

std::optional<std::string_view> age_trouble(const ServiceFrame& frame, Instant now) {
  if (frame.taken > now + kAheadOfUs) return "its clock is not this process's: a container with a time of its own?";
  if (now - frame.taken > longest_silence(frame.interval)) return "its values are not renewed any more";
  return std::nullopt;
}

class Service final : public Source {
 public:
  // `awaited`: why the service does not answer yet, of which the frame says what is expected; no words where it did.
  Service(const Host& host, ServiceClient client, ServiceFrame frame, Error awaited = {})
      : clock_(host.clock),
        client_(std::move(client)),
        interval_(frame.interval),
        provisional_(!awaited.what.empty()),
        awaits_(provisional_),
        began_(host.now()),
        next_look_(host.now() + kBetweenLooks),
        left_out_(std::move(awaited)) {
    for (ServiceChannel& entry : frame.channels) {
      Channel& c = entry.channel;
      readers_.push_back(std::exchange(c.source, "service"));
      c.latency = kPatience;
      numbers_.emplace(c.id, static_cast<std::uint32_t>(channels_.size()));
      channels_.push_back(std::move(c));
    }
    places_.resize(channels_.size());
    seen_.resize(channels_.size());
    if (awaits_) trouble_ = awaiting(left_out_);
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }
  std::string trouble() const override { return trouble_; }
  void rest() noexcept override { client_.let_go(); }
  Error left_out() const override { return left_out_; }
  std::string_view reader_of(std::uint32_t channel) const noexcept override { return readers_[channel]; }
  bool is_provisional() const noexcept override { return provisional_; }

  std::string origin() const override {
    if (provisional_)
      return fmt::format("readings shall come from the service at {}, which does not answer yet",
                         client_.path().string());
    return fmt::format("readings come from the service at {} ({:.3g} Hz; 10 Hz at most)", client_.path().string(),
                       1.0 / seconds(interval_));
  }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    seen_.assign(channels_.size(), false);
    try {
      if (!awaits_)
        ask(out);
      else if (before >= next_look_)
        look(out);
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    for (std::uint32_t i = 0; i < channels_.size(); ++i) {
      if (!seen_[i]) out.missing(i, before, after);
    }
  }

 private:
  struct Place {  // where a counter's counts begin among all numbers
    std::uint64_t epoch = 0;
    std::int64_t number = -1;
  };

  static std::string in_words(const Error& error) {
    return error.advice.empty() ? error.what : error.what + "; " + error.advice;
  }

  static std::string awaiting(const Error& error) {
    return in_words(error) + fmt::format("; it is looked for each {:.0f} s, and what it reads is missing until then",
                                         seconds(kBetweenLooks));
  }

  void ask(Sink& out) {
    const Result<ServiceFrame> frame = client_.ask(kPatience);
    trouble_ = frame ? std::string{} : in_words(frame.error());
    if (frame) hand_on(frame.value(), out);
  }

  // Whether the service, which was not there when this process began, answers now.
  void look(Sink& out) {
    const Result<ServiceFrame> frame = client_.ask(kPatience);
    next_look_ = clock_->now() + kBetweenLooks;
    if (!frame) {
      trouble_ = awaiting(frame.error());
      return;
    }
    if (frame.value().interval > kUsualInterval) {
      trouble_ = fmt::format(
          "{}: it renews its values each {:.3g} s, and this process, which began before it, counts with each {:.0f} s: "
          "what it reads stays missing until the program is started anew",
          client_.path().string(), seconds(frame.value().interval), seconds(kUsualInterval));
      return;
    }
    trouble_.clear();
    hand_on(frame.value(), out);
    awaits_ = std::ranges::none_of(seen_, [](bool seen) { return seen; });
    if (awaits_ && trouble_.empty())
      trouble_ = client_.path().string() + ": it reads none of the sensors that were expected of it";
    if (awaits_) return;
    const Instant from = frame.value().before.value_or(frame.value().taken);
    const std::int64_t utc_ns = clock_->utc_ns() - (clock_->now() - from).count();
    trouble_ = fmt::format("{}: it answers since {}; of the {:.1f} s before, what it reads was not measured{}",
                           client_.path().string(), format_iso_time(utc_ns), std::max(seconds(from - began_), 0.0),
                           unexpected(frame.value()));
  }

  // Names the sensors that a process which begins now would read, too.
  std::string unexpected(const ServiceFrame& frame) const {
    std::string names;
    for (const ServiceChannel& entry : frame.channels) {
      if (numbers_.contains(entry.channel.id)) continue;
      names += (names.empty() ? "" : ", ") + entry.channel.id;
    }
    return names.empty() ? names : "; a program that begins now reads these of it as well: " + names;
  }

  void hand_on(const ServiceFrame& frame, Sink& out) {
    if (const auto trouble = age_trouble(frame, clock_->now())) {
      trouble_ = fmt::format("{}: {}; {}", client_.path().string(), *trouble, kRestartService);
      return;
    }
    // A listener needs two readings for a rate, so it gets the frame before as well: when it begins to listen, and when
    // it missed that frame.
    const bool with_before = frame.before && *frame.before != last_taken_;
    bool has_gap = false;
    std::string lost;
    for (const ServiceChannel& entry : frame.channels) {
      const auto number = numbers_.find(entry.channel.id);
      if (number != numbers_.end() && !entry.trouble.empty() && lost.find(entry.trouble) == std::string::npos)
        lost += (lost.empty() ? "" : "; ") + entry.trouble;
      if (number == numbers_.end() || !entry.count) continue;
      const std::uint32_t i = number->second;
      const Channel& mine = channels_[i];
      if (mine.kind != entry.channel.kind || mine.scale != entry.channel.scale) continue;
      seen_[i] = true;
      if (mine.kind == Kind::gauge) {
        out.put({i, mine.quality, *entry.count, frame.taken, frame.taken});
        continue;
      }
      const std::int64_t place = place_of(i, entry.epoch, has_gap);
      if (with_before && entry.before) out.put({i, mine.quality, place + *entry.before, *frame.before, *frame.before});
      out.put({i, mine.quality, place + *entry.count, frame.taken, frame.taken});
    }
    last_taken_ = frame.taken;
    if (!lost.empty()) trouble_ = fmt::format("{}: {}", client_.path().string(), lost);
    if (has_gap)
      trouble_ = client_.path().string() +
                 ": the service began anew or lost a sensor; what was used meanwhile is not measured";
  }

  // Counts of one epoch have one place in all processes, as far as that can be; those of two epochs never have the same.
  // Places lie as far apart as a service counts in months, and one that runs for years counts on through the next ones: a
  // step from one epoch into another is still far from what a machine can draw, but for one chance in millions.
  std::int64_t place_of(std::uint32_t i, std::uint64_t epoch, bool& has_gap) {
    constexpr int kBitsApart = 40;
    constexpr std::uint64_t kPlaces = std::uint64_t{1} << (52U - kBitsApart);  // room for the counts of the last one
    Place& place = places_[i];
    if (place.number < 0 || place.epoch != epoch) {
      has_gap = has_gap || place.number >= 0;
      auto number = static_cast<std::int64_t>(epoch % kPlaces);
      if (number == place.number) number = (number + 1) % static_cast<std::int64_t>(kPlaces);
      place = {epoch, number};
    }
    return place.number << kBitsApart;
  }

  const Clock* clock_;
  ServiceClient client_;
  Duration interval_;
  bool provisional_;  // the channels are those that were expected
  bool awaits_;       // no answer yet
  Instant began_;
  Instant next_look_;
  Error left_out_;
  std::vector<Channel> channels_;
  std::vector<std::string> readers_;                           // by channel: behind the service
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // by id
  std::vector<Place> places_;
  std::vector<bool> seen_;
  Instant last_taken_{};
  std::string trouble_;
};

// Of what the service reads twice, the better sensor stays; `frame` has the readers' own names as sources.
void drop_duplicates(ServiceFrame& frame) {
  std::vector<Channel> channels;
  channels.reserve(frame.channels.size());
  for (const ServiceChannel& entry : frame.channels) channels.push_back(entry.channel);
  const Cover cover = find_cover(channels);
  std::size_t i = 0;
  std::erase_if(frame.channels, [&](const ServiceChannel&) { return cover.parts[i++].role == Role::duplicate; });
}

// Tells whether a service is set up on this machine, whether it runs or not.
bool is_set_up(const Host& host) {
  constexpr const char* kTraces[] = {"/run/impact-tracker", "/etc/systemd/system/impact-tracker-reader.service",
                                     "/usr/lib/systemd/system/impact-tracker-reader.service"};
  return std::ranges::any_of(kTraces, [&](const char* trace) {
    std::error_code failed;
    return std::filesystem::exists(host.path(trace), failed);
  });
}

// Describes what a service is expected to tell that does not answer yet: counters that this process may not read.
ServiceFrame expected_frame(const Host& host) {
  ServiceFrame frame;
  frame.interval = kUsualInterval;
  for (Channel& counter : rapl::closed_counters(host)) {
    counter.scale = kUsualResolutionJ;
    counter.update_period = kUsualInterval;
    counter.tick_jitter = Duration{0};
    frame.channels.emplace_back().channel = std::move(counter);
  }
  return frame;
}

Result<std::vector<std::uint32_t>> trusted_users(const Host& host, const std::string& names) {
  std::vector<std::uint32_t> users{0, own_user()};
  const Result<std::string> passwd = read_text(host.path("/etc/passwd"));
  std::string_view rest = names;
  while (!rest.empty()) {
    const std::string_view name = next_until(rest, ',');
    if (name.empty()) continue;
    const auto number = user_number(name, passwd ? passwd.value() : std::string_view{});
    if (!number) {
      return Error{ErrorKind::misconfigured,
                   fmt::format("IMPACT_TRACKER_SERVICE_USER: there is no user '{}' here", name),
                   "give its number: id -u NAME"};
    }
    users.push_back(*number);
  }
  return users;
}

// The service as it will be when it answers, where that is to be expected; else why it does not.
OpenedSource await_service(const Host& host, ServiceClient client, Error why, bool is_named) {
  const bool may_come = why.kind == ErrorKind::absent || why.kind == ErrorKind::broken;
  if (may_come && (is_named || is_set_up(host))) {
    ServiceFrame expected = expected_frame(host);
    if (why.advice.empty()) why.advice = kRestartService;
    if (!expected.channels.empty())
      return OpenedSource{std::make_unique<Service>(host, std::move(client), std::move(expected), std::move(why))};
  }
  // Nobody misses a service that was never set up; one that was named is missed.
  if (why.kind != ErrorKind::absent) return why;
  return is_named ? Error{ErrorKind::broken, why.what, why.advice} : Error{ErrorKind::absent, why.what, ""};
}

}  // namespace

std::span<const SourceSetting> settings_of_service() noexcept { return kSettings; }

OpenedSource open_service(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> given = settings.given(kSocket);
  if (given == "off") return Error{ErrorKind::absent, "the service is not asked: its socket is set to off", ""};
  Result<std::vector<std::uint32_t>> trusted = trusted_users(host, settings.value(kUser));
  if (!trusted) return trusted.error();
  ServiceClient client(given ? std::filesystem::path(*given) : host.path(kUsualSocket), std::move(trusted).value());
  Result<ServiceFrame> frame = client.ask(kFirstPatience);
  if (!frame) return await_service(host, std::move(client), frame.error(), given.has_value());
  if (const auto trouble = age_trouble(frame.value(), host.now())) {
    Error why{ErrorKind::broken, fmt::format("{}: {}", client.path().string(), *trouble), kRestartService};
    return await_service(host, std::move(client), std::move(why), given.has_value());
  }
  drop_duplicates(frame.value());
  if (frame.value().channels.empty())
    return Error{ErrorKind::absent, client.path().string() + ": the service has no sensor of energy", ""};
  return OpenedSource{std::make_unique<Service>(host, std::move(client), std::move(frame).value())};
}

}  // namespace impact
