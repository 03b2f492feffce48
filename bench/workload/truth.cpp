#include "workload/truth.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/hash.h"
#include "workload/errors.h"

namespace tarn::workload {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kFeedCount> kFeedNames = {"admissions", "laboratory", "claims",
                                                                 "bed_census", "demographics"};

struct SummedColumn {
  std::string_view name;
  int scale;  ///< Digits after the point.
};

struct TableShape {
  std::string_view name;
  std::string_view key_sql;
  std::vector<SummedColumn> sums;
};

const std::array<TableShape, kTableCount>& table_shapes() {
  static const std::array<TableShape, kTableCount> kShapes = {{
      {"curated.encounter", "encounter_id", {{"total_cost", 2}, {"age", 0}, {"severity", 0}}},
      {"curated.encounter_diagnosis", "encounter_id || '|' || ordinal", {{"ordinal", 0}, {"rank", 0}}},
      {"curated.lab_result", "result_id", {{"value", 3}, {"reference_low", 3}, {"reference_high", 3}}},
      {"curated.claim_line",
       "claim_id || '|' || line_number",
       {{"charged", 2}, {"allowed", 2}, {"paid", 2}, {"units", 0}}},
      {"curated.bed_census",
       "facility_id || '|' || unit || '|' || strftime(observed_at, '%Y%m%d%H')",
       {{"beds", 0}, {"occupied", 0}, {"admissions", 0}, {"discharges", 0}}},
      {"curated.patient", "patient_id", {{"annual_income", 0}, {"dependents", 0}}},
  }};
  return kShapes;
}

std::string decimal_text(std::int64_t value, int scale) {
  std::int64_t unit = 1;
  for (int i = 0; i < scale; ++i) unit *= 10;
  if (scale == 0) return fmt::format("{}", value);
  return fmt::format("{}{}.{:0{}}", value < 0 ? "-" : "", std::abs(value) / unit, std::abs(value) % unit,
                     scale);
}

/// The first eight bytes of the SHA-256 of the key, big-endian: what SQL and Python can compute too.
std::uint64_t key_hash(std::string_view key) {
  const Sha256Digest digest = sha256(key);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = (value << 8U) | digest.bytes[i];
  return value;
}

/// A query that gives the very numbers of the truth file.
std::string verification_sql(const TableShape& shape) {
  std::string sql = fmt::format(
      "SELECT count(*) AS \"rows\", count(DISTINCT {0}) AS distinct_keys, "
      "(sum(('0x' || left(sha256({0}), 16))::UBIGINT::HUGEINT) % 18446744073709551616)::VARCHAR AS "
      "key_checksum",
      shape.key_sql);
  for (const SummedColumn& column : shape.sums) sql += fmt::format(", sum({0})::VARCHAR AS {0}", column.name);
  return fmt::format("{} FROM {}", sql, shape.name);
}

template <typename Counts>
Json counts_by_defect(const Counts& counts, DefectLevel level) {
  Json result = Json::object();
  for (const DefectKind& kind : defect_kinds()) {
    const std::uint64_t count = counts[static_cast<std::size_t>(kind.defect)];
    if (kind.level == level && count > 0) result[std::string(kind.name)] = count;
  }
  return result;
}

template <typename Counts>
std::uint64_t total_of(const Counts& counts, DefectLevel level) {
  std::uint64_t sum = 0;
  for (const DefectKind& kind : defect_kinds()) {
    if (kind.level == level) sum += counts[static_cast<std::size_t>(kind.defect)];
  }
  return sum;
}

constexpr std::string_view level_name(DefectLevel level) {
  return level == DefectLevel::kArchive ? "archive" : level == DefectLevel::kMember ? "member" : "record";
}

Status write_text(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) return Error(kWriteFailed, fmt::format("cannot write {}", file.string()));
  return ok_status();
}

}  // namespace

void Truth::add_file(ZipKind kind, bool duplicate) {
  ++files_[index(kind)];
  if (duplicate) ++duplicates_;
}

void Truth::add_spoilt(Feed feed, Spoilt spoilt) {
  const std::size_t defect = index(spoilt.defect);
  ++(spoilt.member.empty() ? archives_spoilt_ : feeds_[index(feed)].spoilt)[defect];
  spoilt_.push_back(std::move(spoilt));
}

void Truth::add_row(Table table, std::string_view key, std::span<const std::int64_t> sums) {
  TableSums& into = tables_[index(table)];
  ++into.rows;
  into.key_checksum += key_hash(key);
  for (std::size_t i = 0; i < sums.size(); ++i) into.sums[i] += sums[i];
}

