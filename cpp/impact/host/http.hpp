#pragma once
// HTTP requests through libcurl, loaded at run time: without it everything else works, and these say what to install.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/time.hpp"

namespace impact {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                   // http:// or https://, nothing else
  std::vector<std::string> headers;  // "Accept: application/json"
  std::string body;
  std::string user, password;  // basic authentication where `user` is not empty
  std::string ca_file;         // a certificate to trust beside the system's
  bool verify_tls = true;
  Duration timeout = std::chrono::seconds{10};
  std::size_t largest_answer = std::size_t{8} << 20U;
};

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::vector<std::string> headers;  // "x-auth-token: …", names in lower case

  // The value of a header by its name in lower case; empty where it is absent.
  std::string_view header(std::string_view name) const noexcept;
};

// A connection kept open between requests. One thread at a time.
class HttpClient {
 public:
  // Error absent: libcurl is not installed; the advice names the package.
  static Result<HttpClient> open();
  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

  // Any status is an answer. Error broken: no connection, no certificate, too long, too large; the text names host and
  // path and never a credential. Redirects are not followed.
  Result<HttpAnswer> send(const HttpRequest& request);

 private:
  struct Curl;
  explicit HttpClient(std::unique_ptr<Curl> curl);
  std::unique_ptr<Curl> curl_;
};

// Percent-encodes everything but letters, digits and "-._~".
std::string url_encode(std::string_view text);

// The URL without user, password and query: what may stand in a message.
std::string public_url(std::string_view url);

}  // namespace impact
