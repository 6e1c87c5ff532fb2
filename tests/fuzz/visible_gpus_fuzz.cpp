// CUDA_VISIBLE_DEVICES, as people write it.
#include <set>
#include <string>

#include "fuzz/fuzz.hpp"
#include "impact/sources/gpu_places.hpp"

namespace {

using namespace impact::nvml;

std::vector<GpuPlace> machine() {
  std::vector<GpuPlace> gpus(3);
  const char* names[] = {"GPU-aa1", "GPU-ab2", "GPU-c3"};
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    gpus[i].uuid = names[i];
    gpus[i].device = std::string("gpu:") + names[i];
  }
  gpus[2].mig = true;
  gpus[2].slices = {{"MIG-x1", 1, 0, 3, 3}, {"MIG-y2", 2, 0, 1, 1}};
  return gpus;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<GpuPlace> gpus = machine();
  const auto seen = visible_gpus(gpus, fuzz::text_of(data, size));
  fuzz::require(seen.has_value(), "GPUs of one model can always be told");
  std::set<std::string> names;
  for (const VisibleGpu& one : *seen) {
    fuzz::require(one.device == gpus[0].device || one.device == gpus[1].device || one.device == gpus[2].device,
                  "what is seen is there");
    fuzz::require(names.insert(one.device + one.slice.value_or("")).second, "nothing is seen twice");
  }
  return 0;
}
