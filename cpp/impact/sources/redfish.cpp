// The node's power as its management controller tells it over the network: Redfish
//
// Measures   The power of the whole node: shown apart, as a wattmeter.
// Needs      libcurl, and where to look: IMPACT_TRACKER_REDFISH=https://bmc.example, IMPACT_TRACKER_REDFISH_USER,
//            IMPACT_TRACKER_REDFISH_PASSWORD or IMPACT_TRACKER_REDFISH_PASSWORD_FILE. A chassis by its id in
//            IMPACT_TRACKER_REDFISH_CHASSIS, else the first that tells its power. A certificate of the controller's own
//            in IMPACT_TRACKER_REDFISH_CA, or IMPACT_TRACKER_REDFISH_INSECURE=1 to trust any.
// Channels   redfish/node/power in W, count = milliwatts.
// Resolution Controllers renew it every 1 to 30 s and answer in 0.05 to 2 s: a source with a thread of its own.
// Known faults
//   - 0 and null mean "not available": missing. Chassis are never added up: enclosures share their supplies.
//   - A session is kept while it is read and deleted then, as controllers run out of them; one that expired is renewed.

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "impact/host/http.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"
#include "impact/sources/web_answers.hpp"

namespace impact {
namespace {

constexpr SourceSetting kAddress{"redfish", "the management controller: https://<address>"};
constexpr SourceSetting kUser{"redfish_user", "account of the management controller"};
constexpr SourceSetting kPassword{"redfish_password", "its password", SettingKind::secret};
constexpr SourceSetting kChassis{"redfish_chassis", "id of the chassis; the first that tells its power without it"};
constexpr SourceSetting kCa{"redfish_ca", "certificate of the controller's own", SettingKind::path};
constexpr SourceSetting kInsecure{"redfish_insecure", "trust any certificate", SettingKind::flag};
constexpr std::array kSettings{kAddress, kUser, kPassword, kChassis, kCa, kInsecure};

struct Account {
  std::string base, user, password, ca_file;
  bool verify = true;
};

class Controller {
 public:
  Controller(HttpClient client, Account account) : client_(std::move(client)), account_(std::move(account)) {}
  Controller(Controller&&) = default;
  ~Controller() { log_out(); }

  void log_out() {
    if (session_.empty()) return;
    HttpRequest request = to("DELETE", session_);
    request.timeout = std::chrono::seconds{2};
    (void)client_.send(request);
    token_.clear();
    session_.clear();
  }

  Result<std::string> get(const std::string& path) {
    Result<HttpAnswer> answer = client_.send(to("GET", path));
    if (answer && answer.value().status == 401 && log_in()) answer = client_.send(to("GET", path));
    if (!answer) return answer.error();
    const long status = answer.value().status;
    if (status == 200) return std::move(answer.value().body);
    const std::string what = fmt::format("{}: status {}", public_url(account_.base + path), status);
    if (status == 401 || status == 403)
      return Error{ErrorKind::forbidden, what, "check the account of IMPACT_TRACKER_REDFISH_USER"};
    return Error{status == 404 ? ErrorKind::absent : ErrorKind::broken, what, ""};
  }

 private:
  HttpRequest to(const char* method, const std::string& path) const {
    HttpRequest request;
    request.method = method;
    request.url = account_.base + path;
    request.headers = {"Accept: application/json"};
    request.ca_file = account_.ca_file;
    request.verify_tls = account_.verify;
    if (!token_.empty()) request.headers.push_back("X-Auth-Token: " + token_);
    return request;
  }

  bool log_in() {
    token_.clear();
    session_.clear();
    if (account_.user.empty()) return false;
    HttpRequest request = to("POST", "/redfish/v1/SessionService/Sessions");
    request.headers.emplace_back("Content-Type: application/json");
    request.body = nlohmann::json{{"UserName", account_.user}, {"Password", account_.password}}.dump();
    const Result<HttpAnswer> answer = client_.send(request);
    if (!answer || answer.value().status / 100 != 2) return false;
    token_ = answer.value().header("x-auth-token");
    std::string_view location = answer.value().header("location");
    if (location.starts_with(account_.base)) location.remove_prefix(account_.base.size());
    if (location.starts_with("/redfish/")) session_ = location;
    return !token_.empty();
  }

  HttpClient client_;
  Account account_;
  std::string token_;
  std::string session_;
};

// Finds the resource of the chassis that tells its power.
Result<std::string> find_resource(Controller& controller, const std::optional<std::string>& chassis) {
  std::vector<std::string> candidates;
  if (chassis) {
    candidates.push_back("/redfish/v1/Chassis/" + url_encode(*chassis));
  } else {
    const Result<std::string> list = controller.get("/redfish/v1/Chassis");
    if (!list) return list.error();
    candidates = parse_redfish_members(list.value());
  }
  for (const std::string& path : candidates) {
    for (const char* what : {"/EnvironmentMetrics", "/Power", "/Sensors/TotalPower"}) {
      const Result<std::string> body = controller.get(path + what);
      if (body && parse_redfish_watts(body.value())) return path + what;
    }
  }
  return Error{ErrorKind::unsupported, fmt::format("Redfish: none of {} chassis tells its power", candidates.size()),
               ""};
}

class Redfish final : public Source {
 public:
  Redfish(const Host& host, Controller controller, std::string resource)
      : clock_(host.clock), controller_(std::move(controller)), resource_(std::move(resource)) {
    channel_.id = "redfish/node/power";
    channel_.source = "redfish";
    channel_.device = "node";
    channel_.domain = Domain::wall;
    channel_.quantity = "power";
    channel_.kind = Kind::gauge;
    channel_.unit = Unit::watt;
    channel_.scale = 1e-3;
    channel_.update_period = std::chrono::seconds{1};
    channel_.latency = std::chrono::seconds{2};
  }

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    std::optional<double> watts;
    try {
      const Result<std::string> body = controller_.get(resource_);
      if (body) watts = parse_redfish_watts(body.value());
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    if (watts)
      out.put({0, Quality::measured, std::llround(*watts * 1e3), before, after});
    else
      out.missing(0, before, after);
  }

  void rest() noexcept override {
    try {
      controller_.log_out();
      // NOLINTNEXTLINE(bugprone-empty-catch): nothing is left to do
    } catch (const std::exception&) {  // without memory the controller ends the session itself some day
    }
  }

 private:
  const Clock* clock_;
  Controller controller_;
  std::string resource_;
  Channel channel_;
};

}  // namespace

std::span<const SourceSetting> settings_of_redfish() noexcept { return kSettings; }

OpenedSource open_redfish(const Host& host, const SourceSettings& settings) {
  std::optional<std::string> base = settings.given(kAddress);
  if (!base) {
    return not_configured("Redfish",
                          "export IMPACT_TRACKER_REDFISH=https://<address of the management controller> "
                          "IMPACT_TRACKER_REDFISH_USER=… IMPACT_TRACKER_REDFISH_PASSWORD_FILE=…");
  }
  while (base->ends_with('/')) base->pop_back();
  Result<HttpClient> client = HttpClient::open();
  if (!client) return client.error();
  Account account{*base, settings.value(kUser), settings.value(kPassword), settings.value(kCa),
                  !settings.is_on(kInsecure)};
  Controller controller(std::move(client).value(), std::move(account));
  Result<std::string> resource = find_resource(controller, settings.given(kChassis));
  if (!resource) return resource.error();
  return OpenedSource{std::make_unique<Redfish>(host, std::move(controller), std::move(resource).value())};
}

}  // namespace impact
