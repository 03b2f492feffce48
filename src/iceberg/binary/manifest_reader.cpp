#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "iceberg/binary/avro.h"
#include "iceberg/binary/manifest_schema.h"
#include "iceberg/binary/partition_value.h"
#include "iceberg/errors.h"
#include "iceberg/manifest.h"

namespace tarn::iceberg {
namespace {

Error bad_manifest(std::string message) {
  return Error(kBadManifest, std::move(message));
}

std::optional<std::string_view> metadata_value(const AvroHeader& header, std::string_view key) {
  const auto at = header.metadata.find(key);
  if (at == header.metadata.end()) return std::nullopt;
  return at->second;
}

std::optional<FileFormat> format_from(std::string_view text) {
  for (const FileFormat format :
       {FileFormat::kParquet, FileFormat::kAvro, FileFormat::kOrc, FileFormat::kPuffin}) {
    const std::string_view name = to_string(format);
    if (std::equal(text.begin(), text.end(), name.begin(), name.end(),
                   [](char a, char b) { return a == b || (a >= 'a' && a <= 'z' && a - 'a' + 'A' == b); })) {
      return format;
    }
  }
  return std::nullopt;
}

/// The names of a pair's members, or their places, tell key from value.
template <typename V, typename ReadValue>
void read_column_map(AvroDecoder& in, const AvroNode& node, ColumnMap<V>& map, ReadValue read_value) {
  in.read_array(node, [&](const AvroNode& item) {
    std::optional<std::int32_t> key;
    std::optional<V> value;
    in.read_record(item, [&](const AvroField& field) {
      if (field.name == "key") {
        key = in.read_int32(*field.node);
      } else if (field.name == "value") {
        value = read_value(*field.node);
      } else {
        in.skip(*field.node);
      }
    });
    if (in.ok() && (!key || !value)) in.fail("a map's pair lacks its key or value");
    if (in.ok()) map.set(*key, *std::move(value));
  });
}

void read_counts(AvroDecoder& in, const AvroNode& node, ColumnMap<std::int64_t>& map) {
  read_column_map(in, node, map, [&](const AvroNode& value) { return in.read_integer(value); });
}

void read_bounds(AvroDecoder& in, const AvroNode& node, ColumnMap<std::string>& map) {
  read_column_map(in, node, map, [&](const AvroNode& value) -> std::optional<std::string> {
    const auto bytes = in.read_binary(value);
    if (!bytes) return std::nullopt;
    return std::string(*bytes);
  });
}

std::optional<std::string> read_text(AvroDecoder& in, const AvroNode& node) {
  const auto bytes = in.read_binary(node);
  if (!bytes) return std::nullopt;
  return std::string(*bytes);
}

class ManifestReader {
 public:
  explicit ManifestReader(const ManifestFile& file) : file_(file), next_row_id_(file.first_row_id) {}

  Status begin(const AvroHeader& header);
  Status read(AvroDecoder& in, const AvroNode& record);
  Manifest take() && { return std::move(manifest_); }

 private:
  /// Which required fields an entry had.
  struct Seen {
    bool status = false, data_file = false, path = false, format = false, records = false, size = false;
    bool all() const { return status && data_file && path && format && records && size; }
  };

  Status bind_partition(const AvroHeader& header);
  void read_partition(AvroDecoder& in, const AvroNode& node, PartitionTuple& tuple) const;
  void read_entry_field(AvroDecoder& in, const AvroField& field, ManifestEntry& entry, Seen& seen) const;
  void read_file_field(AvroDecoder& in, const AvroField& field, DataFile& file, Seen& seen) const;
  bool read_metrics_field(AvroDecoder& in, const AvroField& field, DataFile& file) const;
  Status inherit(ManifestEntry& entry) const;
  Status inherit_row_id(ManifestEntry& entry);
  Status check_content(const ManifestEntry& entry) const;

