// Grid'5000's wattmeters and controllers, through Kwollect's live series
//
// Measures   The power of this node at its outlet (wattmetre_power_watt) and as its controller sees it
//            (bmc_node_power_watt): shown apart, as wattmeters.
// Needs      libcurl and IMPACT_TRACKER_KWOLLECT=https://api.grid5000.fr/stable/sites/<site>/metrics; the node in
//            IMPACT_TRACKER_KWOLLECT_NODE (else this host's short name), metrics in IMPACT_TRACKER_KWOLLECT_METRICS,
//            outside the site an account in IMPACT_TRACKER_KWOLLECT_USER and IMPACT_TRACKER_KWOLLECT_PASSWORD[_FILE].
// Channels   kwollect/<metric>/power in W, count = milliwatts, at the series' own time stamps.
// Resolution 1 s (wattmeter; 20 ms in jobs that ask for it), 5 s (controller). Rows arrive some seconds late.
// Known faults
//   - Rows with different labels are several supplies: their values at one instant are added, once each has told what it
//     was up to there. Where one has been silent for 15 s the node's power is missing, as the others' is not all of it.
//   - An outlet that feeds several nodes shows the sum of them; the series does not say so.
//   - Time stamps carry an offset that changes with daylight saving: it is read from each of them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <span>

#include "impact/host/file.hpp"
#include "impact/host/http.hpp"
#include "impact/host/words.hpp"
#include "impact/sources/iso_time.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"
#include "impact/sources/utc_line.hpp"
#include "impact/sources/web_answers.hpp"

