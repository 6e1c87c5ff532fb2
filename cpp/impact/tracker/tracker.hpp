#pragma once
// Writes one record: sources and sampler stand in front, regions in the middle, the record's writer behind.
//
// Every method may be called from any thread. In a forked child a tracker is inert: nothing is locked, joined or written.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "impact/core/mark.hpp"
#include "impact/core/result.hpp"
#include "impact/host/host.hpp"
#include "impact/record/writer.hpp"
#include "impact/sampling/edge_reader.hpp"
#include "impact/sampling/sampler.hpp"
#include "impact/sources/settings.hpp"
#include "impact/tracker/machine_book.hpp"
#include "impact/tracker/open_sources.hpp"
#include "impact/tracker/pending_rows.hpp"
#include "impact/tracker/share_setup.hpp"

namespace impact {

struct TrackerSettings {
  static constexpr Duration kShortestInterval = std::chrono::microseconds{500};
  static constexpr Duration kLongestInterval = std::chrono::hours{1};
  static Duration interval_of(double interval_s);  // throws std::invalid_argument outside of these two

  std::string logdir;
  Duration interval = std::chrono::seconds{1};
  std::vector<std::string> sources;                        // names lines or groups of sources.def; empty means all
  SourceSettings source_settings;                          // are told to the readers, beside the environment
  Edges edges = Edges::plain;                              // holds for the run, and regions that do not say otherwise
  bool include_psys = false;                               // lets the platform's counter stand for what it covers
  ShareRequest share{.whose = {.scope = Scope::process}};  // Scope::machine asks for no share
  bool strict = false;                                     // throws NoSourceError where nothing can be measured
  std::string run_key;  // is the same in all processes of one run, which share slow sources, or empty
  nlohmann::json info = nlohmann::json::object();
};

// Is thrown only with TrackerSettings::strict: what() lists every source, why it is not there, what would mend it.
class NoSourceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Says that the record cannot be opened; what() carries the path, the system's reason and a remedy.
class IoError : public std::runtime_error {
 public:
  IoError(const std::string& what, ErrorKind why, std::string file, int number = 0)
      : runtime_error(what), kind(why), path(std::move(file)), code(number) {}
  ErrorKind kind;
  std::string path;
  int code;  // the system's errno; 0 where it was not asked
};

class Tracker final : public Consumer, public std::enable_shared_from_this<Tracker> {
 public:
  // Opens the record. Throws std::invalid_argument (settings), NoSourceError, IoError; nothing runs yet.
  static std::shared_ptr<Tracker> open(const TrackerSettings& settings, const Host& host = {});
  ~Tracker() override;

  void start();                                         // throws std::logic_error if it was started before
  void stop(const nlohmann::json& info = {}) noexcept;  // has an effect at most once

  // Returns the region's number. Regions nest and overlap, and may be closed by another thread than opened them.
  std::uint64_t enter(const std::string& name, std::optional<Edges> edges = std::nullopt);
  // `called` says when the caller was asked to leave it, where that was a while ago. Of a region that stop() has ended,
  // this returns the result up to there. Throws std::logic_error for one that is not open; inert, it returns nullopt.
  std::optional<RegionResult> exit(std::uint64_t region, std::optional<Instant> called = std::nullopt);
  // Returns a result that was provisional at its exit and is final now, as long as it is kept (the last 256).
  std::optional<RegionResult> settled(std::uint64_t region);
  // Returns the whole run, up to now while it runs and final after stop(), and nullopt before start().
  std::optional<RegionResult> result();

  // Writes a remark of the caller's, with a "kind" of its own; has no effect where the tracker does not run.
  void note(const nlohmann::json& body);

  // Waits until the run has used this much energy, and says whether it has: false once the tracker is stopped, after the
  // longest time, and at once in an inert tracker. It looks at each sampling interval, and holds no lock in between.
  bool wait(Joules energy, Duration longest);

  nlohmann::json health();
  void flush() noexcept;
  bool running() const;
  bool inert() const noexcept;
  std::string path() const { return writer_->path().string(); }
  // Lists what results speak of by index; the list may outlive the tracker.
  std::shared_ptr<const std::vector<Channel>> channels() const noexcept { return {opened_, &opened_->channels}; }

  void on_readings(std::uint32_t slot, std::span<const Reading> readings) noexcept override;

 private:
  enum class State { ready, running, stopped };

  struct Opened {
    std::shared_ptr<const OpenSources> sources;
    ShareSettings share;
    std::shared_ptr<UsageSource> usage;  // is null where no share was asked for, or none can be known
  };

  Tracker(const TrackerSettings& settings, const Host& host);
  Tracker(const TrackerSettings& settings, const Host& host, Opened opened);
  static Opened open_all(const TrackerSettings& settings, const Host& host);
  Header header(const TrackerSettings& settings) const;
  void digest() noexcept;  // books and encodes the rows that wait; the lock is held
  void digest_if_free() noexcept;
  void notice_sleep();  // comes between taking readings and booking them; the lock is held
  void catch_up() { digest(), notice_sleep(); }
  void record_row(std::uint32_t slot, std::span<const Reading> readings);
  void note_sharing(std::uint32_t slot);
  void note_trouble(std::uint32_t slot);
  void keep(std::vector<RegionResult> results);
  void read_rest();
  std::uint64_t parent_here() const;

  Host host_;
  Duration interval_;
  Edges edges_;
  std::shared_ptr<UsageSource> usage_;
  std::shared_ptr<const OpenSources> opened_;
  EdgeReader edge_reader_;
  Instant record_start_;
  std::shared_ptr<RecordWriter> writer_;

  // What each round touches lies side by side: the caches are cold at each tick.
  std::uint32_t generation_;
  bool has_shared_;           // tells of a source that one process of the run reads for all
  mutable std::mutex mutex_;  // guards everything below
  State state_ = State::ready;
  SuspendWatch sleeps_;
  PendingRows pending_;
  std::condition_variable stopped_;
  MachineBook book_;
  std::uint64_t last_region_ = 0;
  std::map<std::thread::id, std::vector<std::uint64_t>> open_here_;  // has each thread's innermost region last
  std::map<std::uint64_t, RegionResult> settled_;
  std::optional<RegionResult> run_;
  std::uint64_t rows_ = 0;
  std::vector<Reading> round_;
  std::vector<Sharing> sharing_;       // is kept by source, as it was last noted
  std::vector<std::string> troubles_;  // are what each source complained of last
  SamplerStats sampler_before_;        // are those of the process's sampler when this tracker started
};

}  // namespace impact
