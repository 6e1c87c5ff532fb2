// Is one parent's session: takes its commands and answers them.
#pragma once

#include "worker/roof.hpp"
#include "worker/trainer.hpp"

#include <map>
#include <memory>
#include <string>

namespace impact::worker {

class Session {
 public:
  explicit Session(Protocol& protocol) : protocol_(protocol) {}
  // Runs until quit, or until the parent has closed its end.
  void run();

 private:
  void handle(const Json& command);
  void dispatch(const std::string& name, const Json& command);
  void list(const Json& command);
  void load(const Json& command);
  void warm_up(const Json& command);
  void infer(const Json& command);
  void train(const Json& command);
  void evaluate(const Json& command);
  void examples(const Json& command);
  void roof(const Json& command);
  void forward(const Json& command);
  void weights(const Json& command, const std::string& name);
  void unload(const Json& command);
  void quit(const Json& command);
  // Unloads what is loaded.
  void clear();
  void finish_phase(Json report, const Json& data);
  void send_error(const Json& command, const std::string& kind, const std::string& what, const std::string& advice);
  Model& model();

  Protocol& protocol_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Roof> roof_;
  std::map<std::string, std::shared_ptr<Dataset>> kept_;  // holds real data that phases of one training share
  bool over_ = false;
};

}  // namespace impact::worker
