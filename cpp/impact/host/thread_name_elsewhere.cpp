#include "impact/host/thread_system.hpp"

namespace impact {

void name_thread(std::thread&, const std::string&) noexcept {}  // macOS lets a thread name only itself

}  // namespace impact
