#include <fmt/format.h>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"

namespace tarn::iceberg {
namespace {

template <typename T>
void set_if(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

Result<BlobMetadata> blob_from(const JsonView& view) {
  BlobMetadata blob;
  TARN_ASSIGN_OR_RETURN(blob.type, view.text("type"));
  TARN_ASSIGN_OR_RETURN(blob.snapshot_id, view.int64("snapshot-id"));
  TARN_ASSIGN_OR_RETURN(blob.sequence_number, view.int64("sequence-number"));
  if (const auto fields = view.find("fields")) {
    TARN_ASSIGN_OR_RETURN(blob.fields, fields->as_int32_list());
  }
  TARN_ASSIGN_OR_RETURN(blob.properties, view.text_map("properties"));
  return blob;
}

}  // namespace

Json json_of(const Snapshot& snapshot) {
  Json json = {{"snapshot-id", snapshot.snapshot_id}, {"timestamp-ms", snapshot.timestamp_ms}};
  set_if(json, "parent-snapshot-id", snapshot.parent_snapshot_id);
  json["sequence-number"] = snapshot.sequence_number;
  if (snapshot.manifest_list.empty() && !snapshot.manifests.empty()) {
    json["manifests"] = snapshot.manifests;
  } else {
    json["manifest-list"] = snapshot.manifest_list;
  }
  if (!snapshot.operation.empty() || !snapshot.summary.empty()) {
    Json summary = snapshot.summary;
    if (!snapshot.operation.empty()) summary["operation"] = snapshot.operation;
    json["summary"] = std::move(summary);
  }
  set_if(json, "schema-id", snapshot.schema_id);
  set_if(json, "first-row-id", snapshot.first_row_id);
  set_if(json, "added-rows", snapshot.added_rows);
  set_if(json, "key-id", snapshot.key_id);
  return json;
}

Result<Snapshot> snapshot_from(const JsonView& view) {
  TARN_RETURN_IF_ERROR(view.expect_object());
  Snapshot snapshot;
  TARN_ASSIGN_OR_RETURN(snapshot.snapshot_id, view.int64("snapshot-id"));
  TARN_ASSIGN_OR_RETURN(snapshot.timestamp_ms, view.int64("timestamp-ms"));
  TARN_ASSIGN_OR_RETURN(snapshot.parent_snapshot_id, view.optional_int64("parent-snapshot-id"));
  if (snapshot.parent_snapshot_id == -1) snapshot.parent_snapshot_id.reset();
  TARN_ASSIGN_OR_RETURN(const auto sequence_number, view.optional_int64("sequence-number"));
  snapshot.sequence_number = sequence_number.value_or(0);
  if (snapshot.sequence_number < 0) return view.wrong("the sequence number is negative");
  TARN_ASSIGN_OR_RETURN(auto manifest_list, view.optional_text("manifest-list"));
  snapshot.manifest_list = std::move(manifest_list).value_or("");
  if (const auto manifests = view.find("manifests")) {
    TARN_ASSIGN_OR_RETURN(snapshot.manifests, manifests->as_text_list());
  } else if (snapshot.manifest_list.empty()) {
    return view.wrong("`manifest-list` is missing");
  }
  TARN_ASSIGN_OR_RETURN(snapshot.summary, view.text_map("summary"));
  if (auto operation = snapshot.summary.extract("operation"))
    snapshot.operation = std::move(operation.mapped());
  TARN_ASSIGN_OR_RETURN(snapshot.schema_id, view.optional_int32("schema-id"));
  TARN_ASSIGN_OR_RETURN(snapshot.first_row_id, view.optional_int64("first-row-id"));
  TARN_ASSIGN_OR_RETURN(snapshot.added_rows, view.optional_int64("added-rows"));
  TARN_ASSIGN_OR_RETURN(snapshot.key_id, view.optional_text("key-id"));
  return snapshot;
}

std::string Snapshot::to_json() const {
  return dump_json(json_of(*this));
}

Result<Snapshot> Snapshot::from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return snapshot_from(JsonView(value, kBadMetadata));
}

Json json_of(const SnapshotRef& ref) {
  Json json = {{"snapshot-id", ref.snapshot_id},
               {"type", ref.kind == SnapshotRef::Kind::kBranch ? "branch" : "tag"}};
  set_if(json, "min-snapshots-to-keep", ref.min_snapshots_to_keep);
  set_if(json, "max-snapshot-age-ms", ref.max_snapshot_age_ms);
  set_if(json, "max-ref-age-ms", ref.max_ref_age_ms);
  return json;
}

Result<SnapshotRef> snapshot_ref_from(const JsonView& view) {
  SnapshotRef ref;
  TARN_ASSIGN_OR_RETURN(ref.snapshot_id, view.int64("snapshot-id"));
  TARN_ASSIGN_OR_RETURN(const std::string kind, view.text("type"));
  if (kind != "branch" && kind != "tag") return view.wrong("the type of a reference is branch or tag");
  ref.kind = kind == "branch" ? SnapshotRef::Kind::kBranch : SnapshotRef::Kind::kTag;
  TARN_ASSIGN_OR_RETURN(ref.min_snapshots_to_keep, view.optional_int32("min-snapshots-to-keep"));
  TARN_ASSIGN_OR_RETURN(ref.max_snapshot_age_ms, view.optional_int64("max-snapshot-age-ms"));
  TARN_ASSIGN_OR_RETURN(ref.max_ref_age_ms, view.optional_int64("max-ref-age-ms"));
  if (ref.min_snapshots_to_keep.value_or(1) < 1 || ref.max_snapshot_age_ms.value_or(1) < 1 ||
      ref.max_ref_age_ms.value_or(1) < 1) {
    return view.wrong("a retention is at least 1");
  }
  if (ref.kind == SnapshotRef::Kind::kTag && (ref.min_snapshots_to_keep || ref.max_snapshot_age_ms))
    return view.wrong("a tag keeps its one snapshot: only `max-ref-age-ms` belongs to it");
  return ref;
}

Json json_of(const StatisticsFile& file) {
  Json blobs = Json::array();
  for (const BlobMetadata& blob : file.blobs) {
    Json item = {{"type", blob.type},
                 {"snapshot-id", blob.snapshot_id},
                 {"sequence-number", blob.sequence_number},
                 {"fields", blob.fields}};
    if (!blob.properties.empty()) item["properties"] = blob.properties;
    blobs.push_back(std::move(item));
  }
  Json json = {{"snapshot-id", file.snapshot_id},
               {"statistics-path", file.statistics_path},
               {"file-size-in-bytes", file.file_size_bytes},
               {"file-footer-size-in-bytes", file.file_footer_size_bytes},
               {"blob-metadata", std::move(blobs)}};
  set_if(json, "key-metadata", file.key_metadata);
  return json;
}

Result<StatisticsFile> statistics_from(const JsonView& view) {
  StatisticsFile file;
  TARN_ASSIGN_OR_RETURN(file.snapshot_id, view.int64("snapshot-id"));
  TARN_ASSIGN_OR_RETURN(file.statistics_path, view.text("statistics-path"));
  TARN_ASSIGN_OR_RETURN(file.file_size_bytes, view.int64("file-size-in-bytes"));
  TARN_ASSIGN_OR_RETURN(file.file_footer_size_bytes, view.int64("file-footer-size-in-bytes"));
  TARN_ASSIGN_OR_RETURN(file.key_metadata, view.optional_text("key-metadata"));
  TARN_ASSIGN_OR_RETURN(const JsonView blobs, view.member("blob-metadata"));
  TARN_RETURN_IF_ERROR(blobs.expect_array());
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(BlobMetadata blob, blob_from(blobs.element(i)));
    file.blobs.push_back(std::move(blob));
  }
  return file;
}

