#include "impact/tracker/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "impact/host/file.hpp"
#include "impact/host/fork.hpp"
#include "impact/host/process_id.hpp"
#include "impact/record/flusher.hpp"
#include "impact/record/format.hpp"
#include "impact/tracker/book_json.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/record_name.hpp"
#include "impact/tracker/share_json.hpp"
#include "impact/tracker/suspension_note.hpp"

namespace impact {

using nlohmann::json;

namespace {

constexpr std::size_t kKeptResults = 256;

void check(const TrackerSettings& s) {
  if (s.logdir.empty()) throw std::invalid_argument("logdir is empty: name the directory that is to hold the record");
  (void)TrackerSettings::interval_of(seconds(s.interval));
}

}  // namespace

Duration TrackerSettings::interval_of(double interval_s) {
  const bool sane =
      interval_s >= seconds(kShortestInterval) && interval_s <= seconds(kLongestInterval);  // false for NaN
  if (!sane) {
    std::ostringstream text;
    text << "interval_s must lie between " << seconds(kShortestInterval) << " and " << seconds(kLongestInterval)
         << " seconds";
    throw std::invalid_argument(text.str());
  }
  return Duration{std::llround(interval_s * 1e9)};
}

std::shared_ptr<Tracker> Tracker::open(const TrackerSettings& settings, const Host& host) {
  check(settings);
  return std::shared_ptr<Tracker>(new Tracker(settings, host));
}

Tracker::Tracker(const TrackerSettings& settings, const Host& host)
    : Tracker(settings, host, open_all(settings, host)) {}

Tracker::Tracker(const TrackerSettings& settings, const Host& host, Opened opened)
    : host_(host),
      interval_(settings.interval),
      edges_(settings.edges),
      usage_(std::move(opened.usage)),
      opened_(std::move(opened.sources)),
      edge_reader_(host, opened_->sources),
      record_start_(host.now()),
      generation_(fork_generation()),
      has_shared_(std::ranges::any_of(opened_->shared, [](const auto& source) { return source != nullptr; })),
      book_({opened_->channels, opened_->at_edges, roles_of(*opened_, settings.include_psys), settings.interval},
            std::move(opened.share)) {
  if (settings.strict && !has_energy_sensor(*opened_)) throw NoSourceError(nothing_measured(*opened_));
  const Header head = header(settings);
  for (std::string& remark : remarks_on_probes(head.info)) book_.remark(std::move(remark));
  const std::filesystem::path path = record_path(settings.logdir, head.run_id);
  Result<std::shared_ptr<RecordWriter>> writer = RecordWriter::create(path, head);
  if (!writer) {
    const Error& error = writer.error();
    const std::string remedy = error.advice.empty() ? "" : "; " + error.advice;
    throw IoError("the record cannot be written: " + error.what + remedy, error.kind, path.string(), error.code);
  }
  writer_ = std::move(writer).value();
}

Tracker::~Tracker() {
  // The sampler may let go of a stopped tracker long after its owner, whose clock may be gone by then.
  if (state_ != State::stopped) stop();
  if (!inert()) writer_->before_flush({});
}

// Opens the process's sources, which its trackers share, and behind them those of this tracker's own consumer.
Tracker::Opened Tracker::open_all(const TrackerSettings& settings, const Host& host) {
  Opened opened{opened_sources(host, settings.sources, settings.run_key, settings.source_settings), {}, nullptr};
  if (settings.share.whose.scope == Scope::machine) return opened;
  auto with_usage = std::make_shared<OpenSources>(*opened.sources);
  opened.share =
      add_usage(host, settings.share, roles_of(*with_usage, settings.include_psys), *with_usage, opened.usage);
  opened.sources = std::move(with_usage);
  return opened;
}

bool Tracker::inert() const noexcept { return generation_ != fork_generation(); }

void Tracker::flush() noexcept {
  if (inert()) return;
  {
    const std::lock_guard lock(mutex_);
    digest();
  }
  writer_->flush();
}

bool Tracker::running() const {
  if (inert()) return false;
  const std::lock_guard lock(mutex_);
  return state_ == State::running;
}

Header Tracker::header(const TrackerSettings& settings) const {
  Header head;
  head.start = record_start_;
  head.start_utc_ns = utc_ns_at(record_start_, *host_.clock);
  head.pid = process_id();
  head.run_id = new_run_id(head.start_utc_ns, head.pid);
  const Result<std::string> boot = read_text(host_.path("/proc/sys/kernel/random/boot_id"));
  head.boot_id = boot ? boot.value() : "unknown";
  head.channels = opened_->channels;
  for (const PlacedSource& placed : opened_->sources) {
    Group group{std::string(placed.source->channels().front().source), {}};
    for (std::uint32_t c = 0; c < placed.source->channels().size(); ++c) group.channels.push_back(placed.first + c);
    head.groups.push_back(std::move(group));
  }
  json probes = json::array();
  for (const OpenSources::Outcome& o : opened_->outcomes) {
    json probe = {{"name", o.entry.name}, {"state", o.used ? "used" : std::string(to_string(o.error.kind))}};
    if (!o.error.what.empty()) probe["error"] = o.error.what;
    probes.push_back(std::move(probe));
  }
  head.info = settings.info;
  head.info["book"] = book_to_json(book_.settings());
  head.info["book"]["share"] = share_to_json(book_.share_settings());
  head.info["probes"] = std::move(probes);
  head.info["edges"] = to_string(edges_);
  head.info["start_boot_ns"] = host_.clock->boot_ns();  // is `start` on the clock that goes on in a sleep
  return head;
}

void Tracker::start() {
  if (inert()) return;
  const SamplerStats sampler_now = Sampler::shared().stats();
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::ready) throw std::logic_error("the tracker was started before; make a new one for a new run");
    state_ = State::running;
    sampler_before_ = sampler_now;
    (void)sleeps_.look(*host_.clock);  // a sleep before the run does not count
  }
  writer_->before_flush([this] { digest_if_free(); });
  std::vector<Subscription> subscriptions;
  for (std::uint32_t i = 0; i < opened_->sources.size(); ++i) {
    const std::shared_ptr<Source>& source = opened_->sources[i].source;
    subscriptions.push_back({source, sampling_period(*source, interval_), i});
  }
  Sampler::shared().subscribe(shared_from_this(), subscriptions);
  const Mark mark{Mark::Kind::enter,        0, 0, RegionBook::kRunName, edges_, RegionBook::kNotYet,
                  edge_reader_.read(edges_)};
  {
    const std::lock_guard lock(mutex_);
    notice_sleep();
    book_.enter(mark);
    book_.begin(0, writer_->mark_now(mark, *host_.clock));
  }
  writer_->flush();  // a program that is killed at once was started all the same
}

