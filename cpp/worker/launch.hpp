// Sets what the libraries under torch read once, before main(): settings of the allocator and of matrix products.
#pragma once

#include <optional>
#include <string>

namespace impact::worker::launch {

// Starts this program again, once, with what makes it fast where the user has not chosen otherwise: large blocks in
// huge pages and kept between passes (each pass would fault the same gigabytes in anew), and an OpenBLAS whose kernels
// fit the processor. It goes on as it is where nothing needs to change or the system refuses.
void start_anew_if_needed(char** arguments);

// Tells how the allocator is set: GLIBC_TUNABLES of this process.
[[nodiscard]] std::optional<std::string> allocator();

}  // namespace impact::worker::launch
