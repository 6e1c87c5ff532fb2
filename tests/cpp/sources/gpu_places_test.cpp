#include "impact/sources/gpu_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cpp/sources/fake_root.hpp"

namespace impact::nvml {
namespace {

GpuPlace whole(std::string uuid, std::string name = "A") {
  GpuPlace gpu;
  gpu.uuid = std::move(uuid);
  gpu.device = "gpu:" + gpu.uuid;
  gpu.name = std::move(name);
  return gpu;
}

GpuPlace cut(std::string uuid, std::vector<std::string> slices) {
  GpuPlace gpu = whole(std::move(uuid));
  gpu.mig = true;
  gpu.slices_in_all = 7;
  unsigned instance = 1;
  for (std::string& slice : slices) gpu.slices.push_back({std::move(slice), instance++, 0, 1, 1});
  return gpu;
}

// "GPU-a MIG-1": the devices that are seen, a slice in place of its GPU.
std::string seen(std::span<const GpuPlace> gpus, std::optional<std::string_view> value,
                 std::optional<std::string_view> order = std::nullopt) {
  const auto visible = visible_gpus(gpus, value, order);
  if (!visible) return "?";
  std::string text;
  for (const VisibleGpu& one : *visible) text += (text.empty() ? "" : " ") + one.slice.value_or(one.device.substr(4));
  return text;
}

TEST(VisibleGpus, IndicesUuidsAndSlices) {
  const std::vector<GpuPlace> gpus{whole("GPU-aa1"), whole("GPU-ab2"), cut("GPU-c3", {"MIG-x1", "MIG-y2"})};
  EXPECT_EQ(seen(gpus, std::nullopt), "GPU-aa1 GPU-ab2 MIG-x1");
  EXPECT_EQ(seen(gpus, ""), "");
  EXPECT_EQ(seen(gpus, "-1"), "");
  EXPECT_EQ(seen(gpus, "NoDevFiles"), "");
  EXPECT_EQ(seen(gpus, "1,0"), "GPU-ab2 GPU-aa1");
  EXPECT_EQ(seen(gpus, " 0 , 2"), "GPU-aa1 MIG-x1");
  EXPECT_EQ(seen(gpus, "1,-1,0"), "GPU-ab2");  // what follows a wrong entry is ignored
  EXPECT_EQ(seen(gpus, "0,9,1"), "GPU-aa1");
  EXPECT_EQ(seen(gpus, "0,0"), "");            // named twice
  EXPECT_EQ(seen(gpus, "GPU-ab"), "GPU-ab2");  // a prefix that is one GPU's
  EXPECT_EQ(seen(gpus, "GPU-a"), "");          // … and one that is two's
  EXPECT_EQ(seen(gpus, "MIG-y2,GPU-aa1"), "MIG-y2 GPU-aa1");
  EXPECT_EQ(seen(gpus, "MIG-GPU-c3/2/0"), "MIG-y2");
}

TEST(VisibleGpus, AnIndexAmongDifferentGpusIsNotKnown) {  // CUDA counts the fastest first
  const std::vector<GpuPlace> gpus{whole("GPU-a", "A100"), whole("GPU-t", "T4")};
  EXPECT_EQ(seen(gpus, "1"), "?");
  EXPECT_EQ(seen(gpus, "1", "FASTEST_FIRST"), "?");
  EXPECT_EQ(seen(gpus, "1", "PCI_BUS_ID"), "GPU-t");
  EXPECT_EQ(seen(gpus, "GPU-t"), "GPU-t");
  EXPECT_EQ(seen({}, "0"), "");
}

#ifdef IMPACT_FAKE_NVML_LIBRARY

TEST(GpuPlaces, ASlicedGpuIsOneWithItsSlices) {
  const test::FakeRoot root;
  std::filesystem::copy_file(IMPACT_FAKE_NVML_LIBRARY, root.path("/libnvidia-ml.so.1"));
  setenv("IMPACT_TRACKER_NVML", root.path("/libnvidia-ml.so.1").c_str(), 1);
  setenv("IMPACT_FAKE_NVML", R"({"epoch_ns": 0, "gpus": [
    {"arch": "hopper", "uuid": "GPU-h", "pci": "00000000:4B:00.0"},
    {"arch": "ga100", "uuid": "GPU-m", "mig": [{"uuid": "MIG-1", "slices": 3, "compute_slices": 2}, "MIG-2"]}]})",
         1);
  const Host host{root.path("/"), &system_clock()};
  const auto library = std::move(Nvml::open(host)).value();
  const std::vector<GpuPlace> places = gpu_places(*library);
  unsetenv("IMPACT_TRACKER_NVML");
  unsetenv("IMPACT_FAKE_NVML");
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].device, "gpu:GPU-h");
  EXPECT_EQ(places[0].pci, "0000:4b:00.0");
  EXPECT_FALSE(places[0].mig);
  EXPECT_EQ(places[1].slices_in_all, 7U);
  ASSERT_EQ(places[1].slices.size(), 2U);
  EXPECT_EQ(places[1].slices[0].uuid, "MIG-1");
  EXPECT_EQ(places[1].slices[0].slices, 3U);
  EXPECT_EQ(places[1].slices[0].compute_slices, 2U);
  EXPECT_EQ(places[1].slices[1].slices, 1U);
  EXPECT_EQ(places[1].slices[1].gpu_instance, 1U);
}

#endif

}  // namespace
}  // namespace impact::nvml