void Truth::merge(const Truth& other) {
  for (std::size_t i = 0; i < kFeedCount; ++i) {
    feeds_[i].members += other.feeds_[i].members;
    feeds_[i].ignored += other.feeds_[i].ignored;
    feeds_[i].records += other.feeds_[i].records;
    for (std::size_t d = 0; d < kDefectCount; ++d) feeds_[i].spoilt[d] += other.feeds_[i].spoilt[d];
  }
  for (std::size_t i = 0; i < kTableCount; ++i) {
    tables_[i].rows += other.tables_[i].rows;
    tables_[i].key_checksum += other.tables_[i].key_checksum;
    for (std::size_t s = 0; s < kMaxSums; ++s) tables_[i].sums[s] += other.tables_[i].sums[s];
  }
  for (std::size_t i = 0; i < kZipKindCount; ++i) files_[i] += other.files_[i];
  for (std::size_t d = 0; d < kDefectCount; ++d) archives_spoilt_[d] += other.archives_spoilt_[d];
  duplicates_ += other.duplicates_;
  zipped_bytes_ += other.zipped_bytes_;
  raw_bytes_ += other.raw_bytes_;
  spoilt_.insert(spoilt_.end(), other.spoilt_.begin(), other.spoilt_.end());
}

std::string Truth::json(const Plan& plan) const {
  Json root;
  const WorkloadOptions& options = plan.options;
  root["workload"] = {{"seed", options.seed},
                      {"zips", options.zips},
                      {"large", options.large},
                      {"facilities", options.facilities},
                      {"patients", options.patients},
                      {"days", options.days},
                      {"first_day", options.first_day},
                      {"resend_share", options.resend_share},
                      {"correction_share", options.correction_share}};

  std::uint64_t arrived = 0;
  Json by_kind;
  for (std::size_t i = 0; i < kZipKindCount; ++i) {
    arrived += files_[i];
    by_kind[std::string(prefix_of(static_cast<ZipKind>(i)))] = files_[i];
  }
  root["files"] = {{"arrived", arrived},
                   {"distinct", arrived - duplicates_},
                   {"duplicates", duplicates_},
                   {"unreadable", total_of(archives_spoilt_, DefectLevel::kArchive)},
                   {"unreadable_by_defect", counts_by_defect(archives_spoilt_, DefectLevel::kArchive)},
                   {"by_kind", by_kind}};

  for (std::size_t i = 0; i < kFeedCount; ++i) {
    const FeedCounts& feed = feeds_[i];
    const std::uint64_t bad = total_of(feed.spoilt, DefectLevel::kRecord);
    root["feeds"][std::string(kFeedNames[i])] = {
        {"members",
         {{"arrived", feed.members},
          {"ignored", feed.ignored},
          {"quarantined", total_of(feed.spoilt, DefectLevel::kMember)},
          {"quarantined_by_defect", counts_by_defect(feed.spoilt, DefectLevel::kMember)}}},
        {"records",
         {{"arrived", feed.records},
          {"admitted", feed.records - bad},
          {"quarantined", bad},
          {"quarantined_by_defect", counts_by_defect(feed.spoilt, DefectLevel::kRecord)}}}};
  }

  for (std::size_t i = 0; i < kTableCount; ++i) {
    const TableShape& shape = table_shapes()[i];
    Json sums;
    for (std::size_t s = 0; s < shape.sums.size(); ++s) {
      sums[std::string(shape.sums[s].name)] = decimal_text(tables_[i].sums[s], shape.sums[s].scale);
    }
    root["tables"][std::string(shape.name)] = {{"rows", tables_[i].rows},
                                               {"distinct_keys", tables_[i].rows},
                                               {"key_sql", shape.key_sql},
                                               {"key_checksum", fmt::format("{}", tables_[i].key_checksum)},
                                               {"sums", sums},
                                               {"sql", verification_sql(shape)}};
  }

  for (const DefectKind& kind : defect_kinds()) {
    std::uint64_t count = archives_spoilt_[index(kind.defect)];
    for (const FeedCounts& feed : feeds_) count += feed.spoilt[index(kind.defect)];
    root["defects"][std::string(kind.name)] = {
        {"level", level_name(kind.level)}, {"code", kind.code}, {"count", count}};
  }
  return root.dump(2) + "\n";
}

Status Truth::write(const Plan& plan, const std::filesystem::path& file) {
  TARN_RETURN_IF_ERROR(write_text(file, json(plan)));
  std::sort(spoilt_.begin(), spoilt_.end(), [](const Spoilt& a, const Spoilt& b) {
    return std::tie(a.file, a.member, a.record, a.defect) < std::tie(b.file, b.member, b.record, b.defect);
  });
  std::string list = "file,member,record,defect,level,code\n";
  for (const Spoilt& spoilt : spoilt_) {
    const DefectKind& kind = kind_of(spoilt.defect);
    const std::string record = spoilt.record == 0 ? "" : fmt::format("{}", spoilt.record);
    fmt::format_to(std::back_inserter(list), "{},{},{},{},{},{}\n", spoilt.file, spoilt.member, record,
                   kind.name, level_name(kind.level), kind.code);
  }
  std::filesystem::path beside = file;
  beside.replace_filename(file.stem().string() + "_defects.csv");
  return write_text(beside, list);
}

void Truth::fill(WorkloadReport& report) const {
  for (const std::uint64_t count : files_) report.files += count;
  report.duplicates = duplicates_;
  for (const FeedCounts& feed : feeds_) {
    report.members += feed.members + feed.ignored;
    report.records += feed.records;
  }
  report.zipped_bytes = zipped_bytes_;
  report.raw_bytes = raw_bytes_;
  report.defects = spoilt_.size();
}

}  // namespace tarn::workload
