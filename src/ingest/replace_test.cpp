// `mode: replace`: deliveries that are the whole content of a scope, through the whole of ingest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "ingest/errors.h"
#include "ingest/testing/contracts.h"
#include "ingest/testing/lake.h"
#include "ingest/testing/zip.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kVisits;
using testing::Lake;
using testing::make_zip;

constexpr const char* kBeds = R"yaml(
feed: beds
owner: o@example.org
description: The beds of each facility.
source: {folder: in, files: "beds*"}
table: curated.bed
mode: replace
key: [facility, bed]
version_column: as_of
replace: {by: [facility], max_deletes: 50}
partition: ["bucket(2, facility)"]
format: {type: csv}
columns:
  - {name: facility, type: string}
  - {name: bed, type: int}
  - {name: as_of, type: int}
  - {name: ward, type: string, length: {max: 6}}
)yaml";

const TableName kTable{"curated", "bed"};
const TableName kDeliveries{"curated", "bed__deliveries"};
const std::vector<std::string> kRow = {"facility", "bed", "ward"};

std::string csv(const std::string& rows) {
  return "facility,bed,as_of,ward\n" + rows;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Replace, DeletesWhatADeliveryLacksAndWritesOnlyWhatChanged) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("X,1,10,A\nX,2,10,A\nX,3,10,A\nY,1,10,B\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["beds2.csv"] = csv("X,1,20,A\nX,2,20,C\nX,4,20,D\n");
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->totals.records_committed, 3);
  EXPECT_EQ(report->records_unchanged, 1);
  EXPECT_EQ(report->rows_missing, 1);
  EXPECT_EQ(report->rows_superseded, 0);
  EXPECT_THAT(
      lake.rows(kTable, {"facility", "bed", "ward", "as_of", "_source_file"}),
      ElementsAre("X|1|A|10|beds1.csv", "X|2|C|20|beds2.csv", "X|4|D|20|beds2.csv", "Y|1|B|10|beds1.csv"))
      << "what is unchanged keeps the delivery that brought it";
  EXPECT_THAT(lake.rows(kDeliveries, {"facility", "as_of", "_source_file"}),
              ElementsAre("X|20|beds2.csv", "Y|10|beds1.csv"));
}

TEST(Replace, AnOlderDeliveryThatComesLateChangesNothing) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("X,1,20,A\nX,2,20,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["beds2.csv"] = csv("X,1,10,B\nX,3,10,B\n");
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->rows_superseded, 2);
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|A", "X|2|A"));
  const auto arrivals = state::list_arrivals(*lake.database, {});
  ASSERT_TRUE(arrivals.ok());
  EXPECT_EQ(arrivals->front().path, "beds2.csv");
  EXPECT_EQ(arrivals->front().records.superseded, 2);
}

TEST(Replace, ADeliveryWithRefusedRecordsDeletesNothing) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("X,1,10,A\nX,2,10,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["beds2.csv"] = csv("X,1,20,B\nX,2,20,too long a name\nX,3,20,B\n");
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->deliveries_incomplete, 1);
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|B", "X|2|A", "X|3|B"));
  EXPECT_THAT(lake.rows(kDeliveries, {"as_of"}), ElementsAre("10"));
  // One that is whole and lies between the two: of each key the greatest counts.
  lake.files["beds3.csv"] = csv("X,1,15,C\nX,4,15,C\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|B", "X|3|B", "X|4|C"));
}

