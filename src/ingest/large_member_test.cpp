// A large text is read by several threads, and gives what one thread gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "ingest/testing/lake.h"
#include "ingest/testing/zip.h"

namespace tarn::ingest {
namespace {

using testing::Lake;
using testing::make_zip;

constexpr std::size_t kLarge = std::size_t{13} << 20;

std::string feed(const std::string& format, const std::string& mode) {
  const bool fixed = format.find("fixed") != std::string::npos;
  return "feed: notes\nowner: o@example.org\ndescription: Notes.\n"
         "source: {folder: in, files: \"*\", members: \"*.txt\"}\ntable: curated.note\n" +
         mode + "\nformat: " + format + "\ncolumns:\n  - {name: id, type: int, required: true" +
         (fixed ? ", from: \"1-9\"}\n  - {name: v, type: string, from: \"10-140\"}\n"
                : "}\n  - {name: v, type: string}\n");
}

// Quoted line ends, stray quotes, ragged rows and values that are none, in a text too large for one part.
std::string dirty_csv() {
  std::mt19937_64 dice(11);
  std::string text = "id,v\n";
  for (int id = 0; text.size() < kLarge; ++id) {
    text += std::to_string(dice() % 50'000) + ",";
    const std::string value(20 + dice() % 200, static_cast<char>('a' + dice() % 26));
    switch (dice() % 600) {
      case 0:
        text += "\"" + value + "\nwith, a line end\r\nand \"\"quotes\"\"\"\n";
        break;
      case 1:
        text += "\"stray " + value + "\n";
        break;
      case 2:
        text += value + ",more\n";
        break;
      case 3:
        text += value + "\nx" + std::to_string(id) + "," + value + "\n";
        break;
      default:
        text += value + (dice() % 9 == 0 ? "\r\n" : "\n");
    }
  }
  return text;
}

std::string fixed_lines() {
  std::mt19937_64 dice(12);
  std::string text;
  while (text.size() < kLarge) {
    std::string id = std::to_string(dice() % 50'000);
    if (dice() % 500 == 0) id = "none";
    text += id + std::string(9 - id.size(), ' ');
    text += std::string(dice() % 130, static_cast<char>('a' + dice() % 26)) + "\n";
  }
  return text;
}

struct Seen {
  std::vector<std::string> rows;
  std::vector<std::string> quarantine;
  std::int64_t arrived = 0;
  std::int64_t quarantined = 0;
  bool operator==(const Seen&) const = default;
};

Seen ingest(const std::string& contract, const std::string& name, const std::string& bytes, int threads) {
  Lake lake({contract}, "project: test\nlimits:\n  threads: " + std::to_string(threads) + "\n");
  lake.files[name] = bytes;
  const auto report = lake.ingest();
  EXPECT_TRUE(report.ok()) << report.error().to_string();
  Seen seen;
  seen.rows = lake.rows({"curated", "note"}, {"id", "v", "_source_record"});
  state::QuarantineFilter all;
  all.limit = 1'000'000;
  const auto entries = state::list_quarantine(*lake.database, all);
  EXPECT_TRUE(entries.ok());
  for (const auto& entry : *entries) {
    seen.quarantine.push_back(entry.code + " #" + std::to_string(entry.record.value_or(0)) + " line " +
                              std::to_string(entry.line.value_or(0)) + " " + entry.reason + entry.raw);
  }
  if (report.ok()) seen.arrived = report->totals.records_arrived;
  if (report.ok()) seen.quarantined = report->totals.records_quarantined;
  return seen;
}

TEST(LargeMember, SeveralThreadsGiveWhatOneGives) {
  const std::string csv = dirty_csv();
  const std::string appends = feed("{type: csv}", "mode: append");
  // Of equal keys the last of the file wins: the threads' rows keep their order.
  const std::string upserts = feed("{type: csv}", "mode: upsert\nkey: [id]");
  const std::string fixed = feed("{type: fixed}", "mode: append");
  struct Case {
    const char* what;
    const std::string& contract;
    std::string name;
    std::string bytes;
  };
  const Case cases[] = {{"a plain file", appends, "a.csv", csv},
                        {"a member of an archive", appends, "a.zip", make_zip({{"a.txt", csv}})},
                        {"an upsert", upserts, "a.csv", csv},
                        {"fixed widths", fixed, "a.txt", fixed_lines()}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    const Seen expected = ingest(one.contract, one.name, one.bytes, 1);
    EXPECT_GT(expected.quarantine.size(), 20U);
    for (const int threads : {2, 3, 8}) {
      const Seen seen = ingest(one.contract, one.name, one.bytes, threads);
      EXPECT_EQ(seen.rows.size(), expected.rows.size());
      EXPECT_EQ(seen.quarantine.size(), expected.quarantine.size());
      EXPECT_TRUE(seen == expected) << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace tarn::ingest