std::uint64_t Tracker::parent_here() const {
  const auto stack = open_here_.find(std::this_thread::get_id());
  return stack == open_here_.end() || stack->second.empty() ? 0 : stack->second.back();
}

std::uint64_t Tracker::enter(const std::string& name, std::optional<Edges> edges) {
  if (inert()) return 0;
  const Edges how = edges.value_or(edges_);
  std::vector<EdgeReading> readings = edge_reader_.read(how);
  const std::lock_guard lock(mutex_);
  if (state_ != State::running) throw std::logic_error("region \"" + name + "\": the tracker is not running");
  catch_up();
  const std::uint64_t region = ++last_region_;
  const Mark mark{Mark::Kind::enter, region, parent_here(), name, how, RegionBook::kNotYet, std::move(readings)};
  open_here_[std::this_thread::get_id()].push_back(region);
  book_.enter(mark);
  book_.begin(region, writer_->mark_now(mark, *host_.clock));
  return region;
}

std::optional<RegionResult> Tracker::exit(std::uint64_t region, std::optional<Instant> called) {
  const Instant at = std::min(host_.now(), called.value_or(Instant::max()));
  if (inert()) return std::nullopt;
  const Edges how = [&] {
    const std::lock_guard lock(mutex_);
    return book_.edges_of(region).value_or(edges_);
  }();
  Mark mark{Mark::Kind::exit, region, 0, "", how, at, edge_reader_.read(how)};
  const std::lock_guard lock(mutex_);
  catch_up();
  if (const auto ended = settled_.find(region); state_ == State::stopped && ended != settled_.end()) {
    ended->second.notes = {"its tracker was stopped before it was left: it ends there"};
    return ended->second;
  }
  std::optional<RegionResult> result = region == 0 ? std::nullopt : book_.exit(mark);
  if (!result) throw std::logic_error("region " + std::to_string(region) + " is not open");
  writer_->mark(mark);
  for (auto stack = open_here_.begin(); stack != open_here_.end();) {
    std::erase(stack->second, region);
    stack = stack->second.empty() ? open_here_.erase(stack) : std::next(stack);
  }
  return result;
}

void Tracker::note(const json& body) {
  if (inert()) return;
  const std::lock_guard lock(mutex_);
  if (state_ == State::running) writer_->note(body);
}

void Tracker::keep(std::vector<RegionResult> results) {
  for (RegionResult& result : results) {
    if (result.region == 0) {
      run_ = std::move(result);
    } else {
      settled_.insert_or_assign(result.region, std::move(result));
      if (settled_.size() > kKeptResults) settled_.erase(settled_.begin());
    }
  }
}

std::optional<RegionResult> Tracker::settled(std::uint64_t region) {
  if (inert()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  digest();
  const auto result = settled_.find(region);
  return result == settled_.end() ? std::nullopt : std::optional(result->second);
}

std::optional<RegionResult> Tracker::result() {
  if (inert()) return std::nullopt;
  Mark mark{Mark::Kind::exit, 0, 0, "", Edges::plain, host_.now(), {}};
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::running) return run_;
  }
  mark.readings = edge_reader_.read(Edges::plain);
  const std::lock_guard lock(mutex_);
  catch_up();
  return state_ == State::running ? book_.peek(mark) : run_;
}

