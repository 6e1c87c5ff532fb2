#include "impact/record/outbox.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "impact/host/fork.hpp"

namespace impact {
namespace {

constexpr std::size_t kWrite = std::size_t{1} << 20U;     // at most this much in one call
constexpr std::size_t kAside = std::size_t{64} << 10U;    // is set aside at once where there is room, for later writes
constexpr std::size_t kKeepRoom = std::size_t{1} << 20U;  // a larger buffer is given back once it is empty

bool means_full(int code) noexcept {
#ifdef EDQUOT
  if (code == EDQUOT) return true;
#endif
  return code == ENOSPC;
}

std::uint64_t lines_in(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Outbox::Outbox(Descriptor file, std::filesystem::path path, std::size_t last_bytes)
    : path_(std::move(path)), generation_(fork_generation()), file_(std::move(file)), last_bytes_(last_bytes) {}

Outbox::~Outbox() {
  // The number may be another file's by now in a child that closed what it inherited.
  if (is_inherited()) static_cast<void>(file_.release());
}

bool Outbox::is_inherited() const noexcept { return generation_ != fork_generation(); }

bool Outbox::append(std::string_view lines, Weight weight) noexcept {
  if (is_inherited()) return false;
  const std::lock_guard lock(state_);
  if (closed_) return false;
  const std::size_t most = weight == Weight::row ? kMost - kKeptForEvents : kMost;
  // Once rows are dropped, half of the room must be free before they are taken again: one gap, not a thousand.
  if (dropping_ && held_ <= kMost / 2) dropping_ = false;
  if (dropping_ && weight == Weight::row) {
    health_.dropped_lines += lines_in(lines);
    dropped_unsaid_ += lines_in(lines);
    return false;
  }
  if (dropped_unsaid_ > 0) {
    char note[80] = R"({"e":"note","kind":"dropped_lines","lines":)";
    char* const number = note + std::char_traits<char>::length(note);
    char* end = std::to_chars(number, note + sizeof note - 2, dropped_unsaid_).ptr;
    *end++ = '}';
    *end++ = '\n';
    if (put({note, static_cast<std::size_t>(end - note)})) dropped_unsaid_ = 0;
  }
  if (held_ + lines.size() <= most && put(lines)) return true;
  dropping_ = true;
  health_.dropped_lines += lines_in(lines);
  dropped_unsaid_ += lines_in(lines);
  return false;
}

bool Outbox::put(std::string_view lines) noexcept {
  try {
    waiting_.append(lines);
  } catch (const std::exception&) {
    return false;
  }
  held_ += lines.size();
  return true;
}

void Outbox::before_flush(std::function<void()> collect) {
  if (is_inherited()) return;
  const std::lock_guard lock(asking_);
  collect_ = std::move(collect);
}

void Outbox::collect() noexcept {
  if (is_inherited()) return;
  const std::lock_guard lock(asking_);
  if (collect_) collect_();
}

void Outbox::count_dropped(std::uint64_t lines) noexcept {
  if (is_inherited()) return;
  const std::lock_guard lock(state_);
  health_.dropped_lines += lines;
  dropped_unsaid_ += lines;
}

bool Outbox::flush() noexcept {
  if (is_inherited()) return true;
  const std::lock_guard writing(io_);
  if (!file_.valid()) return true;
  // A program that closed our descriptor may have a file of its own under the number.
  if (!file_.is_ours() && !file_.reopen_for_appending(path_)) {
    failed(EBADF, ": the program closed its descriptor, and at its path is no more this file");
    return false;
  }
  if (unsure_) settle();
  while (true) {
    if (!send()) return false;
    const std::lock_guard lock(state_);
    sending_.clear();
    sent_ = 0;
    if (sending_.capacity() > kKeepRoom) sending_ = std::string{};
    if (waiting_.empty()) {
      last_code_ = 0;
      return true;
    }
    std::swap(sending_, waiting_);
  }
}

bool Outbox::send() noexcept {
  while (sent_ < sending_.size()) {
    const std::string_view piece = next_piece();
    if (!has_room(piece.size())) return false;
    const std::ptrdiff_t n = write_some(file_, piece);
    if (n <= 0) {
      failed(n < 0 ? errno : EIO);
      return false;
    }
    sent(static_cast<std::uint64_t>(n));
  }
  return true;
}

// Whole lines where they are short enough: a disk without room for the next piece then leaves no line torn.
std::string_view Outbox::next_piece() const noexcept {
  const std::string_view rest = std::string_view(sending_).substr(sent_);
  if (rest.size() <= kWrite) return rest;
  const std::size_t newline = rest.rfind('\n', kWrite - 1);
  return rest.substr(0, newline == std::string_view::npos ? kWrite : newline + 1);
}

// Lines are written only while the last ones still find room behind them.
bool Outbox::has_room(std::uint64_t bytes) noexcept {
  const std::uint64_t begin = bytes_written();
  if (last_bytes_ == 0 || begin + bytes + last_bytes_ <= set_aside_to_) return true;
  int code = 0;
  for (const std::size_t more : {kAside, std::size_t{0}}) {
    const std::uint64_t wanted = bytes + last_bytes_ + more;
    code = set_room_aside(file_, begin, wanted);
    if (code == 0) set_aside_to_ = begin + wanted;
    if (!means_full(code)) break;
  }
  if (means_full(code)) {
    failed(code);
    return false;
  }
  if (code != 0) last_bytes_ = 0;
  return true;
}

std::uint64_t Outbox::bytes_written() const noexcept {
  const std::lock_guard lock(state_);
  return health_.bytes_written;
}

bool Outbox::is_full() const noexcept {
  const std::lock_guard lock(state_);
  return means_full(last_code_);
}

std::uint64_t Outbox::lines_not_written() noexcept {
  if (is_inherited()) return 0;
  const std::lock_guard writing(io_);
  const std::lock_guard lock(state_);
  return health_.dropped_lines + lines_in(std::string_view(sending_).substr(sent_)) + lines_in(waiting_);
}

bool Outbox::end_with(std::string_view lines) noexcept {
  if (is_inherited()) return false;
  const std::lock_guard writing(io_);
  if (!file_.is_ours()) return false;
  if (unsure_) settle();
  const bool is_torn = sent_ > 0 && sent_ < sending_.size() && sending_[sent_ - 1] != '\n';
  {
    const std::lock_guard lock(state_);
    health_.dropped_lines += lines_in(std::string_view(sending_).substr(sent_)) + lines_in(waiting_);
    sending_.clear();
    waiting_.clear();
    sent_ = 0;
    held_ = 0;
  }
  try {
    sending_.append(is_torn ? "\n" : "").append(lines);
  } catch (const std::exception&) {
    return false;
  }
  {
    const std::lock_guard lock(state_);
    held_ = sending_.size();
  }
  last_bytes_ = 0;  // this is what the room was set aside for
  return send();
}

// The file is ours alone: its size says what a failed write left of the lines, and the next one goes on from there.
void Outbox::settle() noexcept {
  const auto size = file_size(file_);
  if (!size) return;
  unsure_ = false;
  const std::uint64_t known = bytes_written();
  if (*size > known && *size - known <= sending_.size() - sent_) sent(*size - known);
}

void Outbox::sent(std::uint64_t bytes) noexcept {
  sent_ += bytes;
  const std::lock_guard lock(state_);
  held_ -= bytes;
  health_.bytes_written += bytes;
}

void Outbox::failed(int code, const char* why) noexcept {
  unsure_ = true;
  try {
    const std::lock_guard lock(state_);
    last_code_ = code;
    if (std::find(codes_.begin(), codes_.end(), code) != codes_.end()) return;
    codes_.push_back(code);
    if (health_.code == 0) health_.code = code;
    health_.errors.push_back(path_.string() + ": " + std::generic_category().message(code) + why);
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::exception&) {  // no memory for the message: the next failure says it
  }
}

void Outbox::close() noexcept {
  if (is_inherited()) return;
  const std::lock_guard writing(io_);
  std::error_code unknown;  // a program that gave up its privileges may not look there
  if (file_.valid() && !std::filesystem::exists(path_, unknown) && !unknown) {
    failed(ENOENT, ": it was deleted or moved while the run wrote it");
  }
  if (set_aside_to_ > 0) give_room_back(file_);
  const std::lock_guard lock(state_);
  closed_ = true;
  file_.close();
  sending_ = std::string{};
  sent_ = 0;
  waiting_ = std::string{};
  held_ = 0;
}

Outbox::Health Outbox::health() const {
  if (is_inherited()) return {};
  const std::lock_guard lock(state_);
  return health_;
}

}  // namespace impact
