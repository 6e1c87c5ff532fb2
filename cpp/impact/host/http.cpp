#include "impact/host/http.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "impact/host/library.hpp"

#if __has_include(<curl/curl.h>)
#define CURL_DISABLE_DEPRECATION  // some of these options have newer siblings, which older releases do not know
#include <curl/curl.h>
#endif

namespace impact {
namespace {

// libcurl is loaded at run time where it is there, so these are its numbers without its header. Where a machine that
// builds has the header, the compiler compares them.
#define IMPACT_CURL_NUMBERS(NUMBER)                          \
  NUMBER(kWriteData, 10001, CURLOPT_WRITEDATA)               \
  NUMBER(kUrl, 10002, CURLOPT_URL)                           \
  NUMBER(kPostFields, 10015, CURLOPT_POSTFIELDS)             \
  NUMBER(kHeaders, 10023, CURLOPT_HTTPHEADER)                \
  NUMBER(kHeaderData, 10029, CURLOPT_HEADERDATA)             \
  NUMBER(kCustomRequest, 10036, CURLOPT_CUSTOMREQUEST)       \
  NUMBER(kCaFile, 10065, CURLOPT_CAINFO)                     \
  NUMBER(kUserName, 10173, CURLOPT_USERNAME)                 \
  NUMBER(kPassword, 10174, CURLOPT_PASSWORD)                 \
  NUMBER(kWriteFunction, 20011, CURLOPT_WRITEFUNCTION)       \
  NUMBER(kHeaderFunction, 20079, CURLOPT_HEADERFUNCTION)     \
  NUMBER(kFollowLocation, 52, CURLOPT_FOLLOWLOCATION)        \
  NUMBER(kPostFieldSize, 60, CURLOPT_POSTFIELDSIZE)          \
  NUMBER(kVerifyPeer, 64, CURLOPT_SSL_VERIFYPEER)            \
  NUMBER(kVerifyHost, 81, CURLOPT_SSL_VERIFYHOST)            \
  NUMBER(kNoSignal, 99, CURLOPT_NOSIGNAL)                    \
  NUMBER(kHttpAuth, 107, CURLOPT_HTTPAUTH)                   \
  NUMBER(kTimeoutMs, 155, CURLOPT_TIMEOUT_MS)                \
  NUMBER(kConnectTimeoutMs, 156, CURLOPT_CONNECTTIMEOUT_MS)  \
  NUMBER(kProtocols, 181, CURLOPT_PROTOCOLS)                 \
  NUMBER(kResponseCode, 0x200002, CURLINFO_RESPONSE_CODE)    \
  NUMBER(kHttpAndHttps, 3, CURLPROTO_HTTP | CURLPROTO_HTTPS) \
  NUMBER(kBasicAuth, 1, CURLAUTH_BASIC)

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name cannot stand in parentheses.
#define IMPACT_CURL_CONSTANT(name, number, published) constexpr int name = number;
IMPACT_CURL_NUMBERS(IMPACT_CURL_CONSTANT)

#if __has_include(<curl/curl.h>)
#define IMPACT_CURL_CHECK(name, number, published) \
  static_assert(static_cast<long>(published) == (number), "libcurl's header has another number");
IMPACT_CURL_NUMBERS(IMPACT_CURL_CHECK)
#endif

struct Sinks {
  std::string* body;
  std::size_t largest;
  std::vector<std::string>* headers;
};

std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* where) {
  auto& sinks = *static_cast<Sinks*>(where);
  if (sinks.body->size() + size * count > sinks.largest) return 0;  // this ends the transfer
  try {
    sinks.body->append(data, size * count);
  } catch (const std::exception&) {
    return 0;
  }
  return size * count;
}

std::size_t take_header(const char* data, std::size_t size, std::size_t count, void* where) {
  auto& sinks = *static_cast<Sinks*>(where);
  std::string line(data, std::min<std::size_t>(size * count, 8192));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  const auto colon = std::min(line.find(':'), line.size());
  std::transform(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), line.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (sinks.headers->size() < 200) sinks.headers->push_back(std::move(line));
  return size * count;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const noexcept {
  for (const std::string_view line : headers) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    std::string_view value = line.substr(name.size() + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

struct HttpClient::Curl {
  explicit Curl(Library loaded) : library(std::move(loaded)) {}
  Curl(const Curl&) = delete;
  ~Curl() {
    if (handle != nullptr) cleanup(handle);
  }

  bool resolve() {
    init = library.symbol<void*()>("curl_easy_init");
    cleanup = library.symbol<void(void*)>("curl_easy_cleanup");
    reset = library.symbol<void(void*)>("curl_easy_reset");
    setopt = library.symbol<int(void*, int, ...)>("curl_easy_setopt");
    perform = library.symbol<int(void*)>("curl_easy_perform");
    getinfo = library.symbol<int(void*, int, ...)>("curl_easy_getinfo");
    words = library.symbol<const char*(int)>("curl_easy_strerror");
    append = library.symbol<void*(void*, const char*)>("curl_slist_append");
    free_list = library.symbol<void(void*)>("curl_slist_free_all");
    const bool all = init && cleanup && reset && setopt && perform && getinfo && words && append && free_list;
    if (all) handle = init();
    return handle != nullptr;
  }

  void prepare(const HttpRequest& request, void* headers, Sinks& sinks) const {
    const auto ms = static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout).count());
    reset(handle);
    setopt(handle, kUrl, request.url.c_str());
    setopt(handle, kProtocols, long{kHttpAndHttps});
    setopt(handle, kCustomRequest, request.method.c_str());
    setopt(handle, kNoSignal, 1L);
    setopt(handle, kFollowLocation, 0L);
    setopt(handle, kTimeoutMs, ms);
    setopt(handle, kConnectTimeoutMs, ms);
    setopt(handle, kHeaders, headers);
    setopt(handle, kWriteFunction, &take_body);
    setopt(handle, kWriteData, &sinks);
    setopt(handle, kHeaderFunction, &take_header);
    setopt(handle, kHeaderData, &sinks);
    if (!request.body.empty()) {
      setopt(handle, kPostFields, request.body.c_str());
      setopt(handle, kPostFieldSize, static_cast<long>(request.body.size()));
    }
    if (!request.user.empty()) {
      setopt(handle, kHttpAuth, long{kBasicAuth});
      setopt(handle, kUserName, request.user.c_str());
      setopt(handle, kPassword, request.password.c_str());
    }
    if (!request.ca_file.empty()) setopt(handle, kCaFile, request.ca_file.c_str());
    if (!request.verify_tls) {
      setopt(handle, kVerifyPeer, 0L);
      setopt(handle, kVerifyHost, 0L);
    }
  }

  Library library;
  void* handle = nullptr;
  void* (*init)() = nullptr;
  void (*cleanup)(void*) = nullptr;
  void (*reset)(void*) = nullptr;
  int (*setopt)(void*, int, ...) = nullptr;
  int (*perform)(void*) = nullptr;
  int (*getinfo)(void*, int, ...) = nullptr;
  const char* (*words)(int) = nullptr;
  void* (*append)(void*, const char*) = nullptr;
  void (*free_list)(void*) = nullptr;
};

HttpClient::HttpClient(std::unique_ptr<Curl> curl) : curl_(std::move(curl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::open() {
  for (const char* name :
       {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib", "libcurl-x64.dll", "libcurl.dll"}) {
    Result<Library> library = Library::open(name);
    if (!library) continue;
    auto curl = std::make_unique<Curl>(std::move(library).value());
    if (curl->resolve()) return HttpClient{std::move(curl)};
  }
  return Error{ErrorKind::absent, "libcurl cannot be loaded", "sudo apt install libcurl4"};
}

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
  HttpAnswer answer;
  Sinks sinks{&answer.body, request.largest_answer, &answer.headers};
  void* headers = nullptr;
  for (const std::string& line : request.headers) headers = curl_->append(headers, line.c_str());
  curl_->prepare(request, headers, sinks);
  const int status = curl_->perform(curl_->handle);
  curl_->getinfo(curl_->handle, kResponseCode, &answer.status);
  curl_->free_list(headers);
  curl_->reset(curl_->handle);  // it forgets the password and the pointers to this frame
  if (status == 0) return answer;
  return Error{ErrorKind::broken, public_url(request.url) + ": " + curl_->words(status), ""};
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF", kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x80 && (std::isalnum(u) != 0 || kPlain.find(c) != std::string_view::npos)) {
      out += c;
    } else {
      out += {'%', kDigits[u >> 4U], kDigits[u & 15U]};
    }
  }
  return out;
}

std::string public_url(std::string_view url) {
  std::string text(url.substr(0, url.find_first_of("?#")));
  const std::size_t scheme = text.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(text.find('/', start), text.size());
  const std::size_t at = text.rfind('@', path);
  if (at != std::string::npos && at >= start && at < path) text.erase(start, at - start + 1);
  return text;
}

}  // namespace impact
