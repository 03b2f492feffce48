// Rows of the key index are put where compaction moved them, beside the batches or a few with each, so that
// none waits for all.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "table/index/index_format.h"
#include "table/index/key_database.h"

namespace tarn::table {
namespace {

// The last kind of the database.
constexpr char kVersions = 'v';

}  // namespace

Status KeyDatabase::settle_some() {
  TARN_RETURN_IF_ERROR(take_merged());
  if (settling_.empty()) {
    std::uint64_t held = 0;
    if (!db_->GetIntProperty(rocksdb::DB::Properties::kEstimateNumKeys, &held))
      return Error(kIndexFailed, "the key index in " + folder_ + " cannot count its rows");
    // Following a move costs little: as many of them as there are rows are worth a pass.
    held = std::max(held + runs_.rows(), options_.settle_rows);
    if (moved_.rows() <= held || runs_.is_merging()) return ok_status();
    if (recent_rows_ > 0) {
      Changes none;
      TARN_RETURN_IF_ERROR(write_run(none, {}));
      if (runs_.is_merging()) return ok_status();
    }
    settling_ = moved_.file_ids();
    cursor_ = std::string(1, kVersions);
    settles_runs_ = !runs_.runs().empty();
  }
  // Again, where it failed: with the rows that came since, or it would follow rows that have others now.
  if (settles_runs_ && !runs_.is_merging() && recent_rows_ > 0) {
    Changes none;
    TARN_RETURN_IF_ERROR(write_run(none, {}));
  }
  if (settles_runs_ && !runs_.is_merging()) runs_.merge_all(moved_.copy());
  if (cursor_) TARN_RETURN_IF_ERROR(settle_versions());
  return cursor_ || settles_runs_ ? ok_status() : forget_settled();
}

Status KeyDatabase::settle_versions() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  at->Seek(*cursor_);
  for (std::uint64_t seen = 0; status.ok() && at->Valid() && seen < options_.settle_rows; ++seen) {
    std::string_view rest = at->value().ToStringView();
    std::uint64_t file_id = 0;
    std::int64_t position = 0;
    if (!index_format::PlaceBytes::take(rest, file_id, position))
      return give_up({kIndexFailed, "a row of the key index is damaged"});
    if (moved_.contains(file_id)) {
      TARN_RETURN_IF_ERROR(follow(file_id, position));
      std::string value(index_format::PlaceBytes(file_id, position));
      value += rest;
      status = batch.Put(at->key(), value);
    }
    at->Next();
  }
  if (status.ok()) status = at->status();
  if (status.ok()) status = db_->Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) return index_format::index_error(status, "cannot write the key index in " + folder_);
  if (at->Valid())
    cursor_ = at->key().ToString();
  else
    cursor_.reset();
  return ok_status();
}

Status KeyDatabase::forget_settled() {
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  for (std::size_t i = 0; status.ok() && i < settling_.size(); ++i) {
    status = batch.Delete(MovedRows::key(settling_[i]));
    if (status.ok()) status = batch.Delete(index_format::file_key(settling_[i]));
  }
  if (status.ok()) status = db_->Write(rocksdb::WriteOptions(), &batch);
  // The files of places go only when nothing can come back that needs them.
  if (status.ok()) status = db_->FlushWAL(/*sync=*/true);
  if (!status.ok()) return index_format::index_error(status, "cannot write the key index in " + folder_);
  return moved_.forget(std::exchange(settling_, {}));
}

}  // namespace tarn::table
