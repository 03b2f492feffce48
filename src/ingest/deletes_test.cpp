// `delete_when`: deletions are versions as any other, remembered in a table of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <tuple>

#include "ingest/testing/contracts.h"
#include "ingest/testing/lake.h"
#include "ingest/testing/zip.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kVisits;
using testing::Lake;
using testing::make_zip;

constexpr const char* kStaff = R"yaml(
feed: staff
owner: o@example.org
description: Staff.
source: {folder: in, files: "staff*"}
table: curated.staff
mode: upsert
key: [id]
version_column: version
delete_when: {column: op, values: [D, X]}
partition: ["bucket(3, id)"]
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: version, type: int}
  - {name: op, type: string}
  - {name: name, type: string, length: {max: 6}}
)yaml";

const TableName kTable{"curated", "staff"};
const TableName kTombstones{"curated", "staff__deleted"};

std::string csv(const std::string& rows) {
  return "id,version,op,name\n" + rows;
}

TEST(DeleteWhen, ADeletionIsAVersionWhateverComesWhen) {
  Lake lake({kStaff});
  lake.files["staff1.csv"] = csv("1,1,I,Ann\n2,1,I,Bob\n3,1,I,Cyd\n4,5,D,\n");
  const auto first = lake.ingest();
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  EXPECT_EQ(first->records_deleting, 1) << "of a key that never was";
  lake.files["staff2.csv"] = csv("1,3,D,\n2,2,X,\n2,4,U,Bob4\n3,0,D,\n4,4,I,Dan\n");
  const auto second = lake.ingest();
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(second->records_deleting, 1);
  EXPECT_EQ(second->rows_superseded, 3);
  EXPECT_THAT(lake.rows(kTable, {"id", "version", "name"}), ElementsAre("2|4|Bob4", "3|1|Cyd"));
  EXPECT_THAT(lake.rows(kTombstones, {"id", "version", "_source_file"}),
              ElementsAre("1|3|staff2.csv", "4|5|staff1.csv"));
  // An older version does not bring a row back, a later one does; neither with an index built anew.
  std::filesystem::remove_all(lake.index_folder());
  lake.files["staff3.csv"] = csv("1,2,U,Ann2\n4,6,I,Dan6\n3,2,D,\n");
  const auto third = lake.ingest();
  ASSERT_TRUE(third.ok()) << third.error().to_string();
  EXPECT_THAT(lake.rows(kTable, {"id", "version", "name"}), ElementsAre("2|4|Bob4", "4|6|Dan6"));
  EXPECT_THAT(lake.rows(kTombstones, {"id", "version"}), ElementsAre("1|3", "3|2"));
}

TEST(DeleteWhen, ARowOfADeletedParentGoesWithItsChildren) {
  std::string contract = kVisits;
  contract.replace(contract.find("format: {type: xml}"), 19,
                   "delete_when: {column: cancelled, values: [true]}\nformat: {type: xml}");
  contract.replace(contract.find("  - name: notes"), 15,
                   "  - {name: cancelled, type: boolean, from: \"@cancelled\"}\n  - name: notes");
  const auto visit = [](const std::string& id, int version, const std::string& more,
                        const std::string& codes) {
    std::string xml =
        "<Visit id=\"" + id + "\" version=\"" + std::to_string(version) + "\"" + more + "><Diagnoses>";
    for (const char code : codes) xml += std::string("<Diagnosis code=\"") + code + "1\"/>";
    return xml + "</Diagnoses></Visit>";
  };
  Lake lake({contract});
  lake.files["a.zip"] =
      make_zip({{"visits/1.xml", visit("V1", 1, "", "ABC")}, {"visits/2.xml", visit("V2", 1, "", "D")}});
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["b.zip"] = make_zip({{"visits/1.xml", visit("V1", 3, " cancelled=\"true\"", "Z")}});
  ASSERT_TRUE(lake.ingest().ok());
  const TableName children{"curated", "visit_diagnosis"};
  EXPECT_THAT(lake.rows(children, {"visit_id", "code"}), ElementsAre("V2|D1"));
  lake.files["c.zip"] =
      make_zip({{"visits/1.xml", visit("V1", 2, "", "EF")}, {"visits/2.xml", visit("V2", 2, "", "")}});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(children, {"visit_id", "code"}), IsEmpty());
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id", "version"}), ElementsAre("V2|2"));
  lake.files["d.zip"] = make_zip({{"visits/1.xml", visit("V1", 4, " cancelled=\"false\"", "GH")}});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(children, {"visit_id", "code"}), ElementsAre("V1|G1", "V1|H1"));
}

TEST(DeleteWhen, AnyValueDeletesWhereNoneIsNamed) {
  std::string contract = kStaff;
  contract.replace(contract.find("{column: op, values: [D, X]}"), 28, "{column: gone_at}");
  contract.replace(contract.find("{name: op, type: string}"), 24, "{name: gone_at, type: date}");
  Lake lake({contract});
  lake.files["staff1.csv"] = "id,version,gone_at,name\n1,1,,Ann\n2,1,2024-01-01,Bob\n3,1,,Cyd\n";
  lake.files["staff2.csv"] = "id,version,gone_at,name\n3,2,2024-01-02,Cyd\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, {"id", "name"}), ElementsAre("1|Ann"));
}

