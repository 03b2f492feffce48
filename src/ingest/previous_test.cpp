// `mode: scd3`: the latest version of each key with former values, through the whole of ingest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <tuple>

#include "ingest/errors.h"
#include "ingest/testing/lake.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Lake;

constexpr const char* kPatients = R"yaml(
feed: patients
owner: o@example.org
description: Patients.
source: {folder: in, files: "patients*"}
table: curated.patient
mode: scd3
key: [id]
version_column: version
previous: [ward, insurer]
delete_when: {column: op, values: [D]}
partition: ["bucket(3, id)"]
drift: evolve
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: version, type: int}
  - {name: op, type: string}
  - {name: ward, type: string, length: {max: 6}}
  - {name: insurer, type: long}
)yaml";

const TableName kTable{"curated", "patient"};
const TableName kVersions{"curated", "patient__versions"};
const std::vector<std::string> kRow = {"id",
                                       "version",
                                       "ward",
                                       "previous_ward",
                                       "ward_changed_at",
                                       "insurer",
                                       "previous_insurer",
                                       "insurer_changed_at"};

std::string csv(const std::string& rows) {
  return "id,version,op,ward,insurer\n" + rows;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Previous, TellsWhatEachColumnWasBeforeAndSinceWhenItIsAsItIs) {
  Lake lake({kPatients});
  lake.files["patients1.csv"] = csv("1,10,U,A,7\n1,20,U,B,7\n2,10,U,A,7\n");
  const auto first = lake.ingest();
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|20|B|A|20|7|~|~", "2|10|A|~|~|7|~|~"));
  EXPECT_THAT(lake.rows(kVersions, {"id", "version", "ward"}), ElementsAre("1|10|A"));
  // The ward changes back, and the insurer changes; a version between the two comes late.
  lake.files["patients2.csv"] = csv("1,40,U,B,8\n2,30,U,,7\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|40|B|A|20|8|7|40", "2|30|~|A|30|7|~|~"));
  lake.files["patients3.csv"] = csv("1,30,U,C,8\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|40|B|C|40|8|7|30", "2|30|~|A|30|7|~|~"));
  EXPECT_THAT(lake.rows(kTable, {"id", "_source_file"}), ElementsAre("1|patients2.csv", "2|patients2.csv"));
  const auto again = lake.ingest();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->totals.records_arrived, 0);
}

TEST(Previous, ADeletionTakesTheRowAndIsNoValue) {
  Lake lake({kPatients});
  lake.files["patients1.csv"] = csv("1,10,U,A,7\n1,20,U,B,7\n1,30,D,X,9\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, kRow), IsEmpty());
  lake.files["patients2.csv"] = csv("1,40,U,B,7\n1,25,U,C,7\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|40|B|C|40|7|~|~"));
  EXPECT_THAT(lake.rows(kVersions, {"version", "_is_deletion"}),
              ElementsAre("10|false", "20|false", "25|false", "30|true"));
}

TEST(Previous, KeepsEveryScalarType) {
  std::string contract =
      replaced(kPatients, "previous: [ward, insurer]", "previous: [ward, a, b, c, d, e, f, g]");
  contract +=
      "  - {name: a, type: boolean}\n  - {name: b, type: \"decimal(20,2)\"}\n  - {name: c, type: date}\n"
      "  - {name: d, type: timestamp}\n  - {name: e, type: double}\n  - {name: f, type: uuid}\n"
      "  - {name: g, type: time}\n";
  const std::string head = "id,version,op,ward,insurer,a,b,c,d,e,f,g\n";
  const std::string row =
      ",U,x,1,true,-12.50,2024-02-29,2024-02-29T01:02:03,-1.5,6f9619ff-8b86-d011-b42d-00c04fc964ff,10:11:"
      "12\n";
  Lake lake({contract});
  lake.files["patients1.csv"] = head + "1,10" + row + "1,20,U,,1,,,,,,,\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  lake.files["patients2.csv"] = head + "2,10" + row;
  ASSERT_TRUE(lake.ingest().ok());
  std::vector<std::string> before;
  std::vector<std::string> now;
  for (const std::string name : {"ward", "a", "b", "c", "d", "e", "f", "g"}) {
    now.push_back(name);
    before.push_back("previous_" + name);
  }
  const auto as_before = lake.rows(kTable, before);
  const auto as_now = lake.rows(kTable, now);
  ASSERT_EQ(as_now.size(), 2U);
  EXPECT_EQ(as_before[0], as_now[0]) << "the one was what the other is";
  EXPECT_EQ(as_before[1], as_now[1]) << "and null otherwise";
}

