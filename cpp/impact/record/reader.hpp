#pragma once
// Reads one record, of any version, also while it is being written.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "impact/core/error.hpp"
#include "impact/host/file.hpp"
#include "impact/record/decoder.hpp"
#include "impact/record/event.hpp"

namespace impact {

// Not thread-safe. Memory: one line and a quarter MiB.
class RecordReader {
 public:
  // Reads line 1. Error: the path, the line, the reason.
  static Result<RecordReader> open(const std::filesystem::path& path);

  // The same of a text at hand; `name` stands for the path.
  static Result<RecordReader> of_text(std::string text, std::string name);

  const Header& header() const noexcept { return header_; }

  // The next event; false at the end. A damaged line is passed over. A line without its newline is the end: it is cut short, or being
  // written, and a later call reads it once it is whole. `out` is unspecified after false; its memory is used again.
  bool next(Event& out);

  // A totals line was read. A record without one ends early, which is no damage.
  bool complete() const noexcept { return complete_; }

  // "line 812 (byte 40213): not JSON; 1 line was passed over, and 24 rows that build on what it held"
  std::optional<std::string> damage() const;

  // Counts the lines of kinds that this version does not know, which were passed over so far.
  std::uint64_t ignored_lines() const noexcept { return ignored_; }

 private:
  RecordReader(Descriptor file, std::string text, std::string name);
  static Result<RecordReader> start(RecordReader reader);
  enum class Line : std::uint8_t { whole, none, failed };
  Line take_line(std::string_view& out);
  bool refill();
  bool skip_failed();
  std::string at_line(const std::string& reason) const;

  Descriptor file_;
  std::string name_;
  std::string text_;           // what was read of the file and not yet taken
  std::size_t taken_ = 0;      // of text_
  std::size_t searched_ = 0;   // of text_: no newline from taken_ to here
  std::uint64_t file_at_ = 0;  // where the next bytes of the file are
  std::uint64_t line_ = 0;     // number and offset of the line last taken
  std::uint64_t line_at_ = 0;
  std::uint64_t next_at_ = 0;
  std::string failure_;
  bool is_too_long_ = false;
  Header header_;
  Decoder decoder_{Header{}};
  bool complete_ = false;
  std::uint64_t ignored_ = 0;
  void note_damage(const std::string& reason);

  std::string first_damage_;
  std::uint64_t damaged_ = 0;
  std::uint64_t orphans_ = 0;
  bool ended_ = false;  // by what nothing can be read behind
};

// Says in a result what its record's ignored lines mean for it; empty where there are none.
std::string remark_on_ignored(std::uint64_t lines);

}  // namespace impact
