#include "worker/session.hpp"

#include "worker/blas.hpp"
#include "worker/choices.hpp"
#include "worker/compat.hpp"
#include "worker/gpus.hpp"
#include "worker/launch.hpp"
#include "worker/process.hpp"
#include "worker/text.hpp"

#include <functional>

namespace impact::worker {
namespace {

Json text_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

double giga(std::int64_t count) { return static_cast<double>(count) / 1e9; }

Json described(const NetworkSpec& spec) {
  const auto facts = network_facts(spec, default_options(spec));
  return {{"name", spec.name},
          {"title", spec.title},
          {"task", spec.task},
          {"reference", spec.reference},
          {"unit", spec.unit},
          {"input", spec.input},
          {"classes", spec.classes > 0 ? Json(spec.classes) : Json(nullptr)},
          {"output", facts.output},
          {"parameters", facts.parameters},
          {"trainable_parameters", facts.trainable},
          {"macs", facts.macs},
          {"gmac", giga(facts.macs)},
          {"training_macs", facts.training_macs},
          {"activations", facts.activations},
          {"variants", spec.variants},
          {"can_train", spec.trainable},
          {"softmax", spec.softmax}};
}

}  // namespace

Model& Session::model() {
  if (!model_) {
    throw ProtocolError("no-network", "no network is loaded", "send load first");
  }
  return *model_;
}

void Session::run() {
  const auto why_not = why_no_gpu();
  protocol_.send({{"event", "hello"},
                  {"protocol", kProtocolVersion},
                  {"pid", process::own_pid()},
                  {"torch_version", compat::version()},
                  {"blas", text_or_null(compat::blas())},
                  {"allocator", text_or_null(launch::allocator())},
                  {"devices", available_devices()},
                  {"gpus", described_gpus({})},
                  {"no_gpu", why_not.empty() ? Json(nullptr) : Json(why_not)},
                  {"features", {"continue_epoch", "roof"}},
                  {"threads", available_threads()},
                  {"t_ns", monotonic_ns()}});
  while (!over_) {
    const auto command = protocol_.next();
    if (!command) {
      return;
    }
    handle(*command);
  }
}

void Session::handle(const Json& command) {
  try {
    if (!command["cmd"].is_string()) {
      throw ProtocolError("bad-command", "a line is no JSON object with a text \"cmd\"");
    }
    dispatch(command["cmd"].get<std::string>(), command);
  } catch (const ProtocolError& e) {
    send_error(command, e.kind, e.what(), e.advice);
  } catch (const c10::OutOfMemoryError& e) {
    send_error(command, "out-of-memory", e.what_without_backtrace(),
               "a smaller batch or size, or a device with more memory");
  } catch (const c10::Error& e) {
    const std::string what = e.what_without_backtrace();
    const auto meaning = meaning_of(what);
    send_error(command, meaning.kind, meaning.kind == "internal" ? what : first_line(what), meaning.advice);
  } catch (const std::bad_alloc&) {
    send_error(command, "out-of-memory", "the system refused more memory", "a smaller batch or size");
  } catch (const std::invalid_argument& e) {
    send_error(command, "bad-value", e.what(), "");
  } catch (const std::exception& e) {
    send_error(command, "internal", e.what(), "");
  }
}

void Session::dispatch(const std::string& name, const Json& command) {
  using Handler = std::function<void(Session&, const Json&)>;
  const auto of_weights = [](const char* what) {
    return [what](Session& session, const Json& given) { session.weights(given, what); };
  };
  const auto in_a_phase = [](const char* what) {
    return [what](Session&, const Json&) {
      throw ProtocolError("bad-command", std::string("no phase waits for \"") + what + "\"");
    };
  };
  static const std::vector<std::pair<std::string, Handler>> handlers{
      {"list", &Session::list},
      {"load", &Session::load},
      {"warmup", &Session::warm_up},
      {"infer", &Session::infer},
      {"train", &Session::train},
      {"evaluate", &Session::evaluate},
      {"examples", &Session::examples},
      {"roof", &Session::roof},
      {"forward", &Session::forward},
      {"save", of_weights("save")},
      {"restore_weights", of_weights("restore_weights")},
      {"checkpoint", of_weights("checkpoint")},
      {"resume", of_weights("resume")},
      {"unload", &Session::unload},
      {"quit", &Session::quit},
      {"go", in_a_phase("go")},
      {"abort", in_a_phase("abort")},
  };
  std::vector<std::string> known{"stop", "set"};  // these two the protocol takes out of the stream
  for (const auto& [command_name, handler] : handlers) {
    if (command_name == name) {
      return handler(*this, command);
    }
    known.push_back(command_name);
  }
  const auto near = near_matches(name, known);
  throw ProtocolError("bad-command", "there is no command \"" + name + "\"",
                      near.empty() ? "known: " + joined(known) : "did you mean " + joined(near) + "?");
}

void Session::unload(const Json& command) {
  clear();
  protocol_.send({{"event", "unloaded"}, {"id", id_of(command)}});
}

void Session::quit(const Json& command) {
  over_ = true;
  protocol_.send({{"event", "bye"}, {"id", id_of(command)}});
}

void Session::send_error(const Json& command, const std::string& kind, const std::string& what,
                         const std::string& advice) {
  protocol_.send({{"event", "error"},
                  {"kind", kind},
                  {"what", what},
                  {"advice", advice},
                  {"cmd", command["cmd"]},
                  {"id", id_of(command)}});
}

void Session::list(const Json& command) {
  const Fields f(command, {"network"});
  Json networks = Json::array();
  const auto only = f.text("network", "");
  if (!only.empty() && find_network(only) == nullptr) {
    throw ProtocolError("unknown-network", "there is no network \"" + only + "\"",
                        "did you mean " + joined(near_networks(only)) + "?");
  }
  for (const auto& spec : network_specs()) {
    if (only.empty() || find_network(only) == &spec) {
      networks.push_back(described(spec));
    }
  }
  Json choices = Json::object();
  for (const auto& [field, words] : all_choices()) {
    choices[field] = words;
  }
  protocol_.send({{"event", "networks"}, {"id", id_of(command)}, {"networks", networks}, {"choices", choices}});
}

void Session::load(const Json& command) {
  const auto options = parse_load(command);
  const auto devices = options.devices();
  clear();
  compat::use_device(options.device);
  try_devices(devices);
  model_ = std::make_unique<Model>(options);
  const auto& facts = model_->facts();
  const auto values = facts.activations * options.batch;
  // It is rough on purpose, for a decision before a test starts: weights, and what the passes hold of the layers' outputs.
  const auto weights_bytes = facts.parameters * 4;
  protocol_.send(
      {{"event", "loaded"},
       {"id", id_of(command)},
       {"network", options.spec->name},
       {"title", options.spec->title},
       {"task", options.spec->task},
       {"unit", options.spec->unit},
       {"batch", options.batch},
       {"input", options.build.input},
       {"output", facts.output},
       {"classes", options.build.classes > 0 ? Json(options.build.classes) : Json(nullptr)},
       {"layout", options.channels_last ? "channels_last" : "nchw"},
       {"precision", options.precision},
       {"device", options.device.str()},
       {"gpus", described_gpus(devices)},
       {"threads", torch::get_num_threads() * options.replicas},
       {"replicas", options.replicas},
       {"seed", options.seed},
       {"batch_norm", name_of(options.build.batch_norm)},
       {"variant", options.build.variant.empty() ? Json(nullptr) : Json(options.build.variant)},
       {"parameters", facts.parameters},
       {"trainable_parameters", facts.trainable},
       {"macs", facts.macs},
       {"gmac", giga(facts.macs)},
       {"training_macs", facts.training_macs},
       {"estimated_memory_bytes", {{"infer", weights_bytes + values * 2}, {"train", 4 * weights_bytes + values * 10}}},
       {"torch_version", compat::version()},
       {"blas", text_or_null(compat::blas())},
       {"allocator", text_or_null(launch::allocator())}});
}

void Session::clear() {
  auto device = torch::Device(torch::kCPU);
  if (model_ || roof_) {  // one at a time
    device = model_ ? model_->options().device : roof_->load().device;
  }
  kept_.clear();
  model_.reset();
  roof_.reset();
  compat::release_device_memory(device);
  process::give_memory_back();  // what one network left behind is not the next one's
}

void Session::forward(const Json& command) {
  const Fields f(command, {"input", "output"});
  const auto file = read_tensors(f.required_text("input"));
  Tensors inputs;
  for (const auto& [name, tensor] : file.tensors) {  // they are named "input", or "input0", "input1" …
    inputs.push_back(tensor.to(model().options().device));
  }
  if (inputs.empty()) {
    throw ProtocolError("bad-value", "the file holds no tensor");
  }
  TensorFile out;
  out.tensors["output"] = model().infer(inputs).to(torch::kCPU).to(torch::kFloat32).contiguous();
  const auto shape = out.tensors["output"].sizes().vec();
  const auto bytes = write_tensors(f.required_text("output"), out);
  protocol_.send({{"event", "forwarded"}, {"id", id_of(command)}, {"shape", shape}, {"bytes", bytes}});
}

void Session::weights(const Json& command, const std::string& name) {
  const Fields f(command, {"path"});
  const auto path = f.required_text("path");
  Json event{{"event", ""}, {"id", id_of(command)}, {"path", path}};
  if (name == "save" || name == "checkpoint") {
    auto file = name == "save" ? module_tensors(model().module()) : model().checkpoint();
    if (name == "save") {
      file.metadata["network"] = model().options().spec->name;
    }
    event["bytes"] = write_tensors(path, file);
    event["tensors"] = file.tensors.size();
    event["event"] = name == "save" ? "saved" : "checkpointed";
  } else {
    const auto file = read_tensors(path);
    if (name == "resume") {
      model().resume(file);
    } else {
      load_module_tensors(model().module(), file);
      model().weights_changed();
    }
    event["tensors"] = file.tensors.size();
    event["event"] = name == "resume" ? "resumed" : "restored";
  }
  protocol_.send(event);
}

}  // namespace impact::worker
