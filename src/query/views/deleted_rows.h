#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/row_filter.h"
#include "io/object_store.h"
#include "table/deletes/delete_file.h"
#include "table/scan.h"

namespace tarn::query {

/// Delete files and deletion vectors as sets of rows, read once for all sessions that use them at the time.
/// Any thread.
class DeletedRows {
 public:
  /// By the location of the data file.
  using ByFile = std::map<std::string, std::shared_ptr<const engine::RowSet>, std::less<>>;
  /// Errors: those of read_position_deletes().
  Result<std::shared_ptr<const ByFile>> get(io::ObjectStore& store, const iceberg::DataFile& file);

 private:
  Result<table::DeletedPositions> read(io::ObjectStore& store, const iceberg::DataFile& file);

  std::mutex mutex_;
  /// The one that was read last: other engines put the vectors of many data files into one.
  std::string puffin_path_;
  std::shared_ptr<const std::string> puffin_;
  std::unordered_map<std::string, std::weak_ptr<const ByFile>> known_;  // by delete_file_key()
  std::size_t sweep_at_ = 64;
};

/// The deleted rows of some data files, each file's read when it is first asked for.
class ScanFilter final : public engine::RowFilter {
 public:
  /// `store` must outlive this. The files are numbered as `tasks` are.
  ScanFilter(io::ObjectStore& store, std::shared_ptr<DeletedRows> rows, std::vector<table::ScanTask> tasks);
  Result<std::span<const std::shared_ptr<const engine::RowSet>>> gone(std::uint64_t file) override;

 private:
  struct File {
    table::ScanTask task;
    std::atomic<bool> is_read = false;
    std::vector<std::shared_ptr<const engine::RowSet>> sets = {};
  };
  Status read(File& file);

  io::ObjectStore& store_;
  std::shared_ptr<DeletedRows> rows_;
  std::vector<std::unique_ptr<File>> files_;
  std::mutex mutex_;
  /// What several data files share is not read for each of them.
  std::map<std::string, std::shared_ptr<const DeletedRows::ByFile>> shared_;
};

}  // namespace tarn::query