  const ManifestFile& file_;
  Manifest manifest_;
  bool is_v1_ = false;
  std::optional<std::int64_t> next_row_id_;  ///< Of the next file that has no id of its own.
  /// For each field of the file's partition record, its place in the tuple, or none.
  std::vector<std::optional<std::size_t>> partition_places_;
};

Status ManifestReader::begin(const AvroHeader& header) {
  const auto schema = metadata_value(header, "schema");
  const auto fields = metadata_value(header, "partition-spec");
  if (!schema || !fields) return bad_manifest("the file's metadata lacks `schema` or `partition-spec`");
  TARN_ASSIGN_OR_RETURN(manifest_.schema, Schema::from_json(*schema));
  std::int32_t spec_id = file_.spec_id;
  if (const auto text = metadata_value(header, "partition-spec-id")) {
    const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), spec_id);
    if (failure != std::errc() || end != text->data() + text->size())
      return bad_manifest("`partition-spec-id` is no whole number");
  }
  TARN_ASSIGN_OR_RETURN(manifest_.spec, PartitionSpec::from_fields_json(spec_id, *fields));
  is_v1_ = metadata_value(header, "format-version").value_or("1") == "1";
  const std::string_view content = metadata_value(header, "content").value_or("data");
  if (content != "data" && content != "deletes") return bad_manifest("`content` is neither data nor deletes");
  manifest_.content = content == "data" ? ManifestContent::kData : ManifestContent::kDeletes;
  return bind_partition(header);
}

const AvroNode* record_of_field(const AvroNode& record, std::int32_t id) {
  for (const AvroField& field : record.fields) {
    if (field.field_id != id) continue;
    if (field.node->kind == AvroKind::kRecord) return field.node.get();
    for (const auto& branch : field.node->children)
      if (branch->kind == AvroKind::kRecord) return branch.get();
  }
  return nullptr;
}

/// Finds the place of each written partition value, by field id, else by name, else by position (v1 files).
Status ManifestReader::bind_partition(const AvroHeader& header) {
  TARN_ASSIGN_OR_RETURN(const Type bound, manifest_.spec.partition_type(manifest_.schema));
  std::vector<NestedField> parts(bound.fields().begin(), bound.fields().end());
  const AvroNode* data_file = record_of_field(*header.schema, entry_id::kDataFile);
  const AvroNode* partition =
      data_file == nullptr ? nullptr : record_of_field(*data_file, file_id::kPartition);
  if (partition == nullptr) return bad_manifest("the schema has no `data_file` with a `partition`");
  std::vector<bool> taken(parts.size(), false);
  for (std::size_t i = 0; i < partition->fields.size(); ++i) {
    const AvroField& field = partition->fields[i];
    const auto find = [&](auto matches) -> std::optional<std::size_t> {
      for (std::size_t place = 0; place < parts.size(); ++place)
        if (!taken[place] && matches(parts[place])) return place;
      return std::nullopt;
    };
    auto place = find([&](const NestedField& part) { return field.field_id == part.id; });
    if (!place) place = find([&](const NestedField& part) { return field.name == part.name; });
    if (!place && is_v1_ && i < parts.size() && !taken[i]) place = i;
    partition_places_.push_back(place);
    if (!place) continue;
    taken[*place] = true;
    const PartitionField& source = manifest_.spec.fields[*place];
    if (manifest_.schema.find(source.source_id) != nullptr &&
        source.transform.kind() != TransformKind::kUnknown)
      continue;
    // No schema tells the type: take what was written.
    const AvroNode* value = field.node.get();
    for (const auto& branch : value->children)
      if (branch->kind != AvroKind::kNull) value = branch.get();
    if (const auto type = value->primitive_type()) parts[*place].type = *type;
  }
  manifest_.partition_type = Type::structure(std::move(parts));
  return {};
}