namespace impact {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kOldNs = 15 * kSecondNs;   // what a supply told before that says nothing of the present
constexpr std::int64_t kLateNs = 10 * kSecondNs;  // rows come late and out of order between metrics

constexpr SourceSetting kUrl{"kwollect", "series: https://api.grid5000.fr/stable/sites/<site>/metrics"};
constexpr SourceSetting kNode{"kwollect_node", "the node in these series; this host's short name without it"};
constexpr SourceSetting kMetrics{"kwollect_metrics", "names of the series, with commas", SettingKind::text,
                                 "wattmetre_power_watt,bmc_node_power_watt"};
constexpr SourceSetting kUser{"kwollect_user", "account, outside the site"};
constexpr SourceSetting kPassword{"kwollect_password", "its password", SettingKind::secret};
constexpr std::array kSettings{kUrl, kNode, kMetrics, kUser, kPassword};

struct Service {
  std::string url, node, user, password;
  std::vector<std::string> metrics;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = next_until(text, ',');
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

Result<std::vector<KwollectRow>> ask(HttpClient& client, const Service& service, std::int64_t since_utc_ns) {
  HttpRequest request;
  request.url = fmt::format("{}?nodes={}&metrics={}&start_time={}", service.url, url_encode(service.node),
                            url_encode(fmt::format("{}", fmt::join(service.metrics, ","))),
                            url_encode(format_iso_time(since_utc_ns)));
  request.user = service.user;
  request.password = service.password;
  const Result<HttpAnswer> answer = client.send(request);
  if (!answer) return answer.error();
  const std::string where = public_url(service.url);
  if (answer.value().status != 200) {
    const bool closed = answer.value().status == 401 || answer.value().status == 403;
    return Error{
        closed ? ErrorKind::forbidden : ErrorKind::broken, fmt::format("{}: status {}", where, answer.value().status),
        closed ? "outside Grid'5000 set IMPACT_TRACKER_KWOLLECT_USER and IMPACT_TRACKER_KWOLLECT_PASSWORD_FILE" : ""};
  }
  auto rows = parse_kwollect(answer.value().body, service.node);
  if (!rows) return Error{ErrorKind::broken, where + ": the answer is no list of rows", ""};
  std::ranges::stable_sort(*rows, {}, [](const KwollectRow& row) { return std::pair{row.metric, row.utc_ns}; });
  return std::move(*rows);
}

class Kwollect final : public Source {
 public:
  // `recent` tells which supplies each series has.
  Kwollect(const Host& host, HttpClient client, Service service, const std::vector<KwollectRow>& recent)
      : clock_(host.clock), client_(std::move(client)), service_(std::move(service)), since_(clock_->utc_ns()) {
    for (const std::string& metric : service_.metrics) {
      Channel c;
      c.id = fmt::format("kwollect/{}/power", metric);
      c.source = "kwollect";
      c.device = "node";
      c.domain = Domain::wall;
      c.quantity = "power";
      c.kind = Kind::gauge;
      c.unit = Unit::watt;
      c.scale = 1e-3;
      c.update_period = std::chrono::seconds{metric.starts_with("bmc_") ? 5 : 1};
      c.latency = std::chrono::seconds{2};
      channels_.push_back(std::move(c));
    }
    series_.resize(channels_.size());
    for (const KwollectRow& row : recent) {
      if (Series* series = series_of(row)) series->supplies.try_emplace(row.label);
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    try {
      Result<std::vector<KwollectRow>> rows = ask(client_, service_, since_ - kOldNs - kLateNs);
      if (rows) return hand_on(rows.value(), out);
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    for (std::uint32_t i = 0; i < channels_.size(); ++i) out.missing(i, before, after);
  }

 private:
  struct Told {
    std::int64_t utc_ns = 0;
    double watts = 0;
  };
  struct Supply {
    std::int64_t newest = 0;  // is UTC of its last row
    std::deque<Told> told;    // begins with what it was at the last instant that was handed on
  };
  struct Series {
    std::int64_t handed_on = 0;  // is UTC of the last reading
    std::map<std::string, Supply> supplies;
    std::set<std::int64_t> instants;  // are those of rows that have not been handed on
  };

  Series* series_of(const KwollectRow& row) {
    const auto metric = std::ranges::find(service_.metrics, row.metric);
    return metric == service_.metrics.end() ? nullptr
                                            : &series_[static_cast<std::size_t>(metric - service_.metrics.begin())];
  }

  void hand_on(const std::vector<KwollectRow>& rows, Sink& out) {
    for (const KwollectRow& row : rows) {
      Series* series = series_of(row);
      if (series == nullptr) continue;
      Supply& supply = series->supplies[row.label];
      if (row.utc_ns <= supply.newest) continue;
      supply.newest = row.utc_ns;
      supply.told.push_back({row.utc_ns, row.value});
      if (row.utc_ns > series->handed_on) series->instants.insert(row.utc_ns);
    }
    for (std::uint32_t i = 0; i < series_.size(); ++i) {
      std::set<std::int64_t>& instants = series_[i].instants;
      for (const std::int64_t until = known_until(series_[i]); !instants.empty() && *instants.begin() <= until;) {
        put(i, *instants.begin(), out);
        instants.erase(instants.begin());
      }
    }
  }

  // Up to where every supply has told its power, or has been silent for too long.
  static std::int64_t known_until(const Series& series) {
    std::int64_t newest = 0;
    for (const auto& [label, supply] : series.supplies) newest = std::max(newest, supply.newest);
    std::int64_t until = newest;
    for (const auto& [label, supply] : series.supplies)
      until = std::min(until, std::max(supply.newest, newest - kOldNs));
    return until;
  }

  void put(std::uint32_t index, std::int64_t utc_ns, Sink& out) {
    double watts = 0;
    bool all_known = true;
    for (auto& [label, supply] : series_[index].supplies) {
      std::deque<Told>& told = supply.told;
      while (told.size() > 1 && told[1].utc_ns <= utc_ns) told.pop_front();
      const bool is_known = !told.empty() && told.front().utc_ns <= utc_ns && utc_ns - told.front().utc_ns <= kOldNs;
      all_known = all_known && is_known;
      watts += is_known ? told.front().watts : 0;
    }
    const Instant at = on_monotonic_clock(*clock_, utc_ns);
    if (all_known)
      out.put({index, Quality::measured, std::llround(watts * 1e3), at, at});
    else
      out.missing(index, at, at);
    series_[index].handed_on = utc_ns;
    since_ = std::max(since_, utc_ns);
  }

  const Clock* clock_;
  HttpClient client_;
  Service service_;
  std::vector<Channel> channels_;
  std::vector<Series> series_;
  std::int64_t since_;
};

std::string short_host_name(const Host& host) {
  const Result<std::string> name = read_text(host.path("/proc/sys/kernel/hostname"), 256);
  return name ? name.value().substr(0, name.value().find('.')) : std::string{};
}

}  // namespace

std::span<const SourceSetting> settings_of_kwollect() noexcept { return kSettings; }

OpenedSource open_kwollect(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> url = settings.given(kUrl);
  if (!url) {
    return not_configured(
        "Kwollect", "on Grid'5000: export IMPACT_TRACKER_KWOLLECT=https://api.grid5000.fr/stable/sites/<site>/metrics");
  }
  Result<HttpClient> client = HttpClient::open();
  if (!client) return client.error();
  Service service{*url, settings.given(kNode).value_or(short_host_name(host)), settings.value(kUser),
                  settings.value(kPassword), split(settings.value(kMetrics))};
  Result<std::vector<KwollectRow>> recent = ask(client.value(), service, host.clock->utc_ns() - 60 * kSecondNs);
  if (!recent) return recent.error();
  std::erase_if(service.metrics, [&](const std::string& metric) {
    return std::ranges::find(recent.value(), metric, &KwollectRow::metric) == recent.value().end();
  });
  if (service.metrics.empty()) {
    return Error{ErrorKind::unsupported,
                 fmt::format("Kwollect has no power of the node '{}' in the last minute", service.node),
                 "name the node in IMPACT_TRACKER_KWOLLECT_NODE, its metrics in IMPACT_TRACKER_KWOLLECT_METRICS"};
  }
  return OpenedSource{std::make_unique<Kwollect>(host, std::move(client).value(), std::move(service), recent.value())};
}

}  // namespace impact