TEST(Replace, ATruncatedDeliveryWaitsInTheQuarantineUntilTheLimitIsRaised) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("X,1,10,A\nX,2,10,A\nX,3,10,A\nY,1,10,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["beds2.csv"] = csv("X,1,20,B\nY,2,20,B\nY,1,20,B\n");
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->totals.records_arrived, 1);
  EXPECT_EQ(report->totals.records_quarantined, 1);
  EXPECT_EQ(report->totals.files_quarantined, 1);
  EXPECT_THAT(lake.quarantine(), ElementsAre("delivery.too_many_deletes file beds2.csv"));
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|A", "X|2|A", "X|3|A", "Y|1|A"))
      << "nor is anything taken of its other scopes";
  const auto replay = [&] {
    const auto entries = state::list_quarantine(*lake.database, {});
    auto pipeline = lake.open();
    EXPECT_TRUE(entries.ok() && pipeline.ok());
    auto done = (*pipeline)->replay(*entries, {});
    EXPECT_TRUE(done.ok()) << done.error().to_string();
    return done->replayed;
  };
  EXPECT_EQ(replay(), 0) << "it is refused again";
  EXPECT_THAT(lake.quarantine(), ElementsAre("delivery.too_many_deletes file beds2.csv"));
  lake.set_feeds({replaced(kBeds, "max_deletes: 50", "max_deletes: 90")});
  EXPECT_EQ(replay(), 1);
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|B", "Y|1|B", "Y|2|B"));
  EXPECT_THAT(lake.quarantine(), IsEmpty());
  const auto summary = state::summary(*lake.database);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->records_arrived(), 7);
  EXPECT_EQ(summary->records_committed(), 7);
  EXPECT_TRUE(state::check_totals(*lake.database).ok());
}

TEST(Replace, AnEmptyDeliveryAndOneOfSeveralVersionsAreRefused) {
  Lake lake({replaced(kBeds, "max_deletes: 50", "max_deletes: 100")});
  lake.files["beds1.csv"] = csv("X,1,10,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["beds2.csv"] = csv("");
  lake.files["beds3.csv"] = csv("X,1,20,B\nX,2,30,B\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("delivery.empty file beds2.csv", "delivery.mixed_versions file beds3.csv"));
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|A"));
}

TEST(Replace, OfTheWholeTableByTheOrderOfArrival) {
  std::string contract = replaced(kBeds, "version_column: as_of\n", "");
  contract = replaced(contract, "replace: {by: [facility], max_deletes: 50}\n", "");
  Lake lake({contract});
  lake.files["beds1.csv"] = csv("X,1,10,A\nY,1,10,A\n");
  lake.files["beds2.csv"] = csv("X,1,5,A\nX,1,5,B\nZ,1,5,A\n");
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->rows_superseded, 3) << "two of the older delivery, one in the later";
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|B", "Z|1|A"));
  EXPECT_THAT(lake.rows(kDeliveries, {"_source_file"}), ElementsAre("beds2.csv"));
}

TEST(Replace, AnArchiveIsOneDeliveryWithAllThatIsInIt) {
  std::string contract = replaced(kVisits, "mode: upsert", "mode: replace");
  contract = replaced(contract, "version_column: version\n", "");
  contract.erase(contract.find("children:"));
  const auto visit = [](const std::string& id, int version) {
    return "<Visit id=\"" + id + "\" version=\"" + std::to_string(version) + "\"/>";
  };
  Lake lake({contract});
  lake.files["a.zip"] = make_zip({{"visits/1.xml", visit("V", 1)}, {"visits/2.xml", visit("W", 1)}});
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["b.zip"] = make_zip({{"visits/1.xml", visit("V", 2)}, {"visits/2.xml", "<Visit"}});
  const auto second = lake.ingest();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->deliveries_incomplete, 1) << "of a member nobody knows what it held";
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id", "version"}), ElementsAre("V|2", "W|1"));
  lake.files["c.zip"] = make_zip({{"visits/1.xml", visit("V", 3)}});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id", "version"}), ElementsAre("V|3"));
}

TEST(Replace, WaitsWhereItsScopeWasAnother) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("X,1,10,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({replaced(kBeds, "by: [facility], ", "")});
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
  ASSERT_EQ((*pipeline)->blocked().size(), 1U);
  EXPECT_EQ((*pipeline)->blocked()[0].error.name(), kIncompatibleTable.name);
}