TEST(DeleteWhen, WhatPassesTheQuarantineLaterHasTheRankOfItsArrival) {
  Lake lake({kStaff});
  lake.files["staff1.csv"] = csv("1,1,I,Ann\n1,4,D,too long a name\n2,1,I,Bob\n2,2,U,another long name\n");
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["staff2.csv"] = csv("1,3,U,Ann3\n2,3,D,\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, {"id", "name"}), ElementsAre("1|Ann3"));
  std::string mended = kStaff;
  mended.replace(mended.find("{max: 6}"), 8, "{max: 60}");
  lake.set_feeds({mended});
  const auto open = state::list_quarantine(*lake.database, {});
  ASSERT_TRUE(open.ok());
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
  const auto report = (*pipeline)->replay(*open, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->replayed, 2);
  EXPECT_THAT(lake.rows(kTable, {"id", "name"}), IsEmpty());
  EXPECT_THAT(lake.rows(kTombstones, {"id", "version"}), ElementsAre("1|4", "2|3"));
}

TEST(DeleteWhen, ACrashAtAnyStoreOperationAndARerunGiveTheSameTables) {
  int crashes = 0;
  for (std::uint64_t at = 1; at < 400; ++at) {
    Lake lake({kStaff}, "project: test\nbatch:\n  max_files: 1\n");
    lake.files["staff1.csv"] = csv("1,1,I,Ann\n2,2,D,\n3,1,I,Cyd\n");
    lake.files["staff2.csv"] = csv("1,2,D,\n2,3,I,Bob\n3,0,D,\n");
    lake.lose_power_at(at);
    static_cast<void>(lake.ingest());
    lake.come_back();
    lake.files["staff3.csv"] = csv("1,1,U,Late\n");
    const auto second = lake.ingest();
    ASSERT_TRUE(second.ok()) << at << ": " << second.error().to_string();
    ASSERT_THAT(lake.rows(kTable, {"id", "name"}), ElementsAre("2|Bob", "3|Cyd")) << at;
    ASSERT_THAT(lake.rows(kTombstones, {"id", "version"}), ElementsAre("1|2")) << at;
    if (!lake.power_was_lost()) break;
    ++crashes;
    ASSERT_LT(at, 399U) << "the operations did not end";
  }
  EXPECT_GT(crashes, 20);
}

/// What the table must hold, kept the obvious way: of each key the version with the greatest rank.
class Model {
 public:
  void add(int id, int version, int arrival, int record, const std::string& op, const std::string& name) {
    const Version one{{version, arrival, record}, op, name};
    const auto [at, added] = latest_.try_emplace(id, one);
    if (!added && one.rank > at->second.rank) at->second = one;
  }
  std::vector<std::string> rows(bool deleted) const {
    std::vector<std::string> texts;
    for (const auto& [id, version] : latest_) {
      if ((version.op == "D") != deleted) continue;
      texts.push_back(std::to_string(id) + "|" + std::to_string(std::get<0>(version.rank)) +
                      (deleted ? "" : "|" + version.name));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

 private:
  struct Version {
    std::tuple<int, int, int> rank;
    std::string op;
    std::string name;
  };
  std::map<int, Version> latest_;
};

TEST(DeleteWhen, EqualsTheModelThroughCrashesAndLostIndices) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Lake lake({kStaff}, "project: test\nbatch:\n  max_files: 1\n");
    Model model;
    for (int arrival = 1; arrival <= 12; ++arrival) {
      std::string rows;
      const int count = 1 + static_cast<int>(random() % 40);
      for (int record = 1; record <= count; ++record) {
        const int id = static_cast<int>(random() % 25);
        const int version = static_cast<int>(random() % 30);
        const std::string op = random() % 3 == 0 ? "D" : "U";
        const std::string name = "n" + std::to_string(random() % 1000);
        model.add(id, version, arrival, record, op, name);
        rows += std::to_string(id) + "," + std::to_string(version) + "," + op + "," + name + "\n";
      }
      lake.files["staff" + std::to_string(100 + arrival) + ".csv"] = csv(rows);
      if (random() % 3 == 0) {
        lake.ingest_with_faulty_commit(random() % 2 == 0 ? state::CommitFault::kFail
                                                         : state::CommitFault::kLostReply);
      }
      if (random() % 4 == 0) std::filesystem::remove_all(lake.index_folder());
      const auto report = lake.ingest();
      ASSERT_TRUE(report.ok()) << report.error().to_string();
      ASSERT_EQ(lake.rows(kTable, {"id", "version", "name"}), model.rows(false)) << arrival;
      ASSERT_EQ(lake.rows(kTombstones, {"id", "version"}), model.rows(true)) << arrival;
    }
  }
}

}  // namespace
}  // namespace tarn::ingest
