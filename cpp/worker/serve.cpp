#include "worker/serve.hpp"

#include "worker/process.hpp"
#include "worker/session.hpp"

namespace impact::worker {

int serve() {
  const int output = process::claim_stdout();
  process::follow_parent();
  Protocol protocol(0, output);
  Session(protocol).run();
  process::leave_now(0);  // torch's own threads and static destructors have nothing left to do
}

}  // namespace impact::worker
