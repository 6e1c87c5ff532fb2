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
//   - Several rows of one instant with different labels are several supplies: their last values are added.
//   - An outlet that feeds several nodes shows the sum of them; the series does not say so.
//   - Time stamps carry an offset that changes with daylight saving: it is read from each of them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
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
constexpr std::int64_t kOldNs = 15 * kSecondNs;  // a supply that has been silent for longer is no part of a sum

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
  Kwollect(const Host& host, HttpClient client, Service service)
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
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    try {
      // Rows come late and out of order between metrics: each round asks again for the last seconds.
      Result<std::vector<KwollectRow>> rows = ask(client_, service_, since_ - 10 * kSecondNs);
      if (rows) return hand_on(rows.value(), out);
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    for (std::uint32_t i = 0; i < channels_.size(); ++i) out.missing(i, before, after);
  }

 private:
  struct Last {
    std::int64_t utc_ns = 0;
    double watts = 0;
  };
  struct Series {
    std::int64_t handed_on = 0;  // is UTC of the last reading
    std::map<std::string, Last> by_label;
  };

  void hand_on(const std::vector<KwollectRow>& rows, Sink& out) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const auto metric = std::ranges::find(service_.metrics, rows[k].metric);
      if (metric == service_.metrics.end()) continue;
      const auto index = static_cast<std::uint32_t>(metric - service_.metrics.begin());
      Series& series = series_[index];
      if (rows[k].utc_ns <= series.handed_on) continue;
      series.by_label[rows[k].label] = {rows[k].utc_ns, rows[k].value};
      const bool last = k + 1 == rows.size();
      const bool more_of_this_instant =
          !last && rows[k + 1].utc_ns == rows[k].utc_ns && rows[k + 1].metric == rows[k].metric;
      if (more_of_this_instant) continue;
      put(index, rows[k].utc_ns, out);
    }
  }

  void put(std::uint32_t index, std::int64_t utc_ns, Sink& out) {
    double watts = 0;
    for (const auto& [label, last] : series_[index].by_label) {
      if (utc_ns - last.utc_ns <= kOldNs) watts += last.watts;
    }
    const Instant at = on_monotonic_clock(*clock_, utc_ns);
    out.put({index, Quality::measured, std::llround(watts * 1e3), at, at});
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
  return OpenedSource{std::make_unique<Kwollect>(host, std::move(client).value(), std::move(service))};
}

}  // namespace impact
