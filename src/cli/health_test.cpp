#include "cli/health.h"

#include <gtest/gtest.h>

namespace tarn::cli {
namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
constexpr std::int64_t kNow = 1'750'000'000'000'000;

struct SpaceCase {
  std::uint64_t free_bytes;
  std::uint64_t free_inodes;
  Health health;
};

class SpaceTest : public ::testing::TestWithParam<SpaceCase> {};

TEST_P(SpaceTest, JudgesSharesOfBoth) {
  const SpaceCase& c = GetParam();
  const Finding finding = judge_space("lake", {.magic = 0xEF53,
                                               .total_bytes = 1000,
                                               .free_bytes = c.free_bytes,
                                               .total_inodes = 1000,
                                               .free_inodes = c.free_inodes});
  EXPECT_EQ(finding.health, c.health);
  EXPECT_EQ(finding.mend.empty(), c.health == Health::kOk);
}

INSTANTIATE_TEST_SUITE_P(All, SpaceTest,
                         ::testing::Values(SpaceCase{500, 500, Health::kOk}, SpaceCase{100, 100, Health::kOk},
                                           SpaceCase{99, 500, Health::kWarn},
                                           SpaceCase{9, 500, Health::kFail},
                                           SpaceCase{500, 99, Health::kWarn},
                                           SpaceCase{500, 0, Health::kFail}));

TEST(Health, FileSystemsWithoutInodesAreNotJudgedByThem) {
  EXPECT_EQ(judge_space("x", {.total_bytes = 10, .free_bytes = 9}).health, Health::kOk);
}

TEST(Health, NamesFileSystems) {
  EXPECT_EQ(file_system_name(0xEF53), "ext4");
  EXPECT_EQ(file_system_name(0x12345), "0x12345");
}

TEST(Health, WarnsOfStateOnNetworkAndMemory) {
  EXPECT_EQ(judge_state_file_system({.magic = 0xEF53}).health, Health::kOk);
  EXPECT_EQ(judge_state_file_system({.magic = 0x6969}).health, Health::kWarn);
  EXPECT_EQ(judge_state_file_system({.magic = 0x01021994}).health, Health::kWarn);
  // statfs::f_type is signed: magic numbers above 2^31 may arrive negative.
  EXPECT_EQ(judge_state_file_system({.magic = static_cast<std::int32_t>(0xFF534D42)}).health, Health::kWarn);
}

TEST(Health, JudgesLimits) {
  EXPECT_EQ(judge_open_files(1024).health, Health::kOk);
  EXPECT_EQ(judge_open_files(1023).health, Health::kWarn);
  EXPECT_EQ(judge_open_files(UINT64_MAX).found, "unlimited");
  EXPECT_EQ(judge_watches({.watches = 100, .folders = 50}).health, Health::kOk);
  EXPECT_EQ(judge_watches({.watches = 100, .folders = 51}).health, Health::kWarn);
  EXPECT_EQ(judge_watches({.watches = 100, .folders = 101}).health, Health::kFail);
}

TEST(Health, JudgesMemoryByTheNarrowerLimit) {
  EXPECT_EQ(judge_memory({.limit_bytes = kGib, .machine_bytes = 4 * kGib}).health, Health::kOk);
  EXPECT_EQ(judge_memory({.limit_bytes = 4 * kGib, .machine_bytes = 4 * kGib}).health, Health::kWarn);
  EXPECT_EQ(judge_memory({.limit_bytes = kGib, .machine_bytes = 4 * kGib, .cgroup_bytes = kGib / 2}).health,
            Health::kFail);
}

TEST(Health, JudgesTheClock) {
  EXPECT_EQ(judge_clock({.now_us = kNow}).health, Health::kOk);
  EXPECT_EQ(judge_clock({.now_us = 0}).health, Health::kFail);
  EXPECT_EQ(judge_clock({.now_us = kNow, .newest_us = kNow - 1}).health, Health::kOk);
  EXPECT_EQ(judge_clock({.now_us = kNow, .newest_us = kNow + 1}).health, Health::kWarn);
}

TEST(Health, SaysWhenACertificateIsToBeRenewed) {
  constexpr std::int64_t kDay = 86'400;
  constexpr std::int64_t kNowS = kNow / 1'000'000;
  EXPECT_EQ(judge_certificate(kNowS + 15 * kDay, kNow).health, Health::kOk);
  EXPECT_EQ(judge_certificate(kNowS + 13 * kDay, kNow).health, Health::kWarn);
  EXPECT_EQ(judge_certificate(kNowS, kNow).health, Health::kFail);
}

TEST(Health, ReadsCgroupLimits) {
  EXPECT_EQ(parse_cgroup_limit("1073741824\n"), kGib);
  EXPECT_EQ(parse_cgroup_limit("max\n"), std::nullopt);
  EXPECT_EQ(parse_cgroup_limit(""), std::nullopt);
  EXPECT_EQ(parse_cgroup_limit("12x"), std::nullopt);
}

}  // namespace
}  // namespace tarn::cli
