// `mode: scd2`: histories, through the whole of ingest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <tuple>

#include "ingest/errors.h"
#include "ingest/table_shape.h"
#include "ingest/testing/contracts.h"
#include "ingest/testing/lake.h"
#include "ingest/testing/zip.h"
#include "table/history/history_index.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kVisits;
using testing::Lake;
using testing::make_zip;

constexpr const char* kBeds = R"yaml(
feed: beds
owner: o@example.org
description: Beds.
source: {folder: in, files: "beds*"}
table: curated.bed
mode: scd2
key: [bed]
version_column: version
delete_when: {column: op, values: [D]}
partition: ["bucket(3, bed)"]
drift: evolve
format: {type: csv}
columns:
  - {name: bed, type: int}
  - {name: version, type: int}
  - {name: op, type: string}
  - {name: ward, type: string, length: {max: 6}}
)yaml";

const TableName kTable{"curated", "bed"};
const TableName kUnchanged{"curated", "bed__unchanged"};
const std::vector<std::string> kRow = {"bed", "valid_from", "valid_to", "is_current", "ward"};
const std::vector<std::string> kHidden = {"bed", "version", "_is_deletion", "ward"};

std::string csv(const std::string& rows) {
  return "bed,version,op,ward\n" + rows;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(History, KeepsEachChangeWithItsTimeInWhateverOrderItComes) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("1,10,U,A\n1,20,U,A\n2,10,U,B\n2,30,D,\n");
  const auto first = lake.ingest();
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  EXPECT_EQ(first->totals.records_committed, 4);
  EXPECT_EQ(first->records_unchanged, 1);
  EXPECT_EQ(first->records_deleting, 1);
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|10|~|true|A", "2|10|30|false|B"));
  lake.files["beds2.csv"] = csv("1,15,U,C\n2,40,U,B\n1,20,U,A\n1,,U,X\n");
  const auto second = lake.ingest();
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(second->totals.records_committed, 3);
  EXPECT_EQ(second->totals.records_quarantined, 1) << "a record without a version";
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|10|15|false|A", "1|15|20|false|C", "1|20|~|true|A",
                                                   "2|10|30|false|B", "2|40|~|true|B"));
  EXPECT_THAT(lake.rows(kTable, {"bed", "valid_from", "_source_file", "_source_record"}),
              ElementsAre("1|10|beds1.csv|1", "1|15|beds2.csv|1", "1|20|beds2.csv|3", "2|10|beds1.csv|3",
                          "2|40|beds2.csv|2"))
      << "each with the record that made it";
  EXPECT_THAT(lake.rows(kUnchanged, kHidden), ElementsAre("2|30|true|~"));
  const auto again = lake.ingest();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->totals.records_arrived, 0);
}

TEST(History, TakesNewColumnsOfBothTables) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("1,10,U,A\n1,20,U,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["beds2.csv"] =
      "bed,version,op,ward,nurse,valid_to\n1,30,U,A,Ann,x\n1,40,U,A,Ann,x\n1,15,U,A,,\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows(kTable, {"bed", "valid_from", "valid_to", "nurse", "valid_to_2"}),
              ElementsAre("1|10|30|~|~", "1|30|~|Ann|x"));
  EXPECT_THAT(lake.rows(kUnchanged, {"bed", "version", "nurse"}),
              ElementsAre("1|15|~", "1|20|~", "1|40|Ann"));
}

TEST(History, TracksTheColumnsThatTheContractNames) {
  Lake lake({replaced(kBeds, "delete_when: {column: op, values: [D]}", "track: [op]")});
  lake.files["beds1.csv"] = csv("1,10,U,A\n1,20,U,B\n1,30,D,B\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|10|30|false|A", "1|30|~|true|B"));
  EXPECT_THAT(lake.rows(kUnchanged, kHidden), ElementsAre("1|20|false|B"));
}

TEST(History, WaitsWhereItsTableIsOfAnotherMode) {
  Lake lake({kBeds});
  lake.files["beds1.csv"] = csv("1,10,U,A\n");
  ASSERT_TRUE(lake.ingest().ok());
  const std::string deletes = "delete_when: {column: op, values: [D]}";
  for (const std::string& other :
       {replaced(kBeds, "mode: scd2", "mode: upsert"), replaced(kBeds, deletes, "track: [ward]"),
        replaced(kBeds, deletes, "sort: [bed]")}) {
    lake.set_feeds({other});
    const auto pipeline = lake.open();
    ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
    ASSERT_EQ((*pipeline)->blocked().size(), 1U) << other;
    EXPECT_EQ((*pipeline)->blocked()[0].error.name(), kIncompatibleTable.name);
  }
  lake.set_feeds({replaced(kBeds, "name: ward", "name: unit, from: ward, renamed_from: ward")});
  lake.files["beds2.csv"] = csv("1,20,U,A\n1,30,U,B\n");
  const auto renamed = lake.ingest();
  ASSERT_TRUE(renamed.ok()) << renamed.error().to_string();
  EXPECT_THAT(lake.rows(kTable, {"bed", "valid_from", "valid_to", "unit"}),
              ElementsAre("1|10|30|A", "1|30|~|B"));
}

