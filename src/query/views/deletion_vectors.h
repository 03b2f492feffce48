#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/object_store.h"
#include "table/scan.h"

namespace tarn::query {

/// The engine reads positional deletes from Parquet files; deletion vectors are written as such into a folder
/// of the system's temporary ones, each once, and removed with this object. One thread at a time.
class DeletionVectorFiles {
 public:
  /// `store` holds the vectors; the folder is made in `parent`, or among the system's temporary ones where
  /// that is empty.
  explicit DeletionVectorFiles(io::ObjectStore& store, std::string parent = {})
      : store_(store), parent_(std::move(parent)) {}
  ~DeletionVectorFiles();
  DeletionVectorFiles(const DeletionVectorFiles&) = delete;
  DeletionVectorFiles& operator=(const DeletionVectorFiles&) = delete;

  /// The scan with files in place of its deletion vectors. Errors: those of read_position_deletes(),
  /// write_position_deletes() and of making the folder.
  Result<table::Scan> replaced(table::Scan scan);

 private:
  using File = std::shared_ptr<const table::LiveFile>;
  Result<File> file_of(const table::LiveFile& vector);
  Status make_folder();

  io::ObjectStore& store_;
  std::string parent_;
  std::unique_ptr<io::ObjectStore> local_;
  std::string folder_;  // empty until the first vector
  std::map<std::string, File> written_;
};

}  // namespace tarn::query
