#pragma once
// Events as lines of a record (format.hpp), rows as differences to the last row of their group.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/record/event.hpp"

namespace impact {

// Not thread-safe. Every method returns whole lines with their newlines, valid until the next call; empty text where
// the event fits no line (an unknown group or channel, a time out of range). std::bad_alloc passes through: restart().
class Encoder {
 public:
  explicit Encoder(const Header& header);

  // A row where the readings are one for each of the group's channels, in order; else a line for each reading.
  std::string_view row(std::uint32_t group, std::span<const Reading> readings);
  std::string_view mark(const Mark& mark);
  // The same in two steps, for a mark whose time is taken when all else is ready; false: it fits no line.
  bool mark_body(const Mark& mark);
  std::string_view mark_at(Instant at);
  // `kind` "note" or "totals"; a body that is no object is put under "value".
  std::string_view remark(std::string_view kind, const nlohmann::json& body);

  // The next row of each group is a key row: lines that were encoded before may be lost.
  void restart() noexcept;

 private:
  struct Line {
    Kind kind;
    Quality quality;
  };
  struct Base {  // what the next row of a group is a difference to
    std::vector<std::uint32_t> channels;
    std::vector<std::uint64_t> counts;
    std::int64_t t_us = 0;
    std::uint32_t rows_to_key = 0;
  };
  struct Span {  // a reading's times, microseconds after the start
    std::int64_t t;
    std::int64_t width;
  };

  bool span_of(const Reading& reading, Span& out) const noexcept;
  bool round(std::uint32_t group, std::span<const Reading> readings);
  bool single(std::uint32_t group, const Reading& reading);
  void value(Base& base, std::size_t i, const Reading& reading, bool key);
  void edge(const EdgeReading& edge);
  void count(std::uint32_t channel, std::int64_t value);
  void put(std::string_view text) { text_ += text; }
  template <class Integer>
  void put_number(Integer value);

  Instant start_;
  std::vector<Line> channels_;
  std::vector<Base> bases_;
  std::vector<Span> spans_;
  std::string text_;
};

}  // namespace impact
