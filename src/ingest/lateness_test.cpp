// Late records are loaded like any other, and counted.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/testing/lake.h"
#include "state/batches.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using testing::Lake;

// Lake's clock stands at 2023-11-14T22:13:20Z.
std::string stays(const std::string& type, const std::string& lateness, const std::string& more = "") {
  return fmt::format(R"yaml(
feed: stays
owner: o@example.org
description: Stays.
source: {{folder: in, files: "*.csv"}}
table: curated.stay
mode: append
event_time: at
{}format: {{type: csv}}
columns:
  - {{name: id, type: int}}
  - {{name: at, type: {}}}
{})yaml",
                     lateness.empty() ? "" : "lateness: " + lateness + "\n", type, more);
}

std::string csv(const std::vector<std::string>& times) {
  std::string text = "id,at\n";
  int id = 0;
  for (const std::string& time : times) text += fmt::format("{},{}\n", ++id, time);
  return text;
}

// "newest event time in microseconds, late records" of the one feed; "none" without a watermark.
std::string watermark(Lake& lake) {
  const auto all = state::feed_watermarks(*lake.database).value();
  return all.empty() ? "none" : fmt::format("{} {}", all.front().event_time_us, all.front().records_late);
}

// Of each file, in order of arrival.
std::vector<std::int64_t> late_by_file(Lake& lake) {
  std::vector<std::int64_t> late;
  const auto files = state::list_arrivals(*lake.database, {}).value();
  for (const state::Arrival& file : files) late.insert(late.begin(), file.records.late);
  return late;
}

struct Case {
  const char* what;
  std::string type;
  std::string lateness;
  std::vector<std::string> first;
  std::vector<std::string> second;
  std::int64_t late;          // of the second batch; the first is never late
  std::int64_t watermark_us;  // after both
};

