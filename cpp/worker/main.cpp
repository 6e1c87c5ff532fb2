// impact-worker: runs and trains networks for the process that started it. See protocol.hpp.
#include "worker/serve.hpp"

int main() { return impact::worker::serve(); }
