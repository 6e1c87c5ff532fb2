// Any series in watts or joules that a Prometheus server holds: a PDU, a chassis, an exporter of the site
//
// Measures   What the queries say.
// Needs      libcurl, IMPACT_TRACKER_PROMETHEUS=http://server:9090 and IMPACT_TRACKER_PROMETHEUS_QUERIES: one query a
//            line, each name|unit|domain|PromQL with unit W or J, domain wall, board, package, dram or gpu:
//            "pdu|W|wall|sum(outlet_watts{node=\"n1\"})". Each must give one series. An account, where one is needed,
//            in IMPACT_TRACKER_PROMETHEUS_USER and IMPACT_TRACKER_PROMETHEUS_PASSWORD[_FILE].
// Channels   prometheus/<name>/power in W or prometheus/<name>/energy in J, count = 1/1000.
// Resolution The server's scrape interval. A reading has the time at which the server evaluated the query: asked for
//            more often than it scrapes it repeats the last value.
// Known faults
//   - A query that gives no series or several is missing: nobody can say which was meant.
//   - Two queries of the domain wall are two meters of one wall: supplies are added up in the query, by sum().

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "impact/host/http.hpp"
#include "impact/host/words.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"
#include "impact/sources/utc_line.hpp"
#include "impact/sources/web_answers.hpp"

namespace impact {
namespace {

constexpr SourceSetting kUrl{"prometheus", "the server: http://<server>:9090"};
constexpr SourceSetting kQueries{"prometheus_queries", "one query a line, each name|unit|domain|PromQL"};
constexpr SourceSetting kUser{"prometheus_user", "account of the server"};
constexpr SourceSetting kPassword{"prometheus_password", "its password", SettingKind::secret};
constexpr std::array kSettings{kUrl, kQueries, kUser, kPassword};

struct Query {
  Channel channel;
  std::string text;
};

struct Service {
  std::string url, user, password;
};

std::optional<Domain> domain_of(std::string_view name) {
  for (const Domain d : {Domain::wall, Domain::board, Domain::package, Domain::dram, Domain::gpu}) {
    if (to_string(d) == name) return d;
  }
  return std::nullopt;
}

// A series about all packages or the memory gives way to sensors of each.
std::string device_of(Domain domain, std::string_view name) {
  if (domain == Domain::package) return "cpu";
  if (domain == Domain::dram) return "memory";
  if (domain == Domain::gpu) return fmt::format("gpu:{}", name);
  return "node";
}

// Reads one line; returns nullopt where it is not name|unit|domain|query.
std::optional<Query> parse_query(std::string_view line) {
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    const std::size_t bar = line.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    part = line.substr(0, bar);
    line.remove_prefix(bar + 1);
  }
  const auto domain = domain_of(parts[2]);
  const bool joules = parts[1] == "J";
  if (parts[0].empty() || line.empty() || !domain || (!joules && parts[1] != "W")) return std::nullopt;
  Query query;
  query.text = line;
  Channel& c = query.channel;
  c.id = fmt::format("prometheus/{}/{}", parts[0], joules ? "energy" : "power");
  c.source = "prometheus";
  c.device = device_of(*domain, parts[0]);
  c.domain = *domain;
  c.quantity = joules ? "energy" : "power";
  c.kind = joules ? Kind::counter : Kind::gauge;
  c.unit = joules ? Unit::joule : Unit::watt;
  c.scale = 1e-3;
  c.update_period = std::chrono::seconds{1};
  c.latency = std::chrono::seconds{2};
  return query;
}

Result<std::vector<Query>> parse_queries(std::string_view text) {
  std::vector<Query> queries;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    auto query = parse_query(line);
    if (!query)
      return Error{ErrorKind::misconfigured,
                   fmt::format("IMPACT_TRACKER_PROMETHEUS_QUERIES: '{}' is not name|unit|domain|query", line), ""};
    queries.push_back(std::move(*query));
  }
  return queries;
}

Result<PrometheusValue> ask(HttpClient& client, const Service& service, const std::string& query) {
  HttpRequest request;
  request.url = service.url + "/api/v1/query?query=" + url_encode(query);
  request.user = service.user;
  request.password = service.password;
  const Result<HttpAnswer> answer = client.send(request);
  if (!answer) return answer.error();
  const auto value = parse_prometheus(answer.value().body);
  if (value && answer.value().status == 200) return *value;
  return Error{ErrorKind::broken,
               fmt::format("{}: status {}, and not one finite value for '{}'", public_url(service.url),
                           answer.value().status, query),
               ""};
}

class Prometheus final : public Source {
 public:
  Prometheus(const Host& host, HttpClient client, Service service, std::vector<Query> queries)
      : clock_(host.clock), client_(std::move(client)), service_(std::move(service)) {
    for (Query& query : queries) {
      channels_.push_back(std::move(query.channel));
      queries_.push_back(std::move(query.text));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    for (std::uint32_t i = 0; i < queries_.size(); ++i) {
      const Instant before = clock_->now();
      std::optional<PrometheusValue> value;
      try {
        const Result<PrometheusValue> answer = ask(client_, service_, queries_[i]);
        if (answer) value = answer.value();
        // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
      } catch (const std::exception&) {  // there is no memory for the answer
      }
      const Instant after = clock_->now();
      const double most = channels_[i].unit == Unit::watt ? 1e7 : 9e15;  // more than 10 MW in one series is nonsense
      const bool sane = value && value->value >= 0 && value->value < most;
      if (!sane) {
        out.missing(i, before, after);
        continue;
      }
      // The server's clock is another's: its time counts only if it lies within the request or shortly before.
      const Instant stamp = on_monotonic_clock(*clock_, value->utc_ns);
      const Instant at = stamp < before - std::chrono::minutes{1} || stamp > after ? middle(before, after) : stamp;
      out.put({i, Quality::measured, std::llround(value->value * 1e3), at, at});
    }
  }

 private:
  const Clock* clock_;
  HttpClient client_;
  Service service_;
  std::vector<Channel> channels_;
  std::vector<std::string> queries_;
};

}  // namespace

std::span<const SourceSetting> settings_of_prometheus() noexcept { return kSettings; }

OpenedSource open_prometheus(const Host& host, const SourceSettings& settings) {
  std::optional<std::string> url = settings.given(kUrl);
  const std::optional<std::string> lines = settings.given(kQueries);
  if (!url || !lines) {
    return not_configured("Prometheus",
                          "export IMPACT_TRACKER_PROMETHEUS=http://<server>:9090 "
                          "IMPACT_TRACKER_PROMETHEUS_QUERIES='pdu|W|wall|<PromQL>'");
  }
  while (url->ends_with('/')) url->pop_back();
  Result<std::vector<Query>> queries = parse_queries(*lines);
  if (!queries) return queries.error();
  Result<HttpClient> client = HttpClient::open();
  if (!client) return client.error();
  Service service{*url, settings.value(kUser), settings.value(kPassword)};
  for (const Query& query : queries.value()) {
    const Result<PrometheusValue> first = ask(client.value(), service, query.text);
    if (!first) return first.error();
  }
  return OpenedSource{
      std::make_unique<Prometheus>(host, std::move(client).value(), std::move(service), std::move(queries).value())};
}

}  // namespace impact
