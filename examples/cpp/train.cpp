// Measures the epochs of a training, and ends it before an energy budget is passed: a C++17 program that links libimpact.
//
//   cmake -S . -B build -DCMAKE_PREFIX_PATH=<where impact is installed> && cmake --build build && build/train runs/cpp
#include <cmath>
#include <cstdlib>
#include <impact/impact.hpp>
#include <iostream>

namespace {

double train_epoch() {
  double loss = 0.0;
  for (int i = 1; i < 20'000'000; ++i) loss += std::sqrt(i);
  return loss;
}

}  // namespace

int main(int count, char** arguments) try {
  const char* folder = count > 1 ? arguments[1] : "runs/cpp";
  const double budget_j = count > 2 ? std::atof(arguments[2]) : 100.0;

  impact::Settings settings;
  settings.set("interval_s", 0.1).tag("model", "example");
  impact::Tracker tracker(folder, settings);
  double loss = 0.0, most_j = 0.0;
  for (int epoch = 0; epoch < 100; ++epoch) {
    const impact::Result cost = tracker.measure("epoch", [&] { loss = train_epoch(); });
    most_j = std::fmax(most_j, cost.energy().high_j);
    std::cout << "epoch " << epoch << ": " << cost << "\n";
    if (tracker.result().energy().best_j + most_j > budget_j) break;  // the next epoch would pass the budget
  }
  const impact::Result run = tracker.stop();
  std::cout << "the run: " << run << " in " << run.seconds() << " s, loss " << loss << "\n";
  if (const auto share = run.share()) std::cout << share->whose << ": " << impact::text(share->share) << "\n";
  for (const std::string& note : run.notes()) std::cout << "note: " << note << "\n";
  std::cout << "record: " << tracker.path() << "\n";
} catch (const impact::Error& error) {
  std::cerr << "energy is not measured: " << error.what() << "\n";
  return 1;
}
