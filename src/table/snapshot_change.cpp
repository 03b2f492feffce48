#include "iceberg/errors.h"
#include "table/deletes/delete_file.h"
#include "table/errors.h"
#include "table/snapshot_builder.h"

namespace tarn::table {

Status check(const SnapshotChange& change, const iceberg::TableMetadata& metadata) {
  if (metadata.format_version == 1 && !change.delete_files.empty())
    return Error(iceberg::kUnsupportedVersion, "a table of format version 1 cannot have delete files");
  const auto ref = metadata.refs.find(change.branch);
  if (ref != metadata.refs.end() && ref->second.kind != iceberg::SnapshotRef::Kind::kBranch)
    return Error(kBadChange, "`" + change.branch + "` is a tag; only branches take commits");
  if (change.rewrite_manifests &&
      !(change.data_files.empty() && change.delete_files.empty() && change.removed_files.empty()))
    return Error(kBadChange, "manifests are rewritten by a snapshot of their own");
  if (metadata.schema_by_id(change.schema_id.value_or(metadata.current_schema_id)) == nullptr)
    return Error(kBadChange, "the table has no schema of the id that was written");
  for (const NewFile& file : change.data_files)
    if (file.file.content != iceberg::FileContent::kData)
      return Error(kBadChange, file.file.file_path + " is no data file");
  std::set<std::string> with_vector;
  for (const NewFile& file : change.delete_files) {
    if (file.file.content == iceberg::FileContent::kData)
      return Error(kBadChange, file.file.file_path + " is no delete file");
    if (!is_deletion_vector(file.file)) continue;
    const std::string data_file = file.file.referenced_data_file.value_or("");
    if (!with_vector.insert(data_file).second)
      return Error(kBadChange, "there are two deletion vectors of " + data_file);
  }
  return ok_status();
}

}  // namespace tarn::table
