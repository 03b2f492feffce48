#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "format/csv.h"
#include "format/encoding.h"
#include "format/fixed_width.h"

// The first byte chooses the dialect. Records must follow one another, and lines must be counted right.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::format;
  if (size == 0) return 0;
  CsvOptions options;
  if ((data[0] & 1) != 0) options.delimiter = '|';
  if ((data[0] & 2) != 0) options.escape = '\\';
  if ((data[0] & 4) != 0) options.quote = '\0';
  if ((data[0] & 8) != 0) options.comment = '#';
  if ((data[0] & 16) != 0) options.skip_rows = 1;
  if ((data[0] & 32) != 0) options.skip_empty_lines = false;
  if ((data[0] & 64) != 0) {
    options.record_size = 20;
    options.field_size = 8;
    options.columns = 3;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto created = CsvReader::create(options);
  TARN_CHECK(created.ok());
  CsvReader reader = std::move(created).value();
  reader.reset(text, (data[0] & 128) == 0);
  CsvRecord record;
  std::uint64_t end = 0;
  while (reader.next(record)) {
    TARN_CHECK(record.begin >= end && record.end >= record.begin && record.end <= text.size());
    TARN_CHECK(record.line == place_of(text, record.begin).line);
    end = record.end;
    if (record.problem != nullptr) {
      TARN_CHECK(!record.error().message().empty() && record.problem_line >= record.line);
      continue;
    }
    TARN_CHECK(!record.fields.empty() && record.fields.size() <= options.columns);
    std::size_t total = 0;
    for (const CsvField& field : record.fields) total += field.text.size();
    TARN_CHECK(total <= record.raw.size());
  }
  FixedWidthReader fixed({}, {{{1, 3}, false}, {{2, 9}, true}});
  fixed.reset(text, false);
  FixedRecord line;
  while (fixed.next(line)) {
    TARN_CHECK(line.line == place_of(text, line.begin).line);
    if (line.problem != nullptr) TARN_CHECK(!line.error().message().empty());
  }
  return 0;
}
