#pragma once
// Keeps from a source those channels that no other source reads: a sensor that two doors lead to counts once.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "impact/sources/source.hpp"

namespace impact {

// Is the source without some of its channels. It may be read by as many threads as the source itself.
class RemainingSource final : public Source {
 public:
  // `kept`: indices into the source's channels, ascending.
  RemainingSource(std::unique_ptr<Source> source, std::span<const std::uint32_t> kept);

  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override;
  void rest() noexcept override { source_->rest(); }
  Error left_out() const override { return source_->left_out(); }
  std::string origin() const override { return source_->origin(); }
  std::string trouble() const override { return source_->trouble(); }
  std::string_view reader_of(std::uint32_t channel) const noexcept override {
    return source_->reader_of(kept_[channel]);
  }
  bool is_provisional() const noexcept override { return source_->is_provisional(); }

 private:
  std::unique_ptr<Source> source_;
  std::vector<Channel> channels_;
  std::vector<std::uint32_t> kept_;                    // the number in the source of each
  std::vector<std::optional<std::uint32_t>> numbers_;  // here, by their number in the source
};

// Returns the source without the channels whose ids are `taken`, and adds the ids of the others to them: the source
// itself where none is, null where all are.
std::unique_ptr<Source> without_taken(std::unique_ptr<Source> source, std::set<std::string>& taken);

}  // namespace impact
