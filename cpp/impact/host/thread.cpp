#include "impact/host/thread.hpp"

#include <system_error>

#include "impact/host/fork.hpp"
#include "impact/host/thread_system.hpp"

namespace impact {
namespace {

thread_local bool is_body_of_a_thread = false;

}  // namespace

void Waker::wake() noexcept { ask(kWake); }

void Waker::stop() noexcept { ask(kStop); }

Thread::Thread(const std::string& name, std::function<void(Waker&)> body)
    : waker_(std::make_shared<Waker>()), generation_(fork_generation()) {
  {
    const SignalsKeptOff none;
    try {
      thread_ = std::thread([waker = waker_, body = std::move(body)] {
        is_body_of_a_thread = true;
        body(*waker);
      });
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "no thread could be started" + limit_of_threads());
    }
  }
  name_thread(thread_, name);
}

Thread::~Thread() {
  if (generation_ != fork_generation()) {
    thread_.detach();  // the child has no such thread
    return;
  }
  waker_->stop();
  thread_.join();
}

bool is_without_signals() noexcept { return is_body_of_a_thread; }

}  // namespace impact
