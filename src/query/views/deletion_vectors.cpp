#include "query/views/deletion_vectors.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "io/posix_error.h"
#include "table/delete_file.h"

namespace tarn::query {

namespace fs = std::filesystem;

DeletionVectorFiles::~DeletionVectorFiles() {
  std::error_code failed;  // what stays lies among temporary files
  if (!folder_.empty()) fs::remove_all(folder_, failed);
}

Status DeletionVectorFiles::make_folder() {
  if (!folder_.empty()) return ok_status();
  std::error_code failed;
  const fs::path folder = parent_.empty() ? fs::temp_directory_path(failed) : fs::path(parent_);
  if (failed) return io::posix_error(failed.value(), "looking for", "the folder of temporary files (TMPDIR)");
  std::string path = (folder / "tarn-deletes-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return io::posix_error(errno, "making", path);
  folder_ = std::move(path);
  local_ = io::make_local_object_store();
  return ok_status();
}

Result<DeletionVectorFiles::File> DeletionVectorFiles::file_of(const table::LiveFile& vector) {
  File& file = written_[table::delete_file_key(vector.file)];
  if (file) return file;
  TARN_RETURN_IF_ERROR(make_folder());
  TARN_ASSIGN_OR_RETURN(const table::DeletedPositions positions,
                        table::read_position_deletes(store_, vector.file));
  if (positions.empty()) return File();
  const std::string location = io::file_uri(folder_ + "/" + std::to_string(written_.size()) + ".parquet");
  table::LiveFile copy = vector;
  TARN_ASSIGN_OR_RETURN(copy.file, table::write_position_deletes(*local_, location, positions));
  file = std::make_shared<const table::LiveFile>(std::move(copy));
  return file;
}

Result<table::Scan> DeletionVectorFiles::replaced(table::Scan scan) {
  for (table::ScanTask& task : scan.tasks) {
    for (File& file : task.deletes) {
      if (!table::is_deletion_vector(file->file)) continue;
      TARN_ASSIGN_OR_RETURN(file, file_of(*file));
    }
    std::erase(task.deletes, nullptr);
  }
  return scan;
}

}  // namespace tarn::query
