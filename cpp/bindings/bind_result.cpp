#include "bind_result.hpp"

#include <pybind11/stl.h>

#include <cmath>
#include <optional>
#include <string>

#include "bind.hpp"
#include "impact/sampling/region_sum.hpp"

namespace py = pybind11;

namespace impact {
namespace {

using MaybeNumber = std::optional<double>;

struct BoundChannel {
  Channels channels;
  ChannelResult part;

  const Channel& channel() const { return (*channels)[part.channel]; }
  Energy energy() const { return measures_energy(channel()) ? part.energy(channel()) : Energy{}; }
};

struct BoundDevice {
  Channels channels;
  DeviceShare share;
};

struct BoundShare {
  Channels channels;
  Share share;
};

MaybeNumber known(double value) { return std::isfinite(value) ? MaybeNumber(value) : std::nullopt; }
MaybeNumber known(Joules joules) { return known(joules.value()); }

// A property that gives an energy in joules, of a class or of a member of it.
template <class Owner, class Get>
auto joules(Get get) {
  return [get](const Owner& owner) { return known(std::invoke(get, owner)); };
}

Joules given(const char* name, const MaybeNumber& joules) {
  if (joules && std::isnan(*joules)) throw std::invalid_argument(std::string(name) + " is a finite number or None");
  return joules ? Joules{*joules} : Joules::missing();
}

Energy make_energy(MaybeNumber best, MaybeNumber half, MaybeNumber bias, MaybeNumber modelled,
                   const std::string& quality, bool partial) {
  const std::optional<Quality> word = quality_from(quality);
  if (!word) throw std::invalid_argument("unknown quality '" + quality + "'");
  return {given("best_j", best),
          given("half_j", half),
          given("bias_j", bias),
          given("modelled_j", modelled),
          *word,
          partial};
}

void bind_energy(py::module_& module) {
  py::class_<Energy>(module, "Energy")
      .def(py::init(&make_energy), py::arg("best_j"), py::arg("half_j") = py::none(), py::arg("bias_j") = py::none(),
           py::arg("modelled_j") = py::none(), py::arg("quality") = "measured", py::arg("partial") = false)
      .def_property_readonly("best_j", joules<Energy>(&Energy::best))
      .def_property_readonly("half_j", joules<Energy>(&Energy::half))
      .def_property_readonly("bias_j", joules<Energy>(&Energy::bias))
      .def_property_readonly("modelled_j", joules<Energy>(&Energy::modelled))
      .def_property_readonly("low_j", joules<Energy>(&Energy::low))
      .def_property_readonly("high_j", joules<Energy>(&Energy::high))
      .def_property_readonly("error_j", joules<Energy>(&Energy::error))
      .def_property_readonly("quality", [](const Energy& e) { return to_string(e.quality()); })
      .def_property_readonly("partial", &Energy::partial)
      .def_property_readonly("is_missing", &Energy::is_missing)
      .def_property_readonly("range_j",
                             [](const Energy& e) -> std::optional<std::tuple<double, double, double>> {
                               if (e.is_missing()) return std::nullopt;
                               const EnergyRange r = e.range();
                               return std::tuple(r.low.value(), r.best.value(), r.high.value());
                             })
      .def("scaled", &Energy::scaled, py::arg("factor"))
      .def("minus", &Energy::minus, py::arg("other"), py::kw_only(), py::arg("same_sensors"));
  module.def("total", [](const std::vector<Energy>& energies) { return total(energies); }, py::arg("energies"));
  module.def(
      "total_if_known", [](const std::vector<Energy>& energies) { return total_if_known(energies); },
      py::arg("energies"));
}

void bind_channel(py::module_& module) {
  const auto text = [](std::string Channel::* member) {
    return [member](const BoundChannel& b) { return b.channel().*member; };
  };
  py::class_<BoundChannel>(module, "ChannelResult")
      .def_property_readonly("id", text(&Channel::id))
      .def_property_readonly("source", text(&Channel::source))
      .def_property_readonly("device", text(&Channel::device))
      .def_property_readonly("quantity", text(&Channel::quantity))
      .def_property_readonly("domain", [](const BoundChannel& b) { return to_string(b.channel().domain); })
      .def_property_readonly(
          "unit",
          [](const BoundChannel& b) { return measures_energy(b.channel()) ? "J" : to_string(b.channel().unit); })
      .def_property_readonly("role", [](const BoundChannel& b) { return to_string(b.part.role); })
      .def_property_readonly("in_total", [](const BoundChannel& b) { return b.part.role == Role::in_total; })
      .def_property_readonly("quality", [](const BoundChannel& b) { return to_string(b.part.quality); })
      .def_property_readonly("coverage", [](const BoundChannel& b) { return known(b.part.coverage); })
      .def_property_readonly("provisional", [](const BoundChannel& b) { return b.part.provisional; })
      .def_property_readonly("measures_energy", [](const BoundChannel& b) { return measures_energy(b.channel()); })
      .def_property_readonly("energy", &BoundChannel::energy)
      .def_property_readonly("energy_j", [](const BoundChannel& b) { return known(b.energy().best()); })
      .def_property_readonly("half_width_j", [](const BoundChannel& b) { return known(b.energy().half()); })
      .def_property_readonly("bias_j", [](const BoundChannel& b) { return known(b.energy().bias()); })
      .def_property_readonly("value", [](const BoundChannel& b) { return known(b.part.value); });
}

void bind_share(py::module_& module) {
  py::class_<BoundDevice>(module, "DeviceShare")
      .def_property_readonly("id", [](const BoundDevice& b) { return (*b.channels)[b.share.channel].id; })
      .def_property_readonly("device", [](const BoundDevice& b) { return (*b.channels)[b.share.channel].device; })
      .def_property_readonly("share_j", [](const BoundDevice& b) { return known(b.share.share_j); })
      .def_property_readonly("idle_j", [](const BoundDevice& b) { return known(b.share.idle_j); })
      .def_property_readonly("others_j", [](const BoundDevice& b) { return known(b.share.others_j); })
      .def_property_readonly("machine_idle_j", [](const BoundDevice& b) { return known(b.share.machine_idle_j); })
      .def_property_readonly("unattributed_j", [](const BoundDevice& b) { return known(b.share.unattributed_j); });
  const auto part = [](Joules Share::* member) {
    return [member](const BoundShare& b) { return known(b.share.*member); };
  };
  const auto text = [](std::string Share::* member) {
    return [member](const BoundShare& b) { return b.share.*member; };
  };
  py::class_<BoundShare>(module, "Share")
      .def_property_readonly("scope", text(&Share::scope))
      .def_property_readonly("idle_policy", text(&Share::policy))
      .def_property_readonly("whose", text(&Share::whose))
      .def_property_readonly("share_j", part(&Share::share))
      .def_property_readonly("half_width_j", part(&Share::half_width))
      .def_property_readonly("bias_j", part(&Share::bias))
      .def_property_readonly("idle_j", part(&Share::idle))
      .def_property_readonly("others_j", part(&Share::others))
      .def_property_readonly("machine_idle_j", part(&Share::machine_idle))
      .def_property_readonly("unattributed_j", part(&Share::unattributed))
      .def_property_readonly("cpu_s", [](const BoundShare& b) { return known(b.share.cpu_s); })
      .def_property_readonly("machine_cpu_s", [](const BoundShare& b) { return known(b.share.all_cpu_s); })
      .def_property_readonly("quality", [](const BoundShare& b) { return to_string(b.share.quality); })
      .def_property_readonly("devices",
                             [](const BoundShare& b) {
                               std::vector<BoundDevice> devices;
                               devices.reserve(b.share.devices.size());
                               for (const DeviceShare& d : b.share.devices) devices.push_back({b.channels, d});
                               return devices;
                             })
      .def_property_readonly("reasons", [](const BoundShare& b) { return b.share.reasons; });
}

py::dict use_of(const BoundResult& b) {
  py::dict use;
  for (const auto& [name, value] : utilisation(b.result, *b.channels)) use[py::str(name)] = known(value);
  return use;
}

py::dict devices_of(const BoundResult& b) {
  py::dict energies;
  for (const DeviceEnergy& d : device_energies(b.result, *b.channels)) energies[py::str(d.device)] = known(d.energy);
  return energies;
}

std::vector<BoundChannel> channels_of(const BoundResult& b) {
  std::vector<BoundChannel> channels;
  channels.reserve(b.result.channels.size());
  for (const ChannelResult& part : b.result.channels) channels.push_back({b.channels, part});
  return channels;
}

void bind_region(py::module_& module) {
  py::class_<BoundResult>(module, "RegionResult")
      .def_property_readonly("region", [](const BoundResult& b) { return b.result.region; })
      .def_property_readonly("parent", [](const BoundResult& b) { return b.result.parent; })
      .def_property_readonly("name", [](const BoundResult& b) { return b.result.name; })
      .def_property_readonly("start_ns", [](const BoundResult& b) { return nanoseconds(b.result.start); })
      .def_property_readonly("stop_ns", [](const BoundResult& b) { return nanoseconds(b.result.stop); })
      .def_property_readonly("duration_s", [](const BoundResult& b) { return seconds(b.result.stop - b.result.start); })
      .def_property_readonly("edges", [](const BoundResult& b) { return to_string(b.result.edges); })
      .def_property_readonly("energy", [](const BoundResult& b) { return b.result.energy; })
      .def_property_readonly("psys_j", [](const BoundResult& b) { return known(b.result.psys); })
      .def_property_readonly("wall_j", [](const BoundResult& b) { return known(b.result.wall); })
      .def_property_readonly("rest_j", [](const BoundResult& b) { return known(b.result.rest); })
      .def_property_readonly("coverage", [](const BoundResult& b) { return known(b.result.coverage); })
      .def_property_readonly("provisional", [](const BoundResult& b) { return b.result.provisional; })
      .def_property_readonly("channels", &channels_of)
      .def_property_readonly("utilisation", &use_of)
      .def_property_readonly("devices", &devices_of)
      .def_property_readonly("share",
                             [](const BoundResult& b) -> std::optional<BoundShare> {
                               if (!b.result.share) return std::nullopt;
                               return BoundShare{b.channels, *b.result.share};
                             })
      .def_property_readonly("notes", [](const BoundResult& b) { return b.result.notes; });
}

}  // namespace

void bind_result(py::module_& module) {
  bind_energy(module);
  bind_channel(module);
  bind_share(module);
  bind_region(module);
}

}  // namespace impact
