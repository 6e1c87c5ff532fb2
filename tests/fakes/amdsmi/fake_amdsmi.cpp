// A small amd_smi: $IMPACT_FAKE_AMDSMI is a list of "watts" for each GPU; 0 stands still, negative fails.
#include <time.h>

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#define FAKE_API extern "C" __attribute__((visibility("default")))

namespace {

struct Gpu {
  double watts = 0;
  unsigned index = 0;
};
std::vector<Gpu>& gpus() {
  static auto* list = new std::vector<Gpu>;
  return *list;
}
double now_s() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

FAKE_API int amdsmi_init(std::uint64_t) {
  gpus().clear();
  const char* text = std::getenv("IMPACT_FAKE_AMDSMI");
  std::istringstream in(text == nullptr ? "" : text);
  for (Gpu gpu; in >> gpu.watts; ++gpu.index) gpus().push_back(gpu);
  return 0;
}
FAKE_API int amdsmi_shut_down() { return 0; }
FAKE_API int amdsmi_get_socket_handles(std::uint32_t* count, void** handles) {
  *count = gpus().empty() ? 0 : 1;
  if (handles != nullptr && *count > 0) handles[0] = &gpus();
  return 0;
}
FAKE_API int amdsmi_get_processor_handles(void*, std::uint32_t* count, void** handles) {
  *count = static_cast<std::uint32_t>(gpus().size());
  for (std::uint32_t i = 0; handles != nullptr && i < *count; ++i) handles[i] = &gpus()[i];
  return 0;
}
FAKE_API int amdsmi_get_gpu_device_bdf(void* handle, std::uint64_t* bdf) {
  *bdf = (0x03ULL + static_cast<Gpu*>(handle)->index) << 8U;
  return 0;
}
FAKE_API int amdsmi_get_energy_count(void* handle, std::uint64_t* count, float* microjoules, std::uint64_t* stamp) {
  const Gpu& gpu = *static_cast<Gpu*>(handle);
  if (gpu.watts < 0) return 2;
  *microjoules = 15.3F;
  *stamp = static_cast<std::uint64_t>(now_s() * 1e9);
  *count = gpu.watts == 0 ? 1234 : static_cast<std::uint64_t>(now_s() * gpu.watts / 15.3e-6);
  return 0;
}