TEST(Replace, ACrashAtAnyStoreOperationAndARerunGiveTheSameTables) {
  int crashes = 0;
  for (std::uint64_t at = 1; at < 400; ++at) {
    Lake lake({kBeds}, "project: test\nbatch:\n  max_files: 1\n");
    lake.files["beds1.csv"] = csv("X,1,10,A\nX,2,10,A\nX,3,10,A\n");
    lake.files["beds2.csv"] = csv("X,1,20,A\nX,2,20,B\n");
    lake.lose_power_at(at);
    static_cast<void>(lake.ingest());
    lake.come_back();
    lake.files["beds3.csv"] = csv("X,1,15,C\n");
    const auto second = lake.ingest();
    ASSERT_TRUE(second.ok()) << at << ": " << second.error().to_string();
    ASSERT_THAT(lake.rows(kTable, kRow), ElementsAre("X|1|A", "X|2|B")) << at;
    if (!lake.power_was_lost()) break;
    ++crashes;
    ASSERT_LT(at, 399U) << "the operations did not end";
  }
  EXPECT_GT(crashes, 20);
}

/// What the table must hold, kept the obvious way: of each scope the greatest whole delivery, and of each key
/// what greater ones, that are not whole, say of it.
class Model {
 public:
  using Rank = std::pair<int, int>;  // version and arrival
  struct Delivery {
    bool whole = true;
    std::map<int, std::string> beds = {};
  };
  void add(const std::string& facility, Rank rank, Delivery delivery) {
    scopes_[facility][rank] = std::move(delivery);
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> rows;
    for (const auto& [facility, deliveries] : scopes_) {
      std::map<int, std::string> beds;
      for (const auto& [rank, delivery] : deliveries) {
        if (delivery.whole) beds.clear();
        for (const auto& [bed, ward] : delivery.beds) beds[bed] = ward;
      }
      for (const auto& [bed, ward] : beds) rows.push_back(facility + "|" + std::to_string(bed) + "|" + ward);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

 private:
  std::map<std::string, std::map<Rank, Delivery>> scopes_;
};

TEST(Replace, EqualsTheModelThroughCrashesAndLostIndices) {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Lake lake({replaced(kBeds, "max_deletes: 50", "max_deletes: 100")},
              seed % 2 == 0 ? "project: test\nbatch:\n  max_files: 1\n" : "project: test\n");
    Model model;
    int arrival = 0;
    for (int round = 1; round <= 12; ++round) {
      for (int file = 0; file < 3; ++file) {
        ++arrival;
        std::string rows;
        const bool whole = random() % 4 != 0;
        for (const std::string facility : {"X", "Y"}) {
          if (random() % 3 == 0 && (facility == "X" || !rows.empty())) continue;
          const int version = static_cast<int>(random() % 20);
          Model::Delivery delivery{whole};
          const int count = 1 + static_cast<int>(random() % 15);
          for (int record = 0; record < count; ++record) {
            const int bed = static_cast<int>(random() % 20);
            const std::string ward(1, "ABC"[random() % 3]);
            delivery.beds[bed] = ward;
            rows += facility + "," + std::to_string(bed) + "," + std::to_string(version) + "," + ward + "\n";
          }
          model.add(facility, {version, arrival}, std::move(delivery));
        }
        if (rows.empty()) --arrival;
        if (rows.empty()) continue;
        if (!whole) rows += "X,1,1,too long a name\n";
        lake.files["beds" + std::to_string(100 + arrival) + ".csv"] = csv(rows);
      }
      if (random() % 3 == 0) {
        lake.ingest_with_faulty_commit(random() % 2 == 0 ? state::CommitFault::kFail
                                                         : state::CommitFault::kLostReply);
      }
      if (random() % 4 == 0) std::filesystem::remove_all(lake.index_folder());
      const auto report = lake.ingest();
      ASSERT_TRUE(report.ok()) << report.error().to_string();
      ASSERT_EQ(lake.rows(kTable, kRow), model.rows()) << round;
    }
    const auto summary = state::summary(*lake.database);
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->records_arrived(), summary->records_committed() + summary->records_quarantined());
  }
}

}  // namespace
}  // namespace tarn::ingest
