#include "impact/sources/service_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "impact/host/clock.hpp"

namespace impact {
namespace {

constexpr const char* kJoin =
    "join the group that the service tells (impact-tracker, as a rule), then log in anew: "
    "sudo usermod --append --groups impact-tracker $USER";

}  // namespace

Result<ServiceFrame> ServiceClient::ask(Duration patience) {
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

Error ServiceClient::error(ErrorKind kind, std::string_view what, std::string_view advice) const {
  return {kind, fmt::format("{}: {}", path_.string(), what), std::string(advice)};
}

std::optional<Error> ServiceClient::connect(Instant deadline) {
  socket_.reset();
  Result<LocalSocket> made = LocalSocket::connect(path_, deadline);
  if (!made) {
    Error why = made.error();
    if (why.kind == ErrorKind::forbidden) why.advice = kJoin;
    if (why.kind == ErrorKind::broken || why.kind == ErrorKind::absent) why.advice = kRestartService;
    return why;
  }
  const std::optional<std::uint32_t> user = made.value().peer_user();
  if (!user) return error(ErrorKind::unsupported, "this system does not say who serves there", "");
  if (std::ranges::find(trusted_, *user) == trusted_.end()) {
    return error(ErrorKind::misconfigured,
                 fmt::format("user {} serves there, who is neither root nor you: such numbers are not believed", *user),
                 fmt::format("where that user may be believed: export IMPACT_TRACKER_SERVICE_USER={}", *user));
  }
  socket_ = std::move(made).value();
  return std::nullopt;
}

Result<ServiceFrame> ServiceClient::ask_once(bool held, Instant deadline) {
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
  if (!length) return error(ErrorKind::broken, "the answer is longer than any frame", kRestartService);
  if (*length == 0) return error(ErrorKind::broken, "the service knows nothing yet", "ask again in some seconds");
  text_.resize(*length);
  if (const auto taken = socket_->receive(text_, deadline); taken != LocalSocket::Taken::whole)
    return broken_off(taken, false);
  Result<ServiceFrame> frame = parse_service_frame(text_);
  if (!frame) return error(ErrorKind::broken, frame.error().what, kRestartService);
  return frame;
}

Error ServiceClient::broken_off(LocalSocket::Taken taken, bool held) {
  if (taken == LocalSocket::Taken::late)
    return error(ErrorKind::broken, "the service does not answer", kRestartService);
  was_cut_off_ = held;
  return error(ErrorKind::forbidden, "the service ended the connection without a whole answer", kJoin);
}

}  // namespace impact
