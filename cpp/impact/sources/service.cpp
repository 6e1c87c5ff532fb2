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
//   - In a container with a monotonic clock of its own the times do not compare, and the service is not used.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "impact/host/file.hpp"
#include "impact/host/fork.hpp"
#include "impact/host/local_socket.hpp"
#include "impact/host/words.hpp"
#include "impact/sources/domain_tree.hpp"
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

constexpr Duration kPatience = std::chrono::seconds{1};  // for a whole question and its answer
// For the first one, as whoever gives up then does without the service: the ranks of a job come all at once.
constexpr Duration kFirstPatience = std::chrono::seconds{3};
constexpr Duration kAheadOfUs = std::chrono::milliseconds{1};
constexpr const char* kStart = "sudo systemctl restart impact-tracker-reader (docs/service.md)";
constexpr const char* kJoin =
    "join the group that the service tells (impact-tracker, as a rule), then log in anew: "
    "sudo usermod --append --groups impact-tracker $USER";

// Holds a connection to the service, which is made anew where it was cut off.
class ServiceClient {
 public:
  ServiceClient(std::filesystem::path path, std::vector<std::uint32_t> trusted)
      : path_(std::move(path)), trusted_(std::move(trusted)) {}

  const std::filesystem::path& path() const noexcept { return path_; }

  // Puts one question; the error says what to do. It takes `patience` at most.
  Result<ServiceFrame> ask(Duration patience) {
    // A forked child has its parent's connection too: two who ask on one would take each other's answers.
    if (generation_ != fork_generation()) socket_.reset();
    generation_ = fork_generation();
    const Instant deadline = system_clock().now() + patience;
    const bool held = socket_ && socket_->is_idle();
    Result<ServiceFrame> frame = ask_once(held, deadline);
    // The service lets go of the oldest connection where it has too many.
    if (!frame && held && was_cut_off_) frame = ask_once(false, deadline);
    if (!frame) socket_.reset();
    return frame;
  }

  void let_go() noexcept { socket_.reset(); }

 private:
  Error error(ErrorKind kind, std::string_view what, std::string_view advice) const {
    return {kind, fmt::format("{}: {}", path_.string(), what), std::string(advice)};
  }

  std::optional<Error> connect(Instant deadline) {
    socket_.reset();
    Result<LocalSocket> made = LocalSocket::connect(path_, deadline);
    if (!made) {
      Error why = made.error();
      if (why.kind == ErrorKind::forbidden) why.advice = kJoin;
      if (why.kind == ErrorKind::broken || why.kind == ErrorKind::absent) why.advice = kStart;
      return why;
    }
    const std::optional<std::uint32_t> user = made.value().peer_user();
    if (!user) return error(ErrorKind::unsupported, "this system does not say who serves there", "");
    if (std::ranges::find(trusted_, *user) == trusted_.end()) {
      return error(
          ErrorKind::misconfigured,
          fmt::format("user {} serves there, who is neither root nor you: such numbers are not believed", *user),
          fmt::format("where that user may be believed: export IMPACT_TRACKER_SERVICE_USER={}", *user));
    }
    socket_ = std::move(made).value();
    return std::nullopt;
  }

  Result<ServiceFrame> ask_once(bool held, Instant deadline) {
    was_cut_off_ = false;
    if (!held) {
      if (const std::optional<Error> why = connect(deadline)) return *why;
    }
    if (!socket_) return broken_off(LocalSocket::Taken::ended, held);
    std::array<char, 4> head;
    if (!socket_->send(kServiceRequest, deadline)) return broken_off(LocalSocket::Taken::ended, held);
    if (const auto taken = socket_->receive(head, deadline); taken != LocalSocket::Taken::whole)
      return broken_off(taken, held);
    const auto length = parse_service_length({head.data(), head.size()});
    if (!length) return error(ErrorKind::broken, "the answer is longer than any frame", kStart);
    if (*length == 0) return error(ErrorKind::broken, "the service knows nothing yet", "ask again in some seconds");
    text_.resize(*length);
    if (const auto taken = socket_->receive(text_, deadline); taken != LocalSocket::Taken::whole)
      return broken_off(taken, false);
    Result<ServiceFrame> frame = parse_service_frame(text_);
    if (!frame) return error(ErrorKind::broken, frame.error().what, kStart);
    return frame;
  }

