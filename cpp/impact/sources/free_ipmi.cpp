#include "impact/sources/free_ipmi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace impact {
namespace {

// IPMI_ERR_* of freeipmi's ipmi-api.h that mean the account.
constexpr bool is_refusal(int number) noexcept { return number >= 4 && number <= 11; }

}  // namespace

Result<FreeIpmi> FreeIpmi::open(IpmiAccount account, const std::string& path) {
  Result<Library> library = Library::open(path);
  if (!library) {
    return Error{ErrorKind::absent, "IPMI over the network needs FreeIPMI's library: " + library.error().what,
                 "sudo apt-get install libfreeipmi17"};
  }
  FreeIpmi ipmi(std::move(library).value(), std::move(account));
  if (!ipmi.resolve()) return Error{ErrorKind::broken, "libfreeipmi lacks a function that is needed", ""};
  return Result<FreeIpmi>(std::move(ipmi));
}

FreeIpmi::FreeIpmi(FreeIpmi&& other) noexcept
    : library_(std::move(other.library_)),
      account_(std::move(other.account_)),
      calls_(other.calls_),
      context_(std::exchange(other.context_, nullptr)) {}

FreeIpmi::~FreeIpmi() { log_out(); }

bool FreeIpmi::resolve() {
  const auto take = [&](auto& function, const char* name) {
    function = library_.symbol<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
    return function != nullptr;
  };
  return take(calls_.create, "ipmi_ctx_create") && take(calls_.destroy, "ipmi_ctx_destroy") &&
         take(calls_.close, "ipmi_ctx_close") && take(calls_.number, "ipmi_ctx_errnum") &&
         take(calls_.words, "ipmi_ctx_errormsg") && take(calls_.log_in, "ipmi_ctx_open_outofband_2_0") &&
         take(calls_.raw, "ipmi_cmd_raw");
}

Error FreeIpmi::failed(const char* step) const {
  const char* words = calls_.words(context_);
  const int number = calls_.number(context_);
  Error error{is_refusal(number) ? ErrorKind::forbidden : ErrorKind::broken,
              fmt::format("IPMI {}: {}: {}", account_.host, step, words != nullptr ? words : "error"), ""};
  if (error.kind == ErrorKind::forbidden)
    error.advice =
        "check IMPACT_TRACKER_IPMI_USER, its password, its right to log in over the network, and "
        "IMPACT_TRACKER_IPMI_CIPHER (3 or 17)";
  return error;
}

void FreeIpmi::log_out() noexcept {
  if (context_ == nullptr) return;
  calls_.close(context_);
  calls_.destroy(context_);
  context_ = nullptr;
}

Result<bool> FreeIpmi::log_in(Duration at_most) {
  constexpr std::uint8_t kUserPrivilege = 2;
  context_ = calls_.create();
  if (context_ == nullptr) return Error{ErrorKind::broken, "IPMI: no memory", ""};
  const auto ms = static_cast<unsigned>(std::clamp<std::int64_t>(at_most.count() / 1'000'000, 200, 60'000));
  const int status =
      calls_.log_in(context_, account_.host.c_str(), account_.user.c_str(), account_.password.c_str(), nullptr, 0,
                    kUserPrivilege, static_cast<std::uint8_t>(account_.cipher_suite), ms, std::max(ms / 4, 100U), 0, 0);
  if (status == 0) return true;
  Error error = failed("log in");
  if (error.advice.empty())
    error.advice =
        "check the address, that the controller takes IPMI over the network, and IMPACT_TRACKER_IPMI_USER: many "
        "controllers do not answer an unknown user";
  calls_.destroy(context_);
  context_ = nullptr;
  return error;
}

Result<std::vector<std::uint8_t>> FreeIpmi::request(std::uint8_t netfn, std::uint8_t command,
                                                    std::span<const std::uint8_t> data, Duration at_most) {
  if (context_ == nullptr) {
    const Result<bool> in = log_in(at_most);
    if (!in) return in.error();
  }
  std::vector<std::uint8_t> sent{command};
  sent.insert(sent.end(), data.begin(), data.end());
  std::array<std::uint8_t, 1024> answer{};
  const int size = calls_.raw(context_, 0, netfn, sent.data(), static_cast<unsigned>(sent.size()), answer.data(),
                              static_cast<unsigned>(answer.size()));
  if (size < 2 || static_cast<std::size_t>(size) > answer.size() || answer[0] != command) {
    const Error error = failed("command");
    log_out();
    return error;
  }
  return std::vector<std::uint8_t>(answer.begin() + 1, answer.begin() + size);  // leaves out the command
}

}  // namespace impact
