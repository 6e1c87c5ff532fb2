#pragma once
// Opening a reader of NVIDIA's GPUs.

#include <array>
#include <memory>
#include <span>
#include <utility>

#include "impact/sources/nvml_library.hpp"
#include "impact/sources/source.hpp"

namespace impact::nvml {

inline constexpr std::array kSettings{kLibrarySetting};

// `Reader` takes the host and the library, and has a channel for each thing that a GPU tells. Error: as Nvml::open();
// unsupported, in the words of `nothing`, where no GPU tells it.
template <class Reader>
OpenedSource open_reader(const Host& host, const SourceSettings& settings, const char* nothing) {
  Result<std::shared_ptr<const Nvml>> library = Nvml::open(host, settings);
  if (!library) return library.error();
  auto source = std::make_unique<Reader>(host, std::move(library).value());
  if (source->channels().empty()) return Error{ErrorKind::unsupported, nothing, ""};
  return OpenedSource{std::move(source)};
}

}  // namespace impact::nvml
