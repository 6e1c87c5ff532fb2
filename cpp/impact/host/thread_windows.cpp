#include "impact/host/thread_system.hpp"

namespace impact {

SignalsKeptOff::SignalsKeptOff() noexcept { static_cast<void>(before_); }  // no signal is sent to a thread here

SignalsKeptOff::~SignalsKeptOff() = default;

std::string limit_of_threads() { return {}; }

}  // namespace impact
