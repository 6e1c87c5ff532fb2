#include "impact/record/outbox.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "impact/host/fork.hpp"

namespace impact {
namespace {

constexpr std::size_t kWrite = std::size_t{1} << 20U;     // at most this much in one call
constexpr std::size_t kKeepRoom = std::size_t{1} << 20U;  // a larger buffer is given back once it is empty

std::uint64_t lines_in(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Outbox::Outbox(Descriptor file, std::filesystem::path path)
    : path_(std::move(path)), generation_(fork_generation()), file_(std::move(file)) {}

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
    if (waiting_.empty()) return true;
    std::swap(sending_, waiting_);
  }
}

bool Outbox::send() noexcept {
  while (sent_ < sending_.size()) {
    const std::ptrdiff_t n = write_some(file_, std::string_view(sending_).substr(sent_, kWrite));
    if (n <= 0) {
      failed(n < 0 ? errno : EIO);
      return false;
    }
    sent(static_cast<std::uint64_t>(n));
  }
  return true;
}

// The file is ours alone: its size says what a failed write left of the lines, and the next one goes on from there.
void Outbox::settle() noexcept {
  const auto size = file_size(file_);
  if (!size) return;
  unsure_ = false;
  const std::uint64_t known = [this] {
    const std::lock_guard lock(state_);
    return health_.bytes_written;
  }();
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
