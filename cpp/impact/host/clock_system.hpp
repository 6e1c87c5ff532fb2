#pragma once
// Says which of a POSIX system's clocks the machine's own Clock reads, because each system names them in its own way.

#include <time.h>

namespace impact {

extern const clockid_t awake_clock;   // stands still while the machine sleeps
extern const clockid_t always_clock;  // goes on while it sleeps

}  // namespace impact
