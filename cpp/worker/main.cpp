// impact-worker runs and trains networks for the process that started it. See protocol.hpp.
#include "worker/launch.hpp"
#include "worker/serve.hpp"

int main(int /*count*/, char** arguments) {
  impact::worker::launch::start_anew_if_needed(arguments);
  return impact::worker::serve();
}
