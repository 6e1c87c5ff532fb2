#pragma once
// Makes HTTP requests through libcurl, loaded at run time: without it all else works, and these say what to install.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/time.hpp"

namespace impact {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                   // begins with http:// or https://
  std::vector<std::string> headers;  // are written as "Accept: application/json"
  std::string body;
  std::string user, password;  // are for basic authentication, where `user` is not empty
  std::string ca_file;         // names a certificate to trust beside the system's
  bool verify_tls = true;
  Duration timeout = std::chrono::seconds{10};
  std::size_t largest_answer = std::size_t{8} << 20U;
};

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::vector<std::string> headers;  // are written as "x-auth-token: …", names in lower case

  // Returns the value of a header by its name in lower case; it is empty where the header is absent.
  std::string_view header(std::string_view name) const noexcept;
};

// Keeps a connection open between requests. Only one thread may use it at a time.
class HttpClient {
 public:
  // The error is absent where libcurl is not installed; its advice names the package.
  static Result<HttpClient> open();
  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

  // Any status is an answer. The error is broken where there is no connection or no certificate, or the answer takes
  // too long or is too large; its text names host and path and never a credential. Redirects are not followed.
  Result<HttpAnswer> send(const HttpRequest& request);

 private:
  struct Curl;
  explicit HttpClient(std::unique_ptr<Curl> curl);
  std::unique_ptr<Curl> curl_;
};

// Percent-encodes everything but letters, digits and "-._~".
std::string url_encode(std::string_view text);

// Returns the URL without user, password and query: so much may stand in a message.
std::string public_url(std::string_view url);

}  // namespace impact
