#pragma once
// Reads one of several records of a machine event by event, in the order of time. Its channels get the numbers that all
// the records share.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "impact/record/reader.hpp"

namespace impact {

// Names a record and the time that its run covers.
struct RecordSpan {
  std::filesystem::path path;
  Instant start{};
  Instant stop{};
};

inline constexpr std::uint32_t kNoChannel = 0xFFFFFFFF;

class RecordStream {
 public:
  // `numbers` gives each channel of the record its number among all, or kNoChannel to leave it out. The first next()
  // opens the file: of a thousand records only those that overlap are open at once.
  RecordStream(RecordSpan span, std::vector<std::uint32_t> numbers);

  // Returns the earliest time at which the event that next() will give can have taken place. It never goes back.
  Instant due() const noexcept { return due_; }

  // Returns the next event, its channels numbered anew, and nullptr at the end. A record that ends early ends with marks
  // that close what is open, at its last reading.
  Event* next();

  bool at_end() const noexcept { return opened_ && !has_ahead_; }

  // Counts the lines that were passed over, as this version does not know their kinds. It is right at the end.
  std::uint64_t ignored_lines() const noexcept { return ignored_lines_; }

 private:
  bool read();
  void look_at(Row& row);
  // Returns false for a mark that stood there before: a line may stand in a file twice, a region is entered once.
  bool look_at(Mark& mark);
  bool close_next_open();
  // The line with the run's start may be damaged: the run then begins at the span's start, before the event that is ahead.
  void begin_if_start_is_lost(Instant at);

  RecordSpan span_;
  std::vector<std::uint32_t> numbers_;
  std::optional<RecordReader> reader_;
  Event ahead_;                  // is the event that due_ speaks of
  std::optional<Event> behind_;  // comes after it, where that one was made up
  Event current_;
  bool opened_ = false;
  bool has_ahead_ = false;
  std::uint64_t ignored_lines_ = 0;
  Instant due_;
  Instant last_{};                             // is the time of the last reading of any channel
  std::map<std::uint64_t, std::string> open_;  // holds the names of the open regions
  std::set<std::uint64_t> entered_;            // holds those and all before
  std::map<std::uint32_t, Reading> latest_;    // is kept by channel
};

}  // namespace impact