std::vector<Case> cases() {
  return {
      {"exactly as old as allowed is in time",
       "timestamp",
       "1h",
       {"2023-11-01T12:00:00", "2023-10-01T00:00:00"},
       {"2023-11-01T11:00:00", "2023-11-01T10:59:59.999999", "2023-11-01T12:30:00"},
       1,
       1'698'841'800'000'000},
      {"days",
       "date",
       "7d",
       {"2023-11-08"},
       {"2023-11-01", "2023-10-31", "1999-01-01", "2023-11-02"},
       2,
       1'699'401'600'000'000},
      {"zones are minded",
       "timestamptz",
       "1h",
       {"2023-11-01T12:00:00Z"},
       {"2023-11-01T12:30:00+02:00", "2023-11-01T12:30:00+01:00"},
       1,
       1'698'840'000'000'000},
      {"no time is not late", "date", "0d", {"2023-11-08"}, {"", "2023-11-07"}, 1, 1'699'401'600'000'000},
      {"what is yet to come within a day counts as now",
       "timestamp",
       "1h",
       {"2023-11-15T20:00:00"},
       {"2023-11-14T21:13:20", "2023-11-14T21:13:19"},
       1,
       1'700'000'000'000'000},
      {"what lies further ahead tells nothing",
       "date",
       "1d",
       {"9999-12-31", "2023-11-01"},
       {"2023-10-31", "2023-10-30", "9999-12-31"},
       1,
       1'698'796'800'000'000},
      {"before 1970", "date", "1d", {"1960-01-03"}, {"1960-01-01"}, 1, -315'446'400'000'000},
      {"a lateness beyond all years",
       "date",
       "100000000000d",
       {"2023-11-08"},
       {"0001-01-01"},
       0,
       1'699'401'600'000'000},
  };
}

TEST(Lateness, IsJudgedAgainstTheNewestEventOfEarlierBatches) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.what);
    Lake lake({stays(one.type, one.lateness)});
    lake.files["a.csv"] = csv(one.first);
    const auto first = lake.ingest();
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    EXPECT_EQ(first->records_late, 0);
    lake.files["b.csv"] = csv(one.second);
    const auto second = lake.ingest();
    ASSERT_TRUE(second.ok()) << second.error().to_string();
    EXPECT_EQ(second->records_late, one.late);
    EXPECT_EQ(second->totals.records_committed, static_cast<std::int64_t>(one.second.size()));
    EXPECT_THAT(late_by_file(lake), ElementsAre(0, one.late));
    EXPECT_EQ(watermark(lake), fmt::format("{} {}", one.watermark_us, one.late));
    EXPECT_EQ(lake.rows({"curated", "stay"}, {"id"}).size(), one.first.size() + one.second.size());
    // Files that are known, and files whose content is, count nothing again.
    lake.files["c.csv"] = lake.files["b.csv"];
    const auto again = lake.ingest();
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->records_late, 0);
    EXPECT_THAT(late_by_file(lake), ElementsAre(0, one.late, 0));
    EXPECT_EQ(watermark(lake), fmt::format("{} {}", one.watermark_us, one.late));
    EXPECT_TRUE(lake.database->check_integrity().ok());
  }
}

TEST(Lateness, FilesOfOneBatchCountTheirOwn) {
  Lake lake({stays("date", "1d")});
  lake.files["a.csv"] = csv({"2023-11-08"});
  ASSERT_TRUE(lake.ingest().ok());
  // The newest event of the batch itself is not what it is judged against.
  lake.files["b.csv"] = csv({"2023-11-01", "2023-11-02"});
  lake.files["c.csv"] = csv({"2023-11-12"});
  lake.files["d.csv"] = csv({"2023-11-08", "2023-11-03"});
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->totals.batches, 1);
  EXPECT_EQ(report->records_late, 3);
  EXPECT_THAT(late_by_file(lake), ElementsAre(0, 2, 0, 1));
  EXPECT_EQ(watermark(lake), "1699747200000000 3");
  EXPECT_EQ(state::summary(*lake.database)->records_late(), 3);
}

TEST(Lateness, WithoutTheKeyNothingIsKept) {
  Lake lake({stays("date", "")});
  lake.files["a.csv"] = csv({"2023-11-08"});
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["b.csv"] = csv({"1999-01-01"});
  EXPECT_EQ(lake.ingest()->records_late, 0);
  EXPECT_EQ(watermark(lake), "none");
}

TEST(Lateness, ReplayedRecordsCountTheSame) {
  const std::string kind = "  - {name: kind, type: string, required: true}\n";
  Lake lake({stays("date", "1d", kind)});
  lake.files["a.csv"] = "id,at,kind\n1,2023-11-08,x\n2,2023-11-01,\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_EQ(watermark(lake), "1699401600000000 0");
  lake.set_feeds({stays("date", "1d", "  - {name: kind, type: string}\n")});
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
  const auto entries = state::list_quarantine(*lake.database, {.status = state::QuarantineStatus::kOpen});
  const auto report = (*pipeline)->replay(*entries, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->records_committed, 1);
  EXPECT_THAT(late_by_file(lake), ElementsAre(1));
  EXPECT_EQ(watermark(lake), "1699401600000000 1");
  EXPECT_TRUE(lake.database->check_integrity().ok());
}

// Every second store operation fails once, as a crash would; the next process starts from what is durable.
TEST(Lateness, ACrashAndARerunCountTheSame) {
  int crashes = 0;
  bool crashed = true;
  for (std::uint64_t at = 1; crashed; at += 2) {
    Lake lake({stays("date", "1d")});
    lake.files["a.csv"] = csv({"2023-11-08"});
    ASSERT_TRUE(lake.ingest().ok());
    lake.files["b.csv"] = csv({"2023-11-01", "2023-11-10", "2023-11-02"});
    lake.lose_power_at(at);
    static_cast<void>(lake.ingest().ok());
    lake.come_back();
    ASSERT_TRUE(lake.ingest().ok()) << at;
    EXPECT_THAT(late_by_file(lake), ElementsAre(0, 2)) << at;
    EXPECT_EQ(watermark(lake), "1699574400000000 2") << at;
    EXPECT_TRUE(lake.database->check_integrity().ok()) << at;
    crashed = lake.power_was_lost();
    if (crashed) ++crashes;
  }
  EXPECT_GT(crashes, 3);
}

}  // namespace
}  // namespace tarn::ingest