Json json_of(const PartitionStatisticsFile& file) {
  return {{"snapshot-id", file.snapshot_id},
          {"statistics-path", file.statistics_path},
          {"file-size-in-bytes", file.file_size_bytes}};
}

Result<PartitionStatisticsFile> partition_statistics_from(const JsonView& view) {
  PartitionStatisticsFile file;
  TARN_ASSIGN_OR_RETURN(file.snapshot_id, view.int64("snapshot-id"));
  TARN_ASSIGN_OR_RETURN(file.statistics_path, view.text("statistics-path"));
  TARN_ASSIGN_OR_RETURN(file.file_size_bytes, view.int64("file-size-in-bytes"));
  return file;
}

Json json_of(const EncryptedKey& key) {
  Json json = {{"key-id", key.key_id}, {"encrypted-key-metadata", key.encrypted_key_metadata}};
  set_if(json, "encrypted-by-id", key.encrypted_by_id);
  if (!key.properties.empty()) json["properties"] = key.properties;
  return json;
}

Result<EncryptedKey> encrypted_key_from(const JsonView& view) {
  EncryptedKey key;
  TARN_ASSIGN_OR_RETURN(key.key_id, view.text("key-id"));
  TARN_ASSIGN_OR_RETURN(key.encrypted_key_metadata, view.text("encrypted-key-metadata"));
  TARN_ASSIGN_OR_RETURN(key.encrypted_by_id, view.optional_text("encrypted-by-id"));
  TARN_ASSIGN_OR_RETURN(key.properties, view.text_map("properties"));
  return key;
}

}  // namespace tarn::iceberg