  Error broken_off(LocalSocket::Taken taken, bool held) {
    if (taken == LocalSocket::Taken::late) return error(ErrorKind::broken, "the service does not answer", kStart);
    was_cut_off_ = held;
    return error(ErrorKind::forbidden, "the service ended the connection without a whole answer", kJoin);
  }

  std::filesystem::path path_;
  std::vector<std::uint32_t> trusted_;
  std::optional<LocalSocket> socket_;
  std::string text_;
  std::uint32_t generation_ = fork_generation();
  bool was_cut_off_ = false;
};

// After so long a service that renews its values this often has been lost.
Duration longest_silence(Duration interval) { return 3 * interval + std::chrono::seconds{1}; }

std::optional<std::string_view> age_trouble(const ServiceFrame& frame, Instant now) {
  if (frame.taken > now + kAheadOfUs) return "its clock is not this process's: a container with a time of its own?";
  if (now - frame.taken > longest_silence(frame.interval)) return "its values are not renewed any more";
  return std::nullopt;
}

class Service final : public Source {
 public:
  Service(const Host& host, ServiceClient client, ServiceFrame frame)
      : clock_(host.clock), client_(std::move(client)), interval_(frame.interval) {
    for (ServiceChannel& entry : frame.channels) {
      Channel& c = entry.channel;
      c.source = "service";
      c.latency = kPatience;
      numbers_.emplace(c.id, static_cast<std::uint32_t>(channels_.size()));
      channels_.push_back(std::move(c));
    }
    places_.resize(channels_.size());
    seen_.resize(channels_.size());
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }
  std::string trouble() const override { return trouble_; }
  void rest() noexcept override { client_.let_go(); }

  std::string origin() const override {
    return fmt::format("readings come from the service at {} ({:.3g} Hz; 10 Hz at most)", client_.path().string(),
                       1.0 / seconds(interval_));
  }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    seen_.assign(channels_.size(), false);
    try {
      const Result<ServiceFrame> frame = client_.ask(kPatience);
      trouble_ = frame ? std::string{} : in_words(frame.error());
      if (frame) hand_on(frame.value(), out);
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    for (std::uint32_t i = 0; i < channels_.size(); ++i) {
      if (!seen_[i]) out.missing(i, before, after);
    }
  }

 private:
  struct Place {  // of a counter among the numbers that its counts may have
    std::uint64_t epoch = 0;
    std::int64_t number = -1;
  };

  static std::string in_words(const Error& error) {
    return error.advice.empty() ? error.what : error.what + "; " + error.advice;
  }

  void hand_on(const ServiceFrame& frame, Sink& out) {
    if (const auto trouble = age_trouble(frame, clock_->now())) {
      trouble_ = fmt::format("{}: {}; {}", client_.path().string(), *trouble, kStart);
      return;
    }
    // Whoever begins to listen gets the frame before as well: two readings are needed for a rate. So do all of us where
    // it was not asked for in time.
    const bool with_before = frame.before && *frame.before != last_taken_;
    bool has_gap = false;
    for (const ServiceChannel& entry : frame.channels) {
      const auto number = numbers_.find(entry.channel.id);
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
  std::vector<Channel> channels_;
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

}  // namespace

std::span<const SourceSetting> settings_of_service() noexcept { return kSettings; }

OpenedSource open_service(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> given = settings.given(kSocket);
  if (given == "off") return Error{ErrorKind::absent, "the service is not asked: its socket is set to off", ""};
  Result<std::vector<std::uint32_t>> trusted = trusted_users(host, settings.value(kUser));
  if (!trusted) return trusted.error();
  ServiceClient client(given ? std::filesystem::path(*given) : host.path(kUsualSocket), std::move(trusted).value());
  Result<ServiceFrame> frame = client.ask(kFirstPatience);
  if (!frame) {
    Error why = frame.error();
    // Nobody misses a service that was never set up; one that was named is missed.
    if (why.kind != ErrorKind::absent) return why;
    return given ? Error{ErrorKind::broken, why.what, why.advice} : Error{ErrorKind::absent, why.what, ""};
  }
  if (const auto trouble = age_trouble(frame.value(), host.now()))
    return Error{ErrorKind::broken, fmt::format("{}: {}", client.path().string(), *trouble), kStart};
  drop_duplicates(frame.value());
  if (frame.value().channels.empty())
    return Error{ErrorKind::absent, client.path().string() + ": the service has no sensor of energy", ""};
  return OpenedSource{std::make_unique<Service>(host, std::move(client), std::move(frame).value())};
}

}  // namespace impact
