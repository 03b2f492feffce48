#include "workload/workload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/hash.h"
#include "workload/encounter.h"
#include "workload/plan.h"
#include "workload/random.h"

namespace tarn::workload {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class WorkloadTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("tarn_workload_" + std::to_string(::getpid()));
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  WorkloadOptions options(const std::string& name, std::uint32_t zips) const {
    WorkloadOptions options;
    options.folder = root_ / name / "inbox";
    options.zips = zips;
    options.compression = 1;
    return options;
  }
  static std::string content(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  /// Relative path to hash, of all files below a folder.
  static std::map<std::string, std::string> hashes(const fs::path& folder) {
    std::map<std::string, std::string> result;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) {
        result[fs::relative(entry.path(), folder).string()] = sha256(content(entry.path())).hex();
      }
    }
    return result;
  }
  Json truth(const std::string& name) const { return Json::parse(content(root_ / name / "truth.json")); }

  fs::path root_;
};

TEST_F(WorkloadTest, SameSeedSameBytesWithAnyNumberOfThreads) {
  WorkloadOptions one = options("one", 40);
  one.defects = all_defects();
  one.threads = 1;
  WorkloadOptions three = one;
  three.folder = options("three", 40).folder;
  three.threads = 3;
  ASSERT_TRUE(make_workload(one, {}).ok());
  ASSERT_TRUE(make_workload(three, {}).ok());
  EXPECT_EQ(hashes(root_ / "one"), hashes(root_ / "three"));

  WorkloadOptions other = one;
  other.folder = options("other", 40).folder;
  other.seed = 2;
  ASSERT_TRUE(make_workload(other, {}).ok());
  EXPECT_NE(hashes(root_ / "one"), hashes(root_ / "other"));
}

TEST_F(WorkloadTest, BytesStayTheSameAcrossVersions) {
  // A change here changes every workload that somebody has measured with: say so in the changelog. The truth
  // covers the content; compressed bytes depend on libdeflate's version.
  WorkloadOptions small = options("small", 12);
  ASSERT_TRUE(make_workload(small, {}).ok());
  const Json tables = truth("small")["tables"];
  EXPECT_EQ(tables["curated.encounter"]["key_checksum"], "8035258012355104178");
  EXPECT_EQ(tables["curated.encounter"]["sums"]["total_cost"], "11403455.11");
  EXPECT_EQ(tables["curated.lab_result"]["sums"]["value"], "281216.559");
  EXPECT_EQ(tables["curated.claim_line"]["sums"]["charged"], "36684080.05");
  EXPECT_EQ(tables["curated.bed_census"]["sums"]["occupied"], "272911");
  EXPECT_EQ(tables["curated.patient"]["sums"]["annual_income"], "73917395");
}

TEST_F(WorkloadTest, KeepsTheProportionsOfTheBenchmark) {
  WorkloadOptions plain = options("plain", 250);
  plain.defects = no_defects();
  const auto report = make_workload(plain, {});
  ASSERT_TRUE(report.ok());
  EXPECT_NEAR(static_cast<double>(report->members), 168'495.0 / 4, 2'500);
  EXPECT_NEAR(static_cast<double>(report->records), 820'982.0 / 4, 15'000);
  EXPECT_NEAR(static_cast<double>(report->raw_bytes), 242e6 / 4, 6e6);
  EXPECT_EQ(report->defects, 0U);
  EXPECT_EQ(report->duplicates, 3U);
  EXPECT_EQ(report->files, 253U);
}

TEST_F(WorkloadTest, TruthAddsUp) {
  WorkloadOptions spoilt = options("spoilt", 120);
  spoilt.defects = all_defects();
  ASSERT_TRUE(make_workload(spoilt, {}).ok());
  const Json root = truth("spoilt");
  EXPECT_EQ(root["files"]["arrived"].get<int>(),
            root["files"]["distinct"].get<int>() + root["files"]["duplicates"].get<int>());
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(spoilt.folder))
    files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(root["files"]["arrived"].get<std::size_t>(), files);
  for (const auto& [name, feed] : root["feeds"].items()) {
    const Json& records = feed["records"];
    EXPECT_EQ(records["arrived"].get<int>(),
              records["admitted"].get<int>() + records["quarantined"].get<int>())
        << name;
    EXPECT_GT(records["quarantined"].get<int>(), 0) << name;
  }
  std::size_t spoilt_things = 0;
  for (const auto& [name, defect] : root["defects"].items()) {
    EXPECT_GT(defect["count"].get<int>(), 0) << name << " does not occur";
    spoilt_things += defect["count"].get<std::size_t>();
  }
  const std::string list = content(root_ / "spoilt" / "truth_defects.csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(list.begin(), list.end(), '\n')), spoilt_things + 1);
}

