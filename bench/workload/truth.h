#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workload/plan.h"
#include "workload/workload.h"

namespace tarn::workload {

enum class Feed : std::uint8_t { kAdmissions, kLaboratory, kClaims, kCensus, kDemographics };
inline constexpr std::size_t kFeedCount = 5;
enum class Table : std::uint8_t { kEncounter, kDiagnosis, kLabResult, kClaimLine, kBedCensus, kPatient };
inline constexpr std::size_t kTableCount = 6;

/// One spoilt thing, for the list beside the truth file.
struct Spoilt {
  std::string file;
  std::string member;        ///< Empty when the archive is meant.
  std::uint64_t record = 0;  ///< 0 when the archive or the member is meant.
  Defect defect = Defect::kNone;
};

/// What a correct lake must hold. Each thread fills one of its own; merge() is commutative, so that the
/// outcome does not depend on who wrote what.
class Truth {
 public:
  static constexpr std::size_t kMaxSums = 4;

  void add_file(ZipKind kind, bool duplicate);
  void add_member(Feed feed, std::uint64_t raw_bytes) {
    ++feeds_[index(feed)].members;
    raw_bytes_ += raw_bytes;
  }
  void add_ignored_member(Feed feed) { ++feeds_[index(feed)].ignored; }
  void add_records(Feed feed, std::uint64_t count) { feeds_[index(feed)].records += count; }
  void add_zipped_bytes(std::uint64_t bytes) { zipped_bytes_ += bytes; }
  /// Of an archive: `feed` is not looked at.
  void add_spoilt(Feed feed, Spoilt spoilt);
  /// A row that the table must hold in the end. `key`: the key columns' text joined with '|'; `sums`: the
  /// summed columns in their smallest unit.
  void add_row(Table table, std::string_view key, std::span<const std::int64_t> sums);

  void merge(const Truth& other);
  /// Writes the JSON file and, beside it, the list of what is spoilt.
  Status write(const Plan& plan, const std::filesystem::path& file);
  void fill(WorkloadReport& report) const;

 private:
  struct FeedCounts {
    std::uint64_t members = 0;
    std::uint64_t ignored = 0;
    std::uint64_t records = 0;
    std::array<std::uint64_t, kDefectCount> spoilt{};
  };
  struct TableSums {
    std::uint64_t rows = 0;
    std::uint64_t key_checksum = 0;
    std::array<std::int64_t, kMaxSums> sums{};
  };
  template <typename E>
  static constexpr std::size_t index(E value) {
    return static_cast<std::size_t>(value);
  }
  std::string json(const Plan& plan) const;

  std::array<FeedCounts, kFeedCount> feeds_{};
  std::array<TableSums, kTableCount> tables_{};
  std::array<std::uint64_t, kZipKindCount> files_{};
  std::uint64_t duplicates_ = 0;
  std::uint64_t zipped_bytes_ = 0;
  std::uint64_t raw_bytes_ = 0;
  std::array<std::uint64_t, kDefectCount> archives_spoilt_{};
  std::vector<Spoilt> spoilt_;
};

}  // namespace tarn::workload