void ManifestReader::read_partition(AvroDecoder& in, const AvroNode& node, PartitionTuple& tuple) const {
  tuple.resize(manifest_.partition_type.fields().size());
  std::size_t index = 0;
  in.read_record(node, [&](const AvroField& field) {
    const auto place = index < partition_places_.size() ? partition_places_[index] : std::nullopt;
    ++index;
    if (!place) {
      in.skip(*field.node);
    } else {
      tuple[*place] = read_partition_value(in, *field.node, manifest_.partition_type.fields()[*place].type);
    }
  });
}

bool ManifestReader::read_metrics_field(AvroDecoder& in, const AvroField& field, DataFile& file) const {
  switch (field.field_id.value_or(-1)) {
    case file_id::kColumnSizes:
      read_counts(in, *field.node, file.column_sizes);
      return true;
    case file_id::kValueCounts:
      read_counts(in, *field.node, file.value_counts);
      return true;
    case file_id::kNullValueCounts:
      read_counts(in, *field.node, file.null_value_counts);
      return true;
    case file_id::kNanValueCounts:
      read_counts(in, *field.node, file.nan_value_counts);
      return true;
    case file_id::kLowerBounds:
      read_bounds(in, *field.node, file.lower_bounds);
      return true;
    case file_id::kUpperBounds:
      read_bounds(in, *field.node, file.upper_bounds);
      return true;
    case file_id::kSplitOffsets:
      in.read_array(*field.node, [&](const AvroNode& item) {
        file.split_offsets.push_back(in.read_integer(item).value_or(0));
      });
      return true;
    case file_id::kEqualityIds:
      in.read_array(*field.node, [&](const AvroNode& item) {
        file.equality_ids.push_back(in.read_int32(item).value_or(0));
      });
      return true;
    default:
      return false;
  }
}

void ManifestReader::read_file_field(AvroDecoder& in, const AvroField& field, DataFile& file,
                                     Seen& seen) const {
  if (read_metrics_field(in, field, file)) return;
  switch (field.field_id.value_or(-1)) {
    case file_id::kContent: {
      const std::int32_t content = in.read_int32(*field.node).value_or(0);
      if (content < 0 || content > 2) in.fail("`content` is 0, 1 or 2");
      file.content = static_cast<FileContent>(content);
      break;
    }
    case file_id::kPath: {
      auto path = read_text(in, *field.node);
      seen.path = path.has_value();
      file.file_path = std::move(path).value_or("");
      break;
    }
    case file_id::kFormat: {
      const auto format = format_from(in.read_binary(*field.node).value_or(""));
      if (!format) in.fail("`file_format` is not known");
      seen.format = format.has_value();
      file.file_format = format.value_or(FileFormat::kParquet);
      break;
    }
    case file_id::kPartition:
      read_partition(in, *field.node, file.partition);
      break;
    case file_id::kRecordCount: {
      const auto count = in.read_integer(*field.node);
      seen.records = count.has_value();
      file.record_count = count.value_or(0);
      break;
    }
    case file_id::kSizeBytes: {
      const auto size = in.read_integer(*field.node);
      seen.size = size.has_value();
      file.file_size_bytes = size.value_or(0);
      break;
    }
    case file_id::kKeyMetadata:
      file.key_metadata = read_text(in, *field.node);
      break;
    case file_id::kSortOrderId:
      file.sort_order_id = in.read_int32(*field.node);
      break;
    case file_id::kReferencedDataFile:
      file.referenced_data_file = read_text(in, *field.node);
      break;
    case file_id::kFirstRowId:
      file.first_row_id = in.read_integer(*field.node);
      break;
    case file_id::kContentOffset:
      file.content_offset = in.read_integer(*field.node);
      break;
    case file_id::kContentSizeBytes:
      file.content_size_bytes = in.read_integer(*field.node);
      break;
    default:
      in.skip(*field.node);
      break;
  }
}