TEST_F(WorkloadTest, ReportsProgress) {
  std::uint32_t last = 0;
  const auto report = make_workload(options("progress", 40), [&](const WorkloadProgress& progress) {
    EXPECT_GT(progress.done, last);
    EXPECT_EQ(progress.total, 40U);
    last = progress.done;
  });
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(last, 32U);
}

TEST_F(WorkloadTest, OneZipIsEnough) {
  const auto report = make_workload(options("single", 1), {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(truth("single")["files"]["by_kind"]["ADT"], 1);
}

TEST_F(WorkloadTest, RefusesOptionsOutsideTheirRange) {
  struct Case {
    const char* what;
    std::function<void(WorkloadOptions&)> change;
  };
  const Case cases[] = {
      {"no folder", [](auto& o) { o.folder.clear(); }},
      {"no zips", [](auto& o) { o.zips = 0; }},
      {"too many zips", [](auto& o) { o.zips = 10'000'001; }},
      {"no days", [](auto& o) { o.days = 0; }},
      {"no date", [](auto& o) { o.first_day = "2025-02-30"; }},
      {"half a date", [](auto& o) { o.first_day = "2025-2-3"; }},
      {"share above one", [](auto& o) { o.resend_share = 1.5; }},
      {"share below zero", [](auto& o) { o.defects[Defect::kTruncated] = -0.1; }},
      {"no level", [](auto& o) { o.compression = 13; }},
      {"facilities", [](auto& o) { o.facilities = 100'000; }},
  };
  for (const Case& bad : cases) {
    WorkloadOptions wrong = options("wrong", 10);
    bad.change(wrong);
    const auto report = make_workload(wrong, {});
    ASSERT_FALSE(report.ok()) << bad.what;
    EXPECT_EQ(report.error().name(), "workload.bad_option") << bad.what;
  }
}

TEST_F(WorkloadTest, SaysWhereItCannotWrite) {
  fs::create_directories(root_);
  std::ofstream(root_ / "taken") << "a file";
  WorkloadOptions blocked = options("x", 10);
  blocked.folder = root_ / "taken";
  const auto report = make_workload(blocked, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().name(), "workload.write_failed");
}

TEST(Encounters, DatesAreInOrderAndVersionsDiffer) {
  WorkloadOptions options;
  options.folder = "unused";
  options.zips = 60;
  options.correction_share = 0.5;
  const auto plan = make_plan(options);
  ASSERT_TRUE(plan.ok());
  for (const std::uint32_t zip : plan->all_adt) {
    for (const EncounterHistory& history : make_encounters(*plan, zip)) {
      for (const Encounter* version : {&history.latest, &history.earlier}) {
        if (version == &history.earlier && !history.corrected) continue;
        EXPECT_GT(version->updated, version->admitted) << version->id;
        if (version->discharged < 0) continue;
        EXPECT_LT(version->admitted, version->discharged) << version->id;
        EXPECT_GT(version->updated, version->discharged) << version->id;
      }
      if (history.corrected) {
        EXPECT_LT(history.earlier.updated, history.latest.updated) << history.latest.id;
      }
    }
  }
}

TEST(RandomNumbers, AreTheSameEverywhere) {
  Random random(42);
  EXPECT_EQ(random.next(), 6667968346354703667ULL);
  constexpr std::int32_t kQuantiles[] = {0, 10, 100};
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t value = random.quantile(kQuantiles);
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 100);
    EXPECT_LT(random.below(7), 7U);
  }
}

}  // namespace
}  // namespace tarn::workload
