// Reads a record and prints its result: read_record RECORD.
#include <cstdio>

#include "impact/tracker/replay.hpp"

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("read_record RECORD\n", stderr);
    return 2;
  }
  const impact::Result<impact::Replay> read = impact::replay(words[1]);
  if (!read) {
    std::fprintf(stderr, "%s\n", read.error().what.c_str());
    return 1;
  }
  const impact::RegionResult result = read.value().result();
  std::printf("%.6g J in %zu channels\n", result.energy.best().value(), read.value().header.channels.size());
  return 0;
}
