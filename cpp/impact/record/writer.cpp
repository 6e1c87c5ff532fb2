#include "impact/record/writer.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "impact/host/file.hpp"
#include "impact/host/fork.hpp"
#include "impact/record/flusher.hpp"
#include "impact/record/format.hpp"
#include "impact/record/header.hpp"
#include "impact/record/json.hpp"

namespace impact {
namespace {

// Totals take about half as much as the header, for both have each channel; this is for notes and a run's last mark.
constexpr std::size_t kRoomForEnd = std::size_t{8} << 10U;

// What lets a record be written where the system refused it with this errno; empty where nobody knows.
std::string advice_on(int code) {
  switch (code) {
    case ENOSPC:
#ifdef EDQUOT
    case EDQUOT:
#endif
      return "free some space there, or name another folder";
    case EACCES:
    case EPERM:
    case EROFS: return "name a folder that you may write to";
    case ENOTDIR:
    case EEXIST: return "a file stands where a folder is needed: name another folder";
    case ENAMETOOLONG: return "name a shorter path";
    case EMFILE:
    case ENFILE: return "close some files, or allow more of them (ulimit -n)";
    case EFBIG: return "files may not grow any further here (ulimit -f)";
    default: return "";
  }
}

Error unwritten(const std::filesystem::path& path, const std::string& reason, int code) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return {ErrorKind::broken, path.string() + ": " + reason, advice_on(code), code};
}

}  // namespace

RecordWriter::RecordWriter(std::shared_ptr<Outbox> outbox, const Header& header)
    : outbox_(std::move(outbox)), encoder_(header), generation_(fork_generation()) {}

Result<std::shared_ptr<RecordWriter>> RecordWriter::create(const std::filesystem::path& path, const Header& header) {
  if (const auto reason = fault(header)) return Error{ErrorKind::misconfigured, path.string() + ": " + *reason, ""};
  const std::string line = encode_header(header) + "\n";
  if (const auto back = decode_header(std::string_view(line).substr(0, line.size() - 1));
      !back || line.size() > kMaxLineBytes) {
    const std::string reason = back ? "longer than " + std::to_string(kMaxLineBytes) + " bytes" : back.error().what;
    return Error{ErrorKind::misconfigured, path.string() + ": its header cannot be read back: " + reason, ""};
  }
  Result<Descriptor> file = create_file(path);
  if (!file) {
    Error error = file.error();
    error.advice = advice_on(error.code);
    return error;
  }
  const auto outbox = std::make_shared<Outbox>(std::move(file).value(), path, line.size() + kRoomForEnd);
  if (!outbox->append(line, Outbox::Weight::event) || !outbox->flush()) {
    const Outbox::Health health = outbox->health();
    return unwritten(
        path,
        health.errors.empty() ? "no memory for the header" : health.errors.front().substr(path.string().size() + 2),
        health.code);
  }
  try {
    std::shared_ptr<RecordWriter> writer(new RecordWriter(outbox, header));
    start_flushing(outbox);
    return writer;
  } catch (const std::system_error& error) {
    return unwritten(path, std::string("no thread to write it: ") + error.what(), 0);
  }
}

RecordWriter::~RecordWriter() { end(); }

template <class Encode>
void RecordWriter::send(Outbox::Weight weight, std::uint64_t lines, Encode encode) noexcept {
  if (ended_ || generation_ != fork_generation()) return;
  try {
    const std::string_view text = encode();
    if (text.empty()) {
      outbox_->count_dropped(lines);
    } else if (!outbox_->append(text, weight)) {
      encoder_.restart();
    }
  } catch (const std::exception&) {  // no memory, or text that JSON cannot hold
    outbox_->count_dropped(lines);
    encoder_.restart();
  }
}

void RecordWriter::row(std::uint32_t group, std::span<const Reading> readings) noexcept {
  if (readings.empty()) return;
  send(Outbox::Weight::row, 1, [&] { return encoder_.row(group, readings); });
}

void RecordWriter::mark(const Mark& mark) noexcept {
  send(Outbox::Weight::event, 1, [&] {
    if (mark.kind == Mark::Kind::exit && mark.region == 0) run_end_ = mark;
    return encoder_.mark(mark);
  });
}

Instant RecordWriter::mark_now(const Mark& mark, const Clock& clock) noexcept {
  std::optional<Instant> at;
  send(Outbox::Weight::event, 1, [&] {
    const bool ready = encoder_.mark_body(mark);
    at = clock.now();
    return ready ? encoder_.mark_at(*at) : std::string_view{};
  });
  return at ? *at : clock.now();
}

void RecordWriter::note(const nlohmann::json& body) noexcept {
  send(Outbox::Weight::event, 1, [&] { return encoder_.remark("note", body); });
}

void RecordWriter::flush() noexcept { outbox_->flush(); }

void RecordWriter::finish(const nlohmann::json& totals) noexcept {
  send(Outbox::Weight::event, 1, [&] { return encoder_.remark("totals", totals); });
  if (!ended_ && generation_ == fork_generation() && !outbox_->flush() && outbox_->is_full()) end_on_full_disk(totals);
  end();
}

void RecordWriter::end_on_full_disk(const nlohmann::json& totals) noexcept {
  try {
    std::string lines;
    const std::uint64_t written_below = 1 + (run_end_ ? 1U : 0U);  // these wait too, and are not lost
    const std::uint64_t missing = outbox_->lines_not_written();
    const std::uint64_t lost = missing - std::min(missing, written_below);
    lines += encoder_.remark("note", {{"kind", "disk_full"}, {"lines", lost}});
    if (run_end_) lines += encoder_.mark(*run_end_);
    lines += encoder_.remark("totals", totals);
    outbox_->end_with(lines);
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::exception&) {  // the record ends early, and says so when it is read
  }
}

void RecordWriter::end() noexcept {
  if (ended_ || generation_ != fork_generation()) return;
  ended_ = true;
  stop_flushing(outbox_);
  outbox_->flush();
  outbox_->close();
}

}  // namespace impact
