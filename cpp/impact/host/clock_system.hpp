#pragma once
// Which of a POSIX system's clocks the machine's own Clock reads: each system has its names for them.

#include <time.h>

namespace impact {

extern const clockid_t kAwakeClock;   // stands still while the machine sleeps
extern const clockid_t kAlwaysClock;  // goes on while it sleeps

}  // namespace impact
