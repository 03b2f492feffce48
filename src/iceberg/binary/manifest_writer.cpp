#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "iceberg/binary/avro.h"
#include "iceberg/binary/manifest_schema.h"
#include "iceberg/binary/partition_value.h"
#include "iceberg/errors.h"
#include "iceberg/manifest.h"

namespace tarn::iceberg {
namespace {

Error bad_entry(const ManifestEntry& entry, std::string_view why) {
  return Error(kBadManifest, fmt::format("the file `{}`: {}", entry.file.file_path, why));
}

void put_counts(AvroEncoder& out, const ColumnMap<std::int64_t>& counts) {
  out.put_branch(!counts.empty());
  if (counts.empty()) return;
  out.put_long(static_cast<std::int64_t>(counts.size()));
  for (const auto& [id, count] : counts) {
    out.put_long(id);
    out.put_long(count);
  }
  out.put_long(0);
}

void put_bounds(AvroEncoder& out, const ColumnMap<std::string>& bounds) {
  out.put_branch(!bounds.empty());
  if (bounds.empty()) return;
  out.put_long(static_cast<std::int64_t>(bounds.size()));
  for (const auto& [id, bytes] : bounds) {
    out.put_long(id);
    out.put_bytes(bytes);
  }
  out.put_long(0);
}

template <typename T>
void put_numbers(AvroEncoder& out, const std::vector<T>& numbers) {
  out.put_branch(!numbers.empty());
  if (numbers.empty()) return;
  out.put_long(static_cast<std::int64_t>(numbers.size()));
  for (const T number : numbers) out.put_long(number);
  out.put_long(0);
}

bool is_nan(const Literal& value) {
  if (const auto* number = std::get_if<float>(&value.value())) return std::isnan(*number);
  if (const auto* number = std::get_if<double>(&value.value())) return std::isnan(*number);
  return false;
}

/// The least and greatest value of one partition field.
struct RunningSummary {
  bool contains_null = false;
  bool contains_nan = false;
  std::optional<Literal> lower;
  std::optional<Literal> upper;

  void add(const std::optional<Literal>& value) {
    if (!value) {
      contains_null = true;
    } else if (is_nan(*value)) {
      contains_nan = true;
    } else {
      if (!lower || compare(*value, *lower) < 0) lower = value;
      if (!upper || compare(*value, *upper) > 0) upper = value;
    }
  }

  FieldSummary done() const {
    FieldSummary summary{.contains_null = contains_null, .contains_nan = contains_nan};
    if (lower) summary.lower_bound = lower->to_binary();
    if (upper) summary.upper_bound = upper->to_binary();
    return summary;
  }
};

struct Tally {
  std::int32_t files = 0;
  std::int64_t rows = 0;
};

}  // namespace

struct ManifestWriter::State {
  ManifestOptions options;
  Type partition_type;
  AvroFileWriter file;
  AvroEncoder encoder;
  std::vector<RunningSummary> summaries;
  Tally tallies[3];  ///< By status.
  std::optional<std::int64_t> min_sequence_number;

