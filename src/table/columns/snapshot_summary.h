#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "iceberg/manifest.h"

namespace tarn::table {

/// Counts what a snapshot adds and removes, and writes the summary of it (Iceberg spec, Appendix F, "Optional
/// Snapshot Summary Fields").
class SnapshotSummary {
 public:
  void add(const iceberg::DataFile& file, std::int32_t spec_id) { count(added_, file, spec_id); }
  void remove(const iceberg::DataFile& file, std::int32_t spec_id) { count(removed_, file, spec_id); }

  bool adds_data() const { return added_.data_files > 0; }
  bool removes_or_deletes() const { return removed_.files() > 0 || added_.delete_files > 0; }
  bool empty() const { return added_.files() + removed_.files() == 0; }

  /// The summary upon that of the parent (null: none, totals start at zero). A total that the parent does not
  /// tell is left out.
  std::map<std::string, std::string> write(const std::map<std::string, std::string>* parent) const;

 private:
  struct Counts {
    std::int64_t data_files = 0;
    std::int64_t delete_files = 0;
    std::int64_t records = 0;
    std::int64_t position_delete_files = 0;
    std::int64_t vectors = 0;
    std::int64_t position_deletes = 0;
    std::int64_t equality_delete_files = 0;
    std::int64_t equality_deletes = 0;
    std::int64_t size_bytes = 0;
    std::int64_t files() const { return data_files + delete_files; }
  };
  void count(Counts& counts, const iceberg::DataFile& file, std::int32_t spec_id);

  Counts added_;
  Counts removed_;
  std::set<std::string> partitions_;
};

}  // namespace tarn::table
