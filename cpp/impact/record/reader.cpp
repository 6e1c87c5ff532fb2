#include "impact/record/reader.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "impact/record/format.hpp"
#include "impact/record/header.hpp"

namespace impact {
namespace {

constexpr std::size_t kChunk = std::size_t{256} << 10U;
constexpr std::string_view kHeaderBegin = "{\"format\":\"impact-tracker-record\"";

}  // namespace

RecordReader::RecordReader(Descriptor file, std::string text, std::string name)
    : file_(std::move(file)), name_(std::move(name)), text_(std::move(text)) {}

Result<RecordReader> RecordReader::open(const std::filesystem::path& path) {
  Result<Descriptor> file = open_for_reading(path);
  if (!file) return file.error();
  return start(RecordReader(std::move(file).value(), {}, path.string()));
}

Result<RecordReader> RecordReader::of_text(std::string text, std::string name) {
  return start(RecordReader(Descriptor{}, std::move(text), std::move(name)));
}

Result<RecordReader> RecordReader::start(RecordReader reader) {
  std::string_view line;
  const Line first = reader.take_line(line);
  if (first == Line::failed) return Error{ErrorKind::broken, reader.name_ + ": " + reader.at_line(reader.failure_), ""};
  if (first == Line::none) {
    const bool empty = reader.text_.empty();
    return Error{ErrorKind::broken,
                 reader.name_ + ": line 1 (byte 0): " + (empty ? "the file is empty" : "the header is cut short"), ""};
  }
  Result<Header> header = decode_header(line);
  if (!header) return Error{ErrorKind::broken, reader.name_ + ": " + reader.at_line(header.error().what), ""};
  reader.header_ = std::move(header).value();
  reader.decoder_ = Decoder(reader.header_);
  return reader;
}

std::string RecordReader::at_line(const std::string& reason) const {
  return "line " + std::to_string(line_) + " (byte " + std::to_string(line_at_) + "): " + reason;
}

// More of the file behind what is left of the text; false at its end or a failure.
bool RecordReader::refill() {
  if (!file_.valid()) return false;
  text_.erase(0, taken_);
  searched_ -= taken_;
  taken_ = 0;
  const std::size_t left = text_.size();
  text_.resize(left + kChunk);
  const std::ptrdiff_t n = read_at(file_, {text_.data() + left, kChunk}, static_cast<std::int64_t>(file_at_));
  text_.resize(left + static_cast<std::size_t>(n > 0 ? n : 0));
  if (n < 0) failure_ = "cannot be read: " + std::generic_category().message(errno);
  if (n > 0) file_at_ += static_cast<std::uint64_t>(n);
  return n > 0;
}

RecordReader::Line RecordReader::take_line(std::string_view& out) {
  while (true) {
    const std::size_t newline = text_.find('\n', searched_);
    const std::size_t end = newline == std::string::npos ? text_.size() : newline;
    const bool too_long = end - taken_ > kMaxLineBytes;
    searched_ = end;
    if (!too_long && newline == std::string::npos && refill()) continue;
    if (!too_long && newline == std::string::npos && failure_.empty()) return Line::none;
    line_at_ = next_at_;
    ++line_;
    is_too_long_ = too_long;
    if (too_long) failure_ = "longer than " + std::to_string(kMaxLineBytes) + " bytes";
    if (!failure_.empty()) return Line::failed;
    out = std::string_view(text_).substr(taken_, end - taken_);
    taken_ = searched_ = end + 1;
    next_at_ += out.size() + 1;
    return Line::whole;
  }
}

void RecordReader::note_damage(const std::string& reason) {
  if (damaged_++ == 0) first_damage_ = at_line(reason);
}

std::optional<std::string> RecordReader::damage() const {
  if (damaged_ == 0) return std::nullopt;
  if (ended_ && damaged_ == 1) return first_damage_ + "; everything before it was read";
  std::string text = first_damage_ +
                     (damaged_ == 1 ? "; 1 line was" : "; " + std::to_string(damaged_) + " lines were") +
                     " passed over";
  if (orphans_ > 0) text += ", and " + std::to_string(orphans_) + " rows that build on what may have stood there";
  return text;
}

// Nothing behind a failure of the disk can be read; behind a line without an end the next one begins.
bool RecordReader::skip_failed() {
  if (!is_too_long_) return false;
  is_too_long_ = false;
  failure_.clear();
  decoder_.lose_rows();
  while (true) {
    const std::size_t newline = text_.find('\n', taken_);
    const std::size_t end = newline == std::string::npos ? text_.size() : newline + 1;
    next_at_ += end - taken_;
    taken_ = searched_ = end;
    if (newline != std::string::npos) return true;
    if (!refill()) return false;
  }
}

bool RecordReader::next(Event& out) {
  while (!ended_) {
    std::string_view line;
    const Line taken = take_line(line);
    if (taken == Line::none) return false;
    if (taken == Line::failed) {
      note_damage(failure_);
      ended_ = !skip_failed();
      continue;
    }
    if (line.starts_with(kHeaderBegin)) {
      note_damage("the header of another record");
      ended_ = true;
      continue;
    }
    if (!line.empty() && line.front() == '\0') {  // a disk that lost power; the line behind may be whole
      note_damage("zero bytes");
      decoder_.lose_rows();
      line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
    }
    if (line.empty()) continue;  // it says nothing, in no version
    const Decoder::Found found = decoder_.decode(line, out);
    if (found == Decoder::Found::damage) {
      note_damage(decoder_.reason());
    } else if (found == Decoder::Found::orphan) {
      ++orphans_;
    } else if (found == Decoder::Found::ignored) {
      ++ignored_;
    } else {
      complete_ = complete_ || std::holds_alternative<Totals>(out);
      return true;
    }
  }
  return false;
}

std::string remark_on_ignored(std::uint64_t lines) {
  if (lines == 0) return {};
  const std::string which =
      lines == 1 ? "1 line of the record is of a kind" : std::to_string(lines) + " lines of the record are of kinds";
  return which +
         " that this version does not know and leaves out: read the record with the version of impact-tracker "
         "that wrote it, or a newer one";
}

}  // namespace impact
