#pragma once
// Unites several records of one machine whose times overlap: what the machine used while at least one of them ran.
//
// Their readings are merged by time and fed through the live accumulator, each channel once: counters are differenced
// over the readings of all records, so nothing is counted twice and a rank that dies leaves no hole while another lives.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/result.hpp"
#include "impact/tracker/record_stream.hpp"

namespace impact {

struct United {
  std::vector<Channel> channels;
  RegionResult run;                   // goes from the first begin to the last end
  std::vector<RegionResult> regions;  // are stretches in which at least one record was inside a region of that name
  std::vector<RegionResult> records;  // say what the machine used over the time of each record, in the order given
};

// The records are of one boot id, with start and stop as each one's replay gives them. The error: one cannot be read.
Result<United> unite(const std::vector<RecordSpan>& records);

}  // namespace impact
