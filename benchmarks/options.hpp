#pragma once
// The options of these programs: --json, and numbers by name. What is not known is passed over.

#include <cstdlib>
#include <span>
#include <string_view>

namespace impact::bench {

class Options {
 public:
  Options(int argc, char** argv) : words_(argv, static_cast<std::size_t>(argc)) {}

  bool json() const {
    for (const std::string_view word : words_) {
      if (word == "--json") return true;
    }
    return false;
  }

  // The number behind `name`, the last one where it is given twice.
  double number(std::string_view name, double otherwise) const {
    double found = otherwise;
    for (std::size_t i = 1; i + 1 < words_.size(); ++i) {
      if (words_[i] == name) found = std::atof(words_[i + 1]);
    }
    return found;
  }

 private:
  std::span<char*> words_;
};

}  // namespace impact::bench