  Status check_file(const ManifestEntry& entry) const;
  Status check_version(const ManifestEntry& entry) const;
  Status check_tracking(const ManifestEntry& entry) const;
  void encode(const ManifestEntry& entry);
};

Status ManifestWriter::State::check_file(const ManifestEntry& entry) const {
  const DataFile& file_entry = entry.file;
  if (file_entry.file_path.empty()) return bad_entry(entry, "the path is empty");
  if (file_entry.record_count < 0 || file_entry.file_size_bytes < 0)
    return bad_entry(entry, "a count is negative");
  if ((file_entry.content == FileContent::kData) != (options.content == ManifestContent::kData))
    return bad_entry(entry, "data and delete files do not share a manifest");
  if ((file_entry.content == FileContent::kEqualityDeletes) == file_entry.equality_ids.empty())
    return bad_entry(entry, "equality deletes, and only they, have equality ids");
  if (file_entry.content == FileContent::kPositionDeletes && file_entry.sort_order_id)
    return bad_entry(entry, "positional deletes follow no sort order of the table");
  if (file_entry.partition.size() != partition_type.fields().size()) {
    return bad_entry(entry, fmt::format("the partition has {} values, the spec {} fields",
                                        file_entry.partition.size(), partition_type.fields().size()));
  }
  TARN_RETURN_IF_ERROR(check_version(entry));
  for (std::size_t i = 0; i < file_entry.partition.size(); ++i) {
    const NestedField& part = partition_type.fields()[i];
    if (file_entry.partition[i] && file_entry.partition[i]->type() != part.type) {
      return bad_entry(entry,
                       fmt::format("the partition value of `{}` is a {}, not a {}", part.name,
                                   file_entry.partition[i]->type().to_string(), part.type.to_string()));
    }
  }
  return {};
}

Status ManifestWriter::State::check_version(const ManifestEntry& entry) const {
  const DataFile& file_entry = entry.file;
  if (file_entry.first_row_id && (options.format_version < 3 || file_entry.content != FileContent::kData))
    return bad_entry(entry, "data files of version 3, and only they, have row ids");
  if (file_entry.content != FileContent::kPositionDeletes) return {};
  const bool is_vector = file_entry.file_format == FileFormat::kPuffin;
  if (is_vector && options.format_version < 3)
    return bad_entry(entry, "deletion vectors belong to version 3");
  if (is_vector &&
      !(file_entry.content_offset && file_entry.content_size_bytes && file_entry.referenced_data_file))
    return bad_entry(entry, "a deletion vector has its place and its data file");
  if (!is_vector && options.format_version > 2 && entry.status == EntryStatus::kAdded)
    return bad_entry(entry, "version 3 deletes positions by deletion vectors");
  return {};
}

Status ManifestWriter::State::check_tracking(const ManifestEntry& entry) const {
  if (entry.status == EntryStatus::kAdded) return {};
  if (!entry.snapshot_id) return bad_entry(entry, "an existing or deleted entry names its snapshot");
  if (!entry.sequence_number || !entry.file_sequence_number)
    return bad_entry(entry, "an existing or deleted entry has its sequence numbers");
  return {};
}

void ManifestWriter::State::encode(const ManifestEntry& entry) {
  const DataFile& source = entry.file;
  encoder.clear();
  encoder.put_long(static_cast<std::int64_t>(entry.status));
  encoder.put_optional_long(entry.snapshot_id);
  encoder.put_optional_long(entry.sequence_number);
  encoder.put_optional_long(entry.file_sequence_number);
  encoder.put_long(static_cast<std::int64_t>(source.content));
  encoder.put_bytes(source.file_path);
  encoder.put_bytes(to_string(source.file_format));
  for (const std::optional<Literal>& value : source.partition) {
    encoder.put_branch(value.has_value());
    if (value) put_partition_value(encoder, *value);
  }
  encoder.put_long(source.record_count);
  encoder.put_long(source.file_size_bytes);
  put_counts(encoder, source.column_sizes);
  put_counts(encoder, source.value_counts);
  put_counts(encoder, source.null_value_counts);
  put_counts(encoder, source.nan_value_counts);
  put_bounds(encoder, source.lower_bounds);
  put_bounds(encoder, source.upper_bounds);
  encoder.put_optional_bytes(source.key_metadata);
  put_numbers(encoder, source.split_offsets);
  put_numbers(encoder, source.equality_ids);
  encoder.put_optional_long(source.sort_order_id);
  const bool is_v3 = options.format_version > 2;
  if (is_v3) encoder.put_optional_long(source.first_row_id);
  encoder.put_optional_bytes(source.referenced_data_file);
  if (!is_v3) return;
  encoder.put_optional_long(source.content_offset);
  encoder.put_optional_long(source.content_size_bytes);
}

std::string_view to_string(FileFormat format) {
  switch (format) {
    case FileFormat::kAvro:
      return "AVRO";
    case FileFormat::kOrc:
      return "ORC";
    case FileFormat::kParquet:
      return "PARQUET";
    case FileFormat::kPuffin:
      return "PUFFIN";
  }
  return "PARQUET";
}

Result<ManifestWriter> ManifestWriter::make(ManifestOptions options) {
  TARN_ASSIGN_OR_RETURN(const Type partition_type, options.spec.partition_type(options.schema));
  for (const PartitionField& field : options.spec.fields) {
    if (field.transform.kind() == TransformKind::kUnknown) {
      return Error(kBadTransform, fmt::format("no data is written by the unknown transform `{}`",
                                              field.transform.to_string()));
    }
  }
  std::map<std::string, std::string> metadata = {
      {"schema", options.schema.to_json()},
      {"schema-id", fmt::format("{}", options.schema.id())},
      {"partition-spec", options.spec.fields_to_json()},
      {"partition-spec-id", fmt::format("{}", options.spec.spec_id)},
      {"format-version", fmt::format("{}", options.format_version)},
      {"content", options.content == ManifestContent::kData ? "data" : "deletes"}};
  AvroFileWriter file(manifest_entry_schema(partition_type, options.format_version), std::move(metadata),
                      options.compression);
  std::vector<RunningSummary> summaries(partition_type.fields().size());
  return ManifestWriter(std::unique_ptr<State>(new State{
      std::move(options), partition_type, std::move(file), {}, std::move(summaries), {}, std::nullopt}));
}

ManifestWriter::ManifestWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ManifestWriter::ManifestWriter(ManifestWriter&&) noexcept = default;
ManifestWriter& ManifestWriter::operator=(ManifestWriter&&) noexcept = default;
ManifestWriter::~ManifestWriter() = default;

Status ManifestWriter::add(const ManifestEntry& entry) {
  TARN_RETURN_IF_ERROR(state_->check_file(entry));
  TARN_RETURN_IF_ERROR(state_->check_tracking(entry));
  state_->encode(entry);
  state_->file.add_record(state_->encoder.bytes());
  Tally& tally = state_->tallies[static_cast<std::size_t>(entry.status)];
  ++tally.files;
  tally.rows += entry.file.record_count;
  if (entry.status != EntryStatus::kDeleted && entry.sequence_number) {
    state_->min_sequence_number =
        std::min(state_->min_sequence_number.value_or(*entry.sequence_number), *entry.sequence_number);
  }
  for (std::size_t i = 0; i < entry.file.partition.size(); ++i)
    state_->summaries[i].add(entry.file.partition[i]);
  return {};
}

std::size_t ManifestWriter::size() const {
  return state_->file.record_count();
}

Result<WrittenManifest> ManifestWriter::finish() && {
  const auto tally = [&](EntryStatus status) { return state_->tallies[static_cast<std::size_t>(status)]; };
  WrittenManifest written;
  written.bytes = std::move(state_->file).finish();
  ManifestFile& file = written.file;
  file.length_bytes = static_cast<std::int64_t>(written.bytes.size());
  file.spec_id = state_->options.spec.spec_id;
  file.content = state_->options.content;
  file.min_sequence_number = state_->min_sequence_number;
  file.added_snapshot_id = state_->options.snapshot_id;
  file.added_files_count = tally(EntryStatus::kAdded).files;
  file.existing_files_count = tally(EntryStatus::kExisting).files;
  file.deleted_files_count = tally(EntryStatus::kDeleted).files;
  file.added_rows_count = tally(EntryStatus::kAdded).rows;
  file.existing_rows_count = tally(EntryStatus::kExisting).rows;
  file.deleted_rows_count = tally(EntryStatus::kDeleted).rows;
  for (const RunningSummary& summary : state_->summaries) file.partitions.push_back(summary.done());
  return written;
}

}  // namespace tarn::iceberg
