// A record out of any bytes: what is read of it is in range, and says the same when it is written and read again.
// Bytes that do not begin with a header get one of their own, so that the search is among the events.

#include <optional>
#include <string>
#include <vector>

#include "cpp/record/sample_record.hpp"
#include "fuzz/fuzz.hpp"
#include "impact/record/encoder.hpp"
#include "impact/record/header.hpp"

namespace {

using namespace impact;

std::vector<Event> events_of(const std::string& text, std::optional<Header>& header) {
  std::vector<Event> events;
  auto reader = RecordReader::of_text(text, "fuzz");
  if (!reader) {
    fuzz::require(!reader.error().what.empty(), "an error says why");
    return events;
  }
  header = reader.value().header();
  for (Event event; reader.value().next(event);) events.push_back(event);
  return events;
}

void check(const Header& header, const Event& event) {
  if (const auto* row = std::get_if<Row>(&event)) {
    fuzz::require(row->group < header.groups.size(), "a row's group is the header's");
    for (const Reading& r : row->readings) {
      fuzz::require(r.channel < header.channels.size(), "a reading's channel is the header's");
      fuzz::require(r.before <= r.after, "a reading's times are in order");
      fuzz::require(r.quality != Quality::missing || r.count == 0, "what is missing has no count");
    }
  } else if (const auto* mark = std::get_if<Mark>(&event)) {
    for (const EdgeReading& e : mark->readings) {
      fuzz::require(e.first.channel < header.channels.size(), "an edge's channel is the header's");
    }
  }
}

std::string_view encode(Encoder& encoder, const Event& event) {
  if (const auto* row = std::get_if<Row>(&event)) return encoder.row(row->group, row->readings);
  if (const auto* mark = std::get_if<Mark>(&event)) return encoder.mark(*mark);
  if (const auto* note = std::get_if<Note>(&event)) return encoder.remark("note", note->body);
  return encoder.remark("totals", std::get<Totals>(event).body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string kHeader = encode_header(record_test::sample_header()) + "\n";
  const std::string bytes{fuzz::text_of(data, size)};
  std::optional<Header> header;
  const std::vector<Event> events = events_of(bytes.starts_with("{\"format\"") ? bytes : kHeader + bytes, header);
  if (!header) return 0;
  Encoder encoder(*header);
  std::string again = encode_header(*header) + "\n";
  std::vector<std::string> wanted;
  for (const Event& event : events) {
    check(*header, event);
    const auto* row = std::get_if<Row>(&event);
    if (row != nullptr && row->readings.empty()) continue;  // of a group without channels: there is nothing to write
    again += encode(encoder, event);
    wanted.push_back(record_test::said(event));
  }
  std::optional<Header> header_again;
  const std::vector<Event> events_again = events_of(again, header_again);
  fuzz::require(header_again.has_value(), "the header survives being written and read");
  fuzz::require(events_again.size() == wanted.size(), "every event survives being written and read");
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    fuzz::require(record_test::said(events_again[i]) == wanted[i], "an event is the same after being written and read");
  }
  return 0;
}