TEST(Previous, FollowsARenamedColumnAndWaitsWhereOthersAreAskedFor) {
  Lake lake({kPatients});
  lake.files["patients1.csv"] = csv("1,10,U,A,7\n1,20,U,B,7\n");
  ASSERT_TRUE(lake.ingest().ok());
  for (const std::string& other :
       {replaced(kPatients, "previous: [ward, insurer]", "previous: [ward]"),
        replaced(replaced(kPatients, "mode: scd3", "mode: upsert"), "previous: [ward, insurer]\n", "")}) {
    lake.set_feeds({other});
    const auto pipeline = lake.open();
    ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
    ASSERT_EQ((*pipeline)->blocked().size(), 1U) << other;
    EXPECT_EQ((*pipeline)->blocked()[0].error.name(), kIncompatibleTable.name);
  }
  lake.set_feeds({replaced(replaced(kPatients, "[ward, insurer]", "[unit, insurer]"), "name: ward",
                           "name: unit, from: ward, renamed_from: ward")});
  lake.files["patients2.csv"] = csv("1,15,U,C,7\n");
  const auto renamed = lake.ingest();
  ASSERT_TRUE(renamed.ok()) << renamed.error().to_string();
  EXPECT_THAT(lake.rows(kTable, {"unit", "previous_unit", "unit_changed_at"}), ElementsAre("B|C|20"));
}

/// What the table must hold, kept the obvious way.
class Model {
 public:
  void add(int id, int version, std::pair<int, int> tie, const std::string& op, const std::string& ward,
           int insurer) {
    const auto [at, added] =
        versions_[id].try_emplace(version, Version{tie, op == "D", {ward, std::to_string(insurer)}});
    if (!added && tie > at->second.tie) at->second = {tie, op == "D", {ward, std::to_string(insurer)}};
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> rows;
    for (const auto& [id, versions] : versions_) {
      if (versions.rbegin()->second.deletes) continue;
      std::string row = std::to_string(id) + "|" + std::to_string(versions.rbegin()->first);
      for (const std::size_t column : {0U, 1U}) {
        std::string now;
        std::string before = "~";
        std::string since = "~";
        for (const auto& [number, version] : versions) {
          if (version.deletes) continue;
          const std::string& value = version.values[column];
          if (!now.empty() && value != now) {
            before = now;
            since = std::to_string(number);
          }
          now = value;
        }
        row += "|" + now + "|" + before + "|" + since;
      }
      rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

 private:
  struct Version {
    std::pair<int, int> tie;
    bool deletes = false;
    std::vector<std::string> values;
  };
  std::map<int, std::map<int, Version>> versions_;
};

TEST(Previous, EqualsTheModelThroughCrashesAndLostIndices) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Lake lake({kPatients}, "project: test\nbatch:\n  max_files: 1\n");
    Model model;
    for (int arrival = 1; arrival <= 12; ++arrival) {
      std::string rows;
      const int count = 1 + static_cast<int>(random() % 40);
      for (int record = 1; record <= count; ++record) {
        const int id = static_cast<int>(random() % 12);
        const int version = static_cast<int>(random() % 30);
        const std::string op = random() % 6 == 0 ? "D" : "U";
        const std::string ward(1, "ABC"[random() % 3]);
        const int insurer = static_cast<int>(random() % 2);
        model.add(id, version, {arrival, record}, op, ward, insurer);
        rows += std::to_string(id) + "," + std::to_string(version) + "," + op + "," + ward + "," +
                std::to_string(insurer) + "\n";
      }
      lake.files["patients" + std::to_string(100 + arrival) + ".csv"] = csv(rows);
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

}  // namespace
}  // namespace tarn::ingest