void Tracker::record_row(std::uint32_t slot, std::span<const Reading> readings) {
  round_.assign(readings.begin(), readings.end());
  for (Reading& reading : round_) reading.channel += opened_->sources[slot].first;
  quantise(round_, record_start_);
  book_.row(round_);
  writer_->row(slot, round_);
  ++rows_;
  keep(book_.take_settled());
}

void Tracker::on_readings(std::uint32_t slot, std::span<const Reading> readings) noexcept {
  if (inert()) return;
  try {
    const std::lock_guard lock(mutex_);
    if (state_ != State::running) return;
    note_sharing(slot);
    note_trouble(slot);
    notice_sleep();
    pending_.add(slot, readings);
    if (pending_.full()) digest();
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::exception&) {  // without memory the round is lost; the counters bridge it
  }
}

void Tracker::digest() noexcept {
  pending_.drain([this](std::uint32_t slot, std::span<const Reading> readings) noexcept {
    try {
      record_row(slot, readings);
      // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
    } catch (const std::exception&) {  // the round is lost here too
    }
  });
}

void Tracker::notice_sleep() {
  const std::optional<Suspension> sleep = sleeps_.look(*host_.clock);
  if (!sleep) return;
  digest();  // what waits was read before it
  book_.suspended(*sleep);
  writer_->note(suspension_note(*sleep));
}

// This runs on the writer's thread, and stop() may be waiting for that thread with the lock held.
void Tracker::digest_if_free() noexcept {
  for (int tries = 0; tries < 10; ++tries) {
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) return digest();
    std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
}

// Reads the fast sources that no edge reads one last time, so that their last values are not a second old.
void Tracker::read_rest() {
  Sink sink;
  for (std::uint32_t i = 0; i < opened_->sources.size(); ++i) {
    Source& source = *opened_->sources[i].source;
    if (!is_fast(source) || read_at_edges(source)) continue;
    sink.clear();
    source.read(sink);
    record_row(i, sink.readings());
  }
}

void Tracker::stop(const json& info) noexcept {
  const Instant at = host_.now();
  if (inert()) return;
  try {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::stopped) return;
      if (state_ == State::ready) {
        state_ = State::stopped;
        stopped_.notify_all();
        writer_->finish({{"info", info}, {"started", false}});
        return;
      }
    }
    Mark mark{Mark::Kind::exit, 0, 0, "", edges_, at, edge_reader_.read(edges_)};
    Sampler::shared().unsubscribe(this);
    const std::lock_guard lock(mutex_);
    if (state_ == State::stopped) return;
    catch_up();
    std::vector<std::uint64_t> left_open = book_.open_regions();
    for (const std::uint64_t region : left_open) {
      mark.region = region;
      writer_->mark(mark);
      if (std::optional<RegionResult> result = book_.exit(mark)) keep({std::move(*result)});
    }
    read_rest();  // it comes after the marks, as use is held against the energy up to now
    keep(book_.finish());
    state_ = State::stopped;
    stopped_.notify_all();
    json totals = {{"info", info},
                   {"stop_utc_ns", host_.clock->utc_ns()},
                   {"result", run_ ? to_json(*run_, opened_->channels) : json(nullptr)},
                   {"health", health_json(book_.accumulator(), opened_->channels)}};
    if (run_) totals["health"]["findings"] = findings_json(*run_, opened_->channels);
    std::erase(left_open, std::uint64_t{0});
    if (!left_open.empty()) totals["left_open"] = left_open;
    writer_->finish(totals);
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::exception&) {  // the record ends early, and says so when it is read
  }
}

json Tracker::health() {
  if (inert()) return json::object();
  bool has_started = false;
  SamplerStats before;
  {
    const std::lock_guard lock(mutex_);
    has_started = state_ != State::ready;
    before = sampler_before_;
  }
  // The sampler is asked without the tracker's lock, which its thread takes, and after the start: never less than then.
  const SamplerStats now = has_started ? Sampler::shared().stats() : before;
  const RecordWriter::Health disk = writer_->health();
  const std::lock_guard lock(mutex_);
  digest();
  json health = health_json(book_.accumulator(), opened_->channels);
  health["findings"] = run_ ? findings_json(*run_, opened_->channels) : json::array();
  if (usage_)
    health["share"] = {
        {"by_group", usage_->by_group()}, {"unwaited_part", usage_->unwaited_part()}, {"blind", usage_->blind()}};
  health["samples"] = rows_;
  health["missed_ticks"] = now.missed - before.missed;
  health["sampler_cpu_s"] = seconds(now.cpu_time - before.cpu_time);
  health["bytes_written"] = disk.bytes_written;
  health["dropped"] = disk.dropped_lines;
  health["write_errors"] = disk.errors;
  return health;
}

}  // namespace impact
