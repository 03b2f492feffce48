// Batches that outgrow memory: their rows wait on disk, and the tables are the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "ingest/errors.h"
#include "ingest/testing/lake.h"
#include "table/errors.h"

namespace tarn::ingest {
namespace {

using ::testing::IsEmpty;
using testing::Lake;

constexpr std::uint64_t kAmple = std::uint64_t{1} << 30;
// Little enough that every thousand rows are spilled.
constexpr std::uint64_t kTight = std::uint64_t{1} << 18;
constexpr int kRecords = 9000;

const char* const kVisits = R"(feed: visits
owner: o@example.org
description: d
source: {folder: in, files: "*.xml"}
table: c.visit
mode: upsert
key: [id]
version_column: changed
format: {type: xml, record: /Visits/Visit}
columns:
  - {name: id, type: long, from: "@id"}
  - {name: changed, type: timestamp, from: Changed}
  - {name: ward, type: string, from: Ward}
children:
  - table: c.diagnosis
    from: Diagnosis
    columns:
      - {name: code, type: string, from: "@code"}
)";

const char* const kReadings = R"(feed: readings
owner: o@example.org
description: d
source: {folder: in, files: "*.csv"}
table: c.reading
format: {type: csv}
sort: [place, n]
drift: evolve
columns:
  - {name: n, type: int}
  - {name: place, type: string}
  - {name: value, type: double}
)";

// Every third visit comes twice, the later version first.
std::string visits() {
  std::string text = "<Visits>";
  const auto visit = [&text](int id, int hour, int diagnoses) {
    text += fmt::format("<Visit id=\"{}\"><Changed>2026-01-01T{:02}:00:00</Changed><Ward>w{}</Ward>", id,
                        hour, (id * 7 + hour) % 90);
    for (int i = 0; i < diagnoses; ++i) text += fmt::format("<Diagnosis code=\"{}.{}\"/>", id, i);
    text += "</Visit>\n";
  };
  for (int id = 0; id < kRecords; ++id) {
    visit(id, 8, id % 3);
    if (id % 3 == 0) visit(id, 6, 2);
  }
  return text + "</Visits>";
}

// The second half has a column more; one row in a thousand is refused.
std::string readings(bool more) {
  std::string text = more ? "n,place,value,mood\n" : "n,place,value\n";
  for (int n = 0; n < kRecords; ++n) {
    text += fmt::format("{},p{},{}", n % 1000 == 17 ? "none" : std::to_string(n), n % 13, n * 0.5);
    text += more ? fmt::format(",m{}\n", n % 4) : "\n";
  }
  return text;
}

struct Tables {
  std::vector<std::string> visits;
  std::vector<std::string> diagnoses;
  std::vector<std::string> readings;
  std::vector<std::string> quarantine;
  bool operator==(const Tables&) const = default;
};

Tables tables_of(Lake& lake) {
  return {lake.rows({"c", "visit"}, {"id", "changed", "ward", "_source_file", "_source_record"}),
          lake.rows({"c", "diagnosis"}, {"id", "code", "_source_record"}),
          lake.rows({"c", "reading"},
                    {"n", "place", "value", "mood", "_source_file", "_source_record", "_source_sha256"}),
          lake.quarantine()};
}

TEST(Spill, TheTablesAreTheSame) {
  std::vector<Tables> found;
  for (const std::uint64_t memory : {kAmple, kTight}) {
    Lake lake({kVisits, kReadings});
    lake.spec().limits.memory = memory;
    lake.files["v.xml"] = visits();
    lake.files["a.csv"] = readings(false);
    lake.files["b.csv"] = readings(true);
    const auto report = lake.ingest();
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_EQ(report->rows_superseded, kRecords / 3);
    found.push_back(tables_of(lake));
    // Once more with the versions that were superseded: the index knows all keys.
    lake.files["w.xml"] = "<Visits><Visit id=\"6\"><Changed>2026-01-01T07:00:00</Changed></Visit></Visits>";
    ASSERT_TRUE(lake.ingest().ok());
    EXPECT_EQ(lake.rows({"c", "visit"}, {"id"}).size(), kRecords);
  }
  EXPECT_EQ(found[0].visits.size(), kRecords);
  EXPECT_EQ(found[0].diagnoses.size(), kRecords);
  EXPECT_EQ(found[0].readings.size(), 2 * kRecords - 18);
  EXPECT_EQ(found[0].quarantine.size(), 18U);
  EXPECT_TRUE(found[0] == found[1]);
}

TEST(Spill, NothingIsLostWhenTheDiskTakesNoMore) {
  Lake lake({kVisits, kReadings});
  lake.spec().limits.memory = kTight;
  lake.files["v.xml"] = visits();
  {
    auto pipeline = lake.open();
    ASSERT_TRUE(pipeline.ok());
    std::filesystem::remove_all(lake.index_folder() + "/spill");
    Progress progress;
    const auto report = (*pipeline)->run_once(progress, {});
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().name(), table::kSpillFailed.name);
  }
  EXPECT_THAT(lake.rows({"c", "visit"}, {"id"}), IsEmpty());
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_EQ(lake.rows({"c", "visit"}, {"id"}).size(), kRecords);
}

}  // namespace
}  // namespace tarn::ingest
