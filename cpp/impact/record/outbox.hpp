#pragma once
// Lines on their way to the disk: appended by the thread that has them, written by whoever flushes. A disk that is
// full or away costs nothing until 16 MiB wait; then rows are dropped, and counted. Room for the last lines is set
// aside on the disk before any line is written, so that a disk that fills up does not take the file's end.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "impact/host/file.hpp"

namespace impact {

// Any thread. In a forked child every call does nothing, and the descriptor stays as it is.
class Outbox {
 public:
  enum class Weight : std::uint8_t { row, event };  // events find room in the last MiB that rows leave

  struct Health {
    std::uint64_t bytes_written = 0;
    std::uint64_t dropped_lines = 0;
    std::vector<std::string> errors;  // one per kind of failure: path and the system's reason
    int code = 0;                     // errno of the first failure
  };

  static constexpr std::size_t kMost = std::size_t{16} << 20U;
  static constexpr std::size_t kKeptForEvents = std::size_t{1} << 20U;

  // A file that is empty, open for appending, and written by nobody else. `last_bytes`: how much is set aside for
  // end_with(), where the file system can.
  Outbox(Descriptor file, std::filesystem::path path, std::size_t last_bytes = 0);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Whole lines. False where they were dropped. Never touches the disk.
  bool append(std::string_view lines, Weight weight) noexcept;

  // Called by the process's writer thread before each of its flushes, to append what is still to be encoded. Once this
  // has returned, the function that was set before is not running any more.
  void before_flush(std::function<void()> collect);
  void collect() noexcept;

  // Counts lines that could not even be made.
  void count_dropped(std::uint64_t lines) noexcept;

  // Writes what waits. A failure is kept in health(); what it left waits for the next flush. Returns false then.
  bool flush() noexcept;

  // Tells whether the last flush failed because the disk, or the user's share of it, is full.
  bool is_full() const noexcept;

  // Counts the lines that are not in the file: those that wait, and those that were dropped.
  std::uint64_t lines_not_written() noexcept;

  // Drops what waits, counted, and writes these whole lines into the room that was set aside for them. Returns false
  // where they found none.
  bool end_with(std::string_view lines) noexcept;

  // After a last flush: nothing is taken or written any more. A file that stands no more at its path is an error in
  // health(), for its lines are lost to who looks there.
  void close() noexcept;

  Health health() const;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  bool is_inherited() const noexcept;
  bool put(std::string_view lines) noexcept;
  bool send() noexcept;
  std::string_view next_piece() const noexcept;
  bool has_room(std::uint64_t bytes) noexcept;
  std::uint64_t bytes_written() const noexcept;
  void settle() noexcept;
  void sent(std::uint64_t bytes) noexcept;
  void failed(int code, const char* why = "") noexcept;

  const std::filesystem::path path_;
  const std::uint32_t generation_;

  std::mutex asking_;  // held while collect_ runs; before the others
  std::function<void()> collect_;

  std::mutex io_;  // held while writing; before state_ where both are
  Descriptor file_;
  std::string sending_;  // taken from waiting_, not yet written from sent_ on
  std::size_t sent_ = 0;
  bool unsure_ = false;             // the last write failed: how much of it arrived is not known
  std::size_t last_bytes_;          // is 0 where the file system sets nothing aside
  std::uint64_t set_aside_to_ = 0;  // the byte up to which the disk has room for this file

  mutable std::mutex state_;  // held for a copy at most
  std::string waiting_;
  std::size_t held_ = 0;  // bytes in waiting_ and still in sending_
  bool dropping_ = false;
  std::uint64_t dropped_unsaid_ = 0;
  bool closed_ = false;
  Health health_;
  int last_code_ = 0;  // errno of the last flush, 0 where it wrote all
  std::vector<int> codes_;
};

}  // namespace impact