void ManifestReader::read_entry_field(AvroDecoder& in, const AvroField& field, ManifestEntry& entry,
                                      Seen& seen) const {
  switch (field.field_id.value_or(-1)) {
    case entry_id::kStatus: {
      const auto status = in.read_int32(*field.node);
      if (status.value_or(-1) < 0 || *status > 2) {
        in.fail("`status` is 0, 1 or 2");
        break;
      }
      entry.status = static_cast<EntryStatus>(*status);
      seen.status = true;
      break;
    }
    case entry_id::kSnapshotId:
      entry.snapshot_id = in.read_integer(*field.node);
      break;
    case entry_id::kSequenceNumber:
      entry.sequence_number = in.read_integer(*field.node);
      break;
    case entry_id::kFileSequenceNumber:
      entry.file_sequence_number = in.read_integer(*field.node);
      break;
    case entry_id::kDataFile:
      seen.data_file = in.read_record(
          *field.node, [&](const AvroField& part) { read_file_field(in, part, entry.file, seen); });
      break;
    default:
      in.skip(*field.node);
      break;
  }
}

/// Iceberg spec, "Sequence Number Inheritance".
Status ManifestReader::inherit(ManifestEntry& entry) const {
  if (!entry.snapshot_id) entry.snapshot_id = file_.added_snapshot_id;
  for (std::optional<std::int64_t>* number : {&entry.sequence_number, &entry.file_sequence_number}) {
    if (*number) continue;
    if (is_v1_) {
      *number = 0;
    } else if (entry.status == EntryStatus::kAdded || file_.sequence_number == 0) {
      *number = file_.sequence_number;
    } else if (number == &entry.sequence_number) {
      return bad_manifest(
          fmt::format("the file `{}` is not new, but has no sequence number", entry.file.file_path));
    }
  }
  return {};
}

/// Iceberg spec, "First Row ID Inheritance".
Status ManifestReader::inherit_row_id(ManifestEntry& entry) {
  const bool inherits = next_row_id_ && entry.file.content == FileContent::kData &&
                        !entry.file.first_row_id && entry.status != EntryStatus::kDeleted;
  if (!inherits) return {};
  entry.file.first_row_id = *next_row_id_;
  if (__builtin_add_overflow(*next_row_id_, entry.file.record_count, &*next_row_id_))
    return bad_manifest(fmt::format("the file `{}`: there are no row ids left", entry.file.file_path));
  return {};
}

Status ManifestReader::check_content(const ManifestEntry& entry) const {
  if ((entry.file.content == FileContent::kData) != (manifest_.content == ManifestContent::kData))
    return bad_manifest(
        fmt::format("the file `{}` is in a manifest of the other content", entry.file.file_path));
  if (entry.file.record_count < 0 || entry.file.file_size_bytes < 0)
    return bad_manifest(fmt::format("the file `{}` has a negative count", entry.file.file_path));
  return {};
}

Status ManifestReader::read(AvroDecoder& in, const AvroNode& record) {
  ManifestEntry entry;
  Seen seen;
  in.read_record(record, [&](const AvroField& field) { read_entry_field(in, field, entry, seen); });
  if (!in.ok()) return {};
  if (!seen.all()) return bad_manifest("an entry lacks its status, path, format, record count or size");
  entry.file.partition.resize(manifest_.partition_type.fields().size());
  TARN_RETURN_IF_ERROR(check_content(entry));
  TARN_RETURN_IF_ERROR(inherit(entry));
  TARN_RETURN_IF_ERROR(inherit_row_id(entry));
  manifest_.entries.push_back(std::move(entry));
  return {};
}

}  // namespace

Result<Manifest> read_manifest(std::string_view bytes, const ManifestFile& file) {
  ManifestReader reader(file);
  TARN_RETURN_IF_ERROR(read_avro_file(
      bytes, [&](const AvroHeader& header) { return reader.begin(header); },
      [&](AvroDecoder& in, const AvroNode& record) { return reader.read(in, record); }));
  return std::move(reader).take();
}

}  // namespace tarn::iceberg
