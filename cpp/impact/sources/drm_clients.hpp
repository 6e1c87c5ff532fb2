#pragma once
// Who uses which GPU by the kernel's own account, for AMD's and Intel's cards: what amdgpu, i915 and xe tell of each open
// device file under /proc/PID/fdinfo (the kernel's "DRM client usage stats").
//
// Needs      Nothing for processes of one's own. Those of other users are closed to all but root: they are counted as
//            unseen, and then nobody's share of the whole work is known.
// Resolution Busy time of each engine in ns (amdgpu, i915), or in cycles of the engine's own clock (xe). A look reads the
//            files of those that have a GPU open; whether others have opened one since is looked at after a quarter of
//            their age, and each 10 s at the longest.
// Known faults
//   - What ROCm computes goes past the kernel's account of engines (KFD): the use of such a process is not known.
//   - Two fences in flight on one engine are both counted as busy: a part is cut at 1.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/host/host.hpp"

namespace impact::drm {

struct Engine {
  std::optional<std::uint64_t> busy_ns;
  std::optional<std::uint64_t> cycles, all_cycles;  // of this client, and that went by on the engine's clock
  std::uint64_t capacity = 1;                       // how many engines of this kind the card has
};

// Holds what one open device file tells of the client behind it.
struct FdInfo {
  std::string driver;
  std::string pci;  // is the card's place on the bus, "0000:03:00.0"
  std::uint64_t client = 0;
  std::map<std::string, Engine, std::less<>> engines;
  std::optional<std::uint64_t> memory_bytes;  // that it holds of the card's own memory
};

// Returns nullopt for a file of another kind, and for one that does not say which client of which card it is of. A key
// whose value or unit is not as the kernel documents it is as if it were not there.
std::optional<FdInfo> parse_fdinfo(std::string_view text);

struct Client {
  std::vector<int> pids;       // has more than one where a process handed its file on
  std::optional<double> part;  // of its busiest engine since the look before, 0 to 1; nullopt where that is not known
  std::optional<std::uint64_t> memory_bytes;
};

struct CardUse {
  std::string device;    // is called "gpu:pci-0000:03:00.0", as in the energy's channels
  bool all_seen = true;  // no process was closed to us
  std::vector<Client> clients;
};

// Only one thread may use it at a time.
class ClientReader {
 public:
  // It gives an error (absent) where no card has such a driver.
  static Result<std::unique_ptr<ClientReader>> open(const Host& host);

  const std::vector<std::string>& devices() const noexcept { return devices_; }
  // One entry a device. At the first look nobody's part is known.
  std::vector<CardUse> look();

 private:
  using Key = std::pair<std::string, std::uint64_t>;  // the card's place and the client's number
  struct Seen {
    FdInfo info;
    std::set<int> pids;
    bool is_new_born = false;  // began after the look before
  };
  struct Process {
    bool has_card = false;
    Instant next_scan{};
    Instant scanned{};
    std::optional<Instant> began;  // is not known of one that was there at the first look
  };

  ClientReader(Host host, std::vector<std::string> places);
  std::map<Key, Seen> clients_now(Instant now, bool& all_seen);
  void add_clients(int pid, Instant now, std::map<Key, Seen>& clients, bool& all_seen);
  std::optional<double> part_of(const Key& key, const Seen& seen, Instant now) const;

  Host host_;
  std::vector<std::string> places_, devices_;
  std::map<int, Process> processes_;
  std::map<Key, Seen> before_;
  std::optional<Instant> looked_;
  bool foreign_numbers_;
};

}  // namespace impact::drm
