#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iceberg/binary/avro.h"
#include "iceberg/binary/manifest_schema.h"
#include "iceberg/errors.h"
#include "iceberg/manifest.h"

// Iceberg spec, "Manifest Lists".
namespace tarn::iceberg {
namespace {

Status check_manifest(const ManifestFile& file, const ManifestListOptions& options) {
  const auto wrong = [&](std::string_view why) {
    return Error(kBadManifest, fmt::format("the manifest `{}`: {}", file.path, why));
  };
  if (file.path.empty()) return wrong("the path is empty");
  if (file.length_bytes <= 0) return wrong("the length is missing");
  if (!file.added_files_count || !file.existing_files_count || !file.deleted_files_count ||
      !file.added_rows_count || !file.existing_rows_count || !file.deleted_rows_count) {
    return wrong("the counts are missing");
  }
  if (!file.sequence_number && file.added_snapshot_id != options.snapshot_id)
    return wrong("a manifest of an earlier snapshot has its sequence number");
  if (file.sequence_number.value_or(0) > options.sequence_number)
    return wrong("the sequence number is greater than the snapshot's");
  if (options.format_version > 2 && (file.content == ManifestContent::kData) != file.first_row_id.has_value())
    return wrong("data manifests of version 3, and only they, have a first row id");
  return {};
}

void put_summaries(AvroEncoder& out, const std::vector<FieldSummary>& summaries) {
  // An empty list is written, not null, as the reference does for unpartitioned tables.
  out.put_branch(true);
  if (!summaries.empty()) {
    out.put_long(static_cast<std::int64_t>(summaries.size()));
    for (const FieldSummary& summary : summaries) {
      out.put_bool(summary.contains_null);
      out.put_branch(summary.contains_nan.has_value());
      if (summary.contains_nan) out.put_bool(*summary.contains_nan);
      out.put_optional_bytes(summary.lower_bound);
      out.put_optional_bytes(summary.upper_bound);
    }
  }
  out.put_long(0);
}

void encode(AvroEncoder& out, const ManifestFile& file, const ManifestListOptions& options) {
  out.put_bytes(file.path);
  out.put_long(file.length_bytes);
  out.put_long(file.spec_id);
  out.put_long(static_cast<std::int64_t>(file.content));
  out.put_long(file.sequence_number.value_or(options.sequence_number));
  out.put_long(file.min_sequence_number.value_or(file.sequence_number.value_or(options.sequence_number)));
  out.put_long(file.added_snapshot_id);
  out.put_long(file.added_files_count.value_or(0));
  out.put_long(file.existing_files_count.value_or(0));
  out.put_long(file.deleted_files_count.value_or(0));
  out.put_long(file.added_rows_count.value_or(0));
  out.put_long(file.existing_rows_count.value_or(0));
  out.put_long(file.deleted_rows_count.value_or(0));
  put_summaries(out, file.partitions);
  out.put_optional_bytes(file.key_metadata);
  if (options.format_version > 2) out.put_optional_long(file.first_row_id);
}

std::optional<std::string> read_text(AvroDecoder& in, const AvroNode& node) {
  const auto bytes = in.read_binary(node);
  if (!bytes) return std::nullopt;
  return std::string(*bytes);
}

FieldSummary read_summary(AvroDecoder& in, const AvroNode& node) {
  FieldSummary summary;
  in.read_record(node, [&](const AvroField& field) {
    switch (field.field_id.value_or(-1)) {
      case list_id::kContainsNull:
        summary.contains_null = in.read_boolean(*field.node).value_or(true);
        break;
      case list_id::kContainsNan:
        summary.contains_nan = in.read_boolean(*field.node);
        break;
      case list_id::kLowerBound:
        summary.lower_bound = read_text(in, *field.node);
        break;
      case list_id::kUpperBound:
        summary.upper_bound = read_text(in, *field.node);
        break;
      default:
        in.skip(*field.node);
        break;
    }
  });
  return summary;
}

struct Seen {
  bool path = false, length = false, spec_id = false, snapshot_id = false;
  bool all() const { return path && length && spec_id && snapshot_id; }
};

bool read_count(AvroDecoder& in, const AvroField& field, ManifestFile& file) {
  switch (field.field_id.value_or(-1)) {
    case list_id::kAddedFiles:
      file.added_files_count = in.read_int32(*field.node);
      return true;
    case list_id::kExistingFiles:
      file.existing_files_count = in.read_int32(*field.node);
      return true;
    case list_id::kDeletedFiles:
      file.deleted_files_count = in.read_int32(*field.node);
      return true;
    case list_id::kAddedRows:
      file.added_rows_count = in.read_integer(*field.node);
      return true;
    case list_id::kExistingRows:
      file.existing_rows_count = in.read_integer(*field.node);
      return true;
    case list_id::kDeletedRows:
      file.deleted_rows_count = in.read_integer(*field.node);
      return true;
    case list_id::kSequenceNumber:
      file.sequence_number = in.read_integer(*field.node);
      return true;
    case list_id::kMinSequenceNumber:
      file.min_sequence_number = in.read_integer(*field.node);
      return true;
    case list_id::kFirstRowId:
      file.first_row_id = in.read_integer(*field.node);
      return true;
    default:
      return false;
  }
}

void read_field(AvroDecoder& in, const AvroField& field, ManifestFile& file, Seen& seen) {
  if (read_count(in, field, file)) return;
  switch (field.field_id.value_or(-1)) {
    case list_id::kPath: {
      auto path = read_text(in, *field.node);
      seen.path = path.has_value();
      file.path = std::move(path).value_or("");
      break;
    }
    case list_id::kLengthBytes: {
      const auto length = in.read_integer(*field.node);
      seen.length = length.has_value();
      file.length_bytes = length.value_or(0);
      break;
    }
    case list_id::kSpecId: {
      const auto id = in.read_int32(*field.node);
      seen.spec_id = id.has_value();
      file.spec_id = id.value_or(0);
      break;
    }
    case list_id::kAddedSnapshotId: {
      const auto id = in.read_integer(*field.node);
      seen.snapshot_id = id.has_value();
      file.added_snapshot_id = id.value_or(0);
      break;
    }
    case list_id::kContent: {
      const std::int32_t content = in.read_int32(*field.node).value_or(0);
      if (content != 0 && content != 1) in.fail("`content` is 0 or 1");
      file.content = content == 1 ? ManifestContent::kDeletes : ManifestContent::kData;
      break;
    }
    case list_id::kPartitions:
      in.read_array(*field.node,
                    [&](const AvroNode& item) { file.partitions.push_back(read_summary(in, item)); });
      break;
    case list_id::kKeyMetadata:
      file.key_metadata = read_text(in, *field.node);
      break;
    default:
      in.skip(*field.node);
      break;
  }
}

}  // namespace

Result<std::int64_t> assign_row_ids(std::span<ManifestFile> files, std::int64_t next_row_id) {
  std::int64_t next = next_row_id;
  for (ManifestFile& file : files) {
    if (file.content != ManifestContent::kData || file.first_row_id) continue;
    file.first_row_id = next;
    // Files that exist already may have no ids yet: those of tables that were of version 2.
    if (!file.added_rows_count || !file.existing_rows_count || *file.added_rows_count < 0 ||
        *file.existing_rows_count < 0 || __builtin_add_overflow(next, *file.added_rows_count, &next) ||
        __builtin_add_overflow(next, *file.existing_rows_count, &next)) {
      return Error(kBadManifest,
                   fmt::format("the manifest `{}`: its rows cannot be numbered from {}", file.path, next));
    }
  }
  return next - next_row_id;
}

Result<std::string> write_manifest_list(std::span<const ManifestFile> files,
                                        const ManifestListOptions& options) {
  std::map<std::string, std::string> metadata = {
      {"snapshot-id", fmt::format("{}", options.snapshot_id)},
      {"parent-snapshot-id",
       options.parent_snapshot_id ? fmt::format("{}", *options.parent_snapshot_id) : "null"},
      {"sequence-number", fmt::format("{}", options.sequence_number)},
      {"format-version", fmt::format("{}", options.format_version)}};
  AvroFileWriter writer(manifest_list_schema(options.format_version), std::move(metadata),
                        options.compression);
  AvroEncoder encoder;
  for (const ManifestFile& file : files) {
    TARN_RETURN_IF_ERROR(check_manifest(file, options));
    encoder.clear();
    encode(encoder, file, options);
    writer.add_record(encoder.bytes());
  }
  return std::move(writer).finish();
}

Result<std::vector<ManifestFile>> read_manifest_list(std::string_view bytes) {
  std::vector<ManifestFile> files;
  const auto on_record = [&](AvroDecoder& in, const AvroNode& record) -> Status {
    ManifestFile file;
    Seen seen;
    in.read_record(record, [&](const AvroField& field) { read_field(in, field, file, seen); });
    if (!in.ok()) return {};
    if (!seen.all() || file.path.empty())
      return Error(kBadManifest, "a manifest list's entry lacks its path, length, spec or snapshot");
    // v1 lists have no sequence numbers; everything in them counts as 0.
    if (!file.sequence_number) file.sequence_number = 0;
    if (!file.min_sequence_number) file.min_sequence_number = 0;
    files.push_back(std::move(file));
    return {};
  };
  TARN_RETURN_IF_ERROR(read_avro_file(
      bytes, [](const AvroHeader&) { return ok_status(); }, on_record));
  return files;
}

}  // namespace tarn::iceberg
