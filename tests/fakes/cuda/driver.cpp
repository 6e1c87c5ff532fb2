// Enough of NVIDIA's CUDA driver (libcuda.so.1) for the worker's questions: two GPUs, the second one old.
//
// IMPACT_FAKE_CUDA: "none" (a driver without a device), "broken" (it does not start); else all is well.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidDevice = 101;
constexpr int kNoDevice = 100;
constexpr int kSystemNotReady = 802;

struct FakeGpu {
  const char* name;
  const char* pci;
  unsigned char first_byte;
  std::size_t bytes;
  int major, minor;
};
constexpr FakeGpu kGpus[] = {
    {"NVIDIA H100 80GB HBM3", "0000:1B:00.0", 0x8a, std::size_t{80} << 30, 9, 0},
    {"Tesla V100-SXM2-16GB", "0000:3D:00.0", 0x07, std::size_t{16} << 30, 7, 0},
};

bool is(std::string_view state) {
  const char* chosen = std::getenv("IMPACT_FAKE_CUDA");
  return chosen != nullptr && state == chosen;
}

bool has(int device) { return device >= 0 && device < 2; }

int give(char* text, int length, const char* value) {
  std::strncpy(text, value, static_cast<std::size_t>(length));
  return kSuccess;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int cuInit(unsigned) { return is("broken") ? kSystemNotReady : is("none") ? kNoDevice : kSuccess; }

int cuGetErrorString(int error, const char** text) {
  *text = error == kNoDevice ? "no CUDA-capable device is detected" : "system not yet initialized";
  return kSuccess;
}

int cuDeviceGetCount(int* count) {
  *count = 2;
  return kSuccess;
}

int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return has(ordinal) ? kSuccess : kInvalidDevice;
}

int cuDeviceGetName(char* text, int length, int device) {
  return has(device) ? give(text, length, kGpus[device].name) : kInvalidDevice;
}

int cuDeviceGetPCIBusId(char* text, int length, int device) {
  return has(device) ? give(text, length, kGpus[device].pci) : kInvalidDevice;
}

int cuDeviceGetUuid(unsigned char* bytes, int device) {
  if (!has(device)) return kInvalidDevice;
  for (int i = 0; i < 16; ++i) bytes[i] = static_cast<unsigned char>(kGpus[device].first_byte + 16 * i);
  return kSuccess;
}

int cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  if (has(device)) *bytes = kGpus[device].bytes;
  return has(device) ? kSuccess : kInvalidDevice;
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  if (!has(device)) return kInvalidDevice;
  *value = attribute == 75 ? kGpus[device].major : attribute == 76 ? kGpus[device].minor : 0;
  return kSuccess;
}

}  // extern "C"
#pragma GCC visibility pop