TEST(History, KeepsListsWhole) {
  std::string contract = replaced(kVisits, "mode: upsert", "mode: scd2");
  contract.erase(contract.find("children:"));
  const auto visit = [](int version, const std::string& author) {
    return "<Visit id=\"V\" version=\"" + std::to_string(version) + "\"><Notes><Note by=\"" + author +
           "\">text</Note></Notes></Visit>";
  };
  Lake lake({contract});
  lake.files["a.zip"] = make_zip({{"visits/1.xml", visit(1, "Ann")}, {"visits/2.xml", visit(3, "Ann")}});
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["b.zip"] = make_zip({{"visits/1.xml", visit(2, "Bob")}});
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const auto rows = lake.rows({"curated", "visit"}, {"valid_from", "valid_to", "notes"});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0], HasSubstr("Ann"));
  EXPECT_THAT(rows[1], HasSubstr("Bob"));
  EXPECT_THAT(rows[2], HasSubstr("Ann")) << "it was unchanged, and is a row now";
}

TEST(History, ACrashAtAnyStoreOperationAndARerunGiveTheSameTables) {
  int crashes = 0;
  for (std::uint64_t at = 1; at < 400; ++at) {
    Lake lake({kBeds}, "project: test\nbatch:\n  max_files: 1\n");
    lake.files["beds1.csv"] = csv("1,10,U,A\n1,30,U,A\n");
    lake.files["beds2.csv"] = csv("1,20,U,B\n2,10,D,\n");
    lake.lose_power_at(at);
    static_cast<void>(lake.ingest());
    lake.come_back();
    lake.files["beds3.csv"] = csv("1,15,U,A\n");
    const auto second = lake.ingest();
    ASSERT_TRUE(second.ok()) << at << ": " << second.error().to_string();
    ASSERT_THAT(lake.rows(kTable, kRow), ElementsAre("1|10|20|false|A", "1|20|30|false|B", "1|30|~|true|A"))
        << at;
    ASSERT_THAT(lake.rows(kUnchanged, kHidden), ElementsAre("1|15|false|A", "2|10|true|~")) << at;
    if (!lake.power_was_lost()) break;
    ++crashes;
    ASSERT_LT(at, 399U) << "the operations did not end";
  }
  EXPECT_GT(crashes, 20);
}

/// What the tables must hold, kept the obvious way: a fold of all records that ever came.
class Model {
 public:
  void add(int bed, int version, std::pair<int, int> tie, const std::string& op, const std::string& ward) {
    const auto [at, added] = versions_[bed].try_emplace(version, Version{tie, op == "D", ward});
    if (!added && tie > at->second.tie) at->second = {tie, op == "D", ward};
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> rows;
    for (const auto& [bed, versions] : versions_) {
      std::string begun;  // of the row that is open
      std::string ward;
      const auto end = [&](const std::string& to) {
        if (!begun.empty()) rows.push_back(begun + "|" + to + "|" + ward);
        begun.clear();
      };
      for (const auto& [number, version] : versions) {
        if (!version.deletes && !begun.empty() && version.ward == ward) continue;
        end(std::to_string(number) + "|false");
        if (version.deletes) continue;
        begun = std::to_string(bed) + "|" + std::to_string(number);
        ward = version.ward;
      }
      end("~|true");
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

 private:
  struct Version {
    std::pair<int, int> tie;
    bool deletes = false;
    std::string ward;
  };
  std::map<int, std::map<int, Version>> versions_;
};

TEST(History, EqualsTheModelThroughCrashesAndLostIndices) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Lake lake({kBeds}, "project: test\nbatch:\n  max_files: 1\n");
    Model model;
    for (int arrival = 1; arrival <= 12; ++arrival) {
      std::string rows;
      const int count = 1 + static_cast<int>(random() % 40);
      for (int record = 1; record <= count; ++record) {
        const int bed = static_cast<int>(random() % 12);
        const int version = static_cast<int>(random() % 30);
        const std::string op = random() % 5 == 0 ? "D" : "U";
        const std::string ward(1, "ABC"[random() % 3]);
        model.add(bed, version, {arrival, record}, op, ward);
        rows += std::to_string(bed) + "," + std::to_string(version) + "," + op + "," + ward + "\n";
      }
      lake.files["beds" + std::to_string(100 + arrival) + ".csv"] = csv(rows);
      if (random() % 3 == 0) {
        lake.ingest_with_faulty_commit(random() % 2 == 0 ? state::CommitFault::kFail
                                                         : state::CommitFault::kLostReply);
      }
      if (random() % 4 == 0) std::filesystem::remove_all(lake.index_folder());
      const auto report = lake.ingest();
      ASSERT_TRUE(report.ok()) << report.error().to_string();
      ASSERT_EQ(lake.rows(kTable, kRow), model.rows()) << arrival;
    }
  }
}

TEST(History, AddsTheColumnsThatContractsCannotHave) {
  EXPECT_THAT(project::history_column_names(),
              ElementsAre(table::kValidFrom, table::kValidTo, table::kIsCurrent, table::kTrackedHash,
                          table::kIsDeletion));
}

}  // namespace
}  // namespace tarn::ingest
