#pragma once
// Lines of a record as events: the other direction of encoder.hpp.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "impact/record/event.hpp"

namespace impact {

class LineScanner;

// Not thread-safe. After a line that may have been a damaged row, differences would continue from nowhere: the rows of
// each group are orphans until its next key row. What is absolute (key rows, single readings, marks) is read on.
class Decoder {
 public:
  enum class Found : std::uint8_t { event, ignored, damage, orphan };

  explicit Decoder(const Header& header);

  // One line without its newline, line 2 or later. `out` is written where an event is found, and may be half-written
  // at damage; a Row in it is filled again without allocating.
  Found decode(std::string_view line, Event& out);

  // Why the last line was damage.
  const std::string& reason() const noexcept { return reason_; }

  // A row may be missing here.
  void lose_rows() noexcept;

 private:
  struct Line {
    Kind kind;
    Quality quality;
    std::uint32_t group;
  };
  struct Base {
    std::vector<std::uint32_t> channels;
    std::vector<std::uint64_t> counts;
    std::int64_t t_us = 0;
    bool keyed = false;
    bool orphaned = false;  // since a damaged line
  };

  Found damage(std::string reason);
  Found classified(std::string_view line, Event& out);
  Found array(std::string_view line, Event& out);
  Found lettered(std::string_view line, Event& out);
  Found row(LineScanner& scan, std::uint32_t group, bool key, Event& out);
  bool value(LineScanner& scan, Base& base, std::size_t i, bool key, const Reading& row, Reading& out) const;
  bool count(LineScanner& scan, Kind kind, std::int64_t& out) const;
  Found single(LineScanner& scan, Event& out);
  Found object(std::string_view line, Event& out);
  Found mark(const nlohmann::json& line, Event& out);
  bool edge(const nlohmann::json& line, EdgeReading& out) const;
  bool edge_count(const nlohmann::json& value, Kind kind, std::int64_t& out) const;
  bool edge_span(const nlohmann::json& at, const nlohmann::json& width, Instant& lo, Instant& hi) const;
  bool set_times(Reading& reading, std::int64_t t_us, std::int64_t width_us) const noexcept;

  Instant start_;
  std::vector<Line> channels_;
  std::vector<Base> bases_;
  std::string reason_;
};

}  // namespace impact
