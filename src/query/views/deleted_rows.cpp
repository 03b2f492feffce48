#include "query/views/deleted_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "query/errors.h"

namespace tarn::query {

Result<table::DeletedPositions> DeletedRows::read(io::ObjectStore& store, const iceberg::DataFile& file) {
  if (!table::is_deletion_vector(file)) return table::read_position_deletes(store, file);
  std::shared_ptr<const std::string> puffin;
  {
    const std::lock_guard lock(mutex_);
    if (puffin_path_ == file.file_path) puffin = puffin_;
  }
  if (puffin == nullptr) {
    TARN_ASSIGN_OR_RETURN(std::string bytes, store.read(file.file_path));
    puffin = std::make_shared<const std::string>(std::move(bytes));
    const std::lock_guard lock(mutex_);
    puffin_path_ = file.file_path;
    puffin_ = puffin;
  }
  return table::read_deletion_vector(*puffin, file);
}

Result<std::shared_ptr<const DeletedRows::ByFile>> DeletedRows::get(io::ObjectStore& store,
                                                                    const iceberg::DataFile& file) {
  const std::string key = table::delete_file_key(file);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(key); found != known_.end()) {
      if (auto sets = found->second.lock()) return sets;
    }
  }
  TARN_ASSIGN_OR_RETURN(const table::DeletedPositions positions, read(store, file));
  ByFile by_file;
  for (const auto& [path, rows] : positions) {
    engine::RowSet set;
    for (const std::int64_t row : rows) set.add(static_cast<std::uint64_t>(row));
    by_file.emplace(path, std::make_shared<const engine::RowSet>(std::move(set)));
  }
  auto sets = std::make_shared<const ByFile>(std::move(by_file));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= sweep_at_) {
    std::erase_if(known_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }
  known_[key] = sets;
  return sets;
}

ScanFilter::ScanFilter(io::ObjectStore& store, std::shared_ptr<DeletedRows> rows,
                       std::vector<table::ScanTask> tasks)
    : store_(store), rows_(std::move(rows)) {
  for (table::ScanTask& task : tasks) {
    files_.push_back(std::make_unique<File>());
    files_.back()->task = std::move(task);
  }
}

Result<std::span<const std::shared_ptr<const engine::RowSet>>> ScanFilter::gone(std::uint64_t number) {
  if (number >= files_.size())
    return Error(kUnreadableTable, fmt::format("the scan has no file number {}", number));
  File& file = *files_[number];
  if (!file.is_read.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    if (!file.is_read.load(std::memory_order_relaxed)) TARN_RETURN_IF_ERROR(read(file));
  }
  return std::span<const std::shared_ptr<const engine::RowSet>>(file.sets);
}

Status ScanFilter::read(File& file) {
  std::vector<std::shared_ptr<const engine::RowSet>> sets;
  for (const auto& deletes : file.task.deletes) {
    auto& by_file = shared_[table::delete_file_key(deletes->file)];
    if (by_file == nullptr) {
      TARN_ASSIGN_OR_RETURN(by_file, rows_->get(store_, deletes->file));
    }
    const auto found = by_file->find(file.task.data->file.file_path);
    if (found != by_file->end()) sets.push_back(found->second);
  }
  file.sets = std::move(sets);
  file.is_read.store(true, std::memory_order_release);
  return ok_status();
}

}  // namespace tarn::query
