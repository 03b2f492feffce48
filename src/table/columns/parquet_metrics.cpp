#include "table/columns/parquet_metrics.h"

#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "iceberg/literal.h"

namespace tarn::table {
namespace {

using iceberg::Literal;
using iceberg::Type;
using iceberg::TypeId;

/// The least and greatest value so far; `valid` ends when a chunk says nothing about its values.
struct Bounds {
  bool valid = true;
  std::optional<Literal> lower;
  std::optional<Literal> upper;
};

struct Leaf {
  std::int64_t size_bytes = 0;
  std::int64_t values = 0;
  std::int64_t nulls = 0;
  bool nulls_known = true;
  Bounds bounds;
};

template <typename Integer>
Integer little_endian(std::string_view bytes) {
  Integer value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

/// A statistic as Parquet encodes it (PLAIN, byte arrays without a length) as a value of the column's type.
Result<Literal> decode(const Type& type, parquet::Type::type physical, std::string_view bytes) {
  if (type.id() != TypeId::kDecimal) return Literal::from_binary(type, bytes);
  if (physical == parquet::Type::INT32 && bytes.size() == 4)
    return Literal::make(type, iceberg::Int128{little_endian<std::int32_t>(bytes)});
  if (physical == parquet::Type::INT64 && bytes.size() == 8)
    return Literal::make(type, iceberg::Int128{little_endian<std::int64_t>(bytes)});
  return Literal::from_binary(type, bytes);
}

Status merge_bounds(const Type& type, const parquet::Statistics* statistics, std::int64_t non_null,
                    Bounds& bounds) {
  if (!bounds.valid || non_null == 0) return ok_status();
  if (statistics == nullptr || !statistics->HasMinMax()) {
    bounds.valid = false;
    return ok_status();
  }
  TARN_ASSIGN_OR_RETURN(Literal lower, decode(type, statistics->physical_type(), statistics->EncodeMin()));
  TARN_ASSIGN_OR_RETURN(Literal upper, decode(type, statistics->physical_type(), statistics->EncodeMax()));
  if (!bounds.lower || iceberg::compare(lower, *bounds.lower) < 0) bounds.lower = std::move(lower);
  if (!bounds.upper || iceberg::compare(upper, *bounds.upper) > 0) bounds.upper = std::move(upper);
  return ok_status();
}

Status add_chunk(const parquet::ColumnChunkMetaData& chunk, const iceberg::NestedField& field, bool repeated,
                 Leaf& leaf) {
  leaf.size_bytes += chunk.total_compressed_size();
  leaf.values += chunk.num_values();
  const auto statistics = chunk.statistics();
  if (statistics && statistics->HasNullCount()) {
    leaf.nulls += statistics->null_count();
  } else {
    leaf.nulls_known = false;
  }
  if (repeated || !field.type.is_primitive()) return ok_status();
  const std::int64_t non_null = leaf.nulls_known ? chunk.num_values() - statistics->null_count() : 1;
  return merge_bounds(field.type, statistics.get(), non_null, leaf.bounds);
}

void set_bounds(std::int32_t id, const Bounds& bounds, int width, iceberg::DataFile& file) {
  if (!bounds.valid || !bounds.lower) return;
  file.lower_bounds.set(id, iceberg::truncated_lower_bound(*bounds.lower, width).to_binary());
  const std::optional<Literal> upper = iceberg::truncated_upper_bound(*bounds.upper, width);
  if (upper) file.upper_bounds.set(id, upper->to_binary());
}

std::int64_t first_offset(const parquet::RowGroupMetaData& group) {
  const auto chunk = group.ColumnChunk(0);
  const std::int64_t data = chunk->data_page_offset();
  return chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0
             ? std::min(data, chunk->dictionary_page_offset())
             : data;
}

}  // namespace

Status add_metrics(const parquet::FileMetaData& footer, const iceberg::Schema& schema,
                   const std::vector<std::int32_t>& field_ids, int bound_width, iceberg::DataFile& file) {
  file.record_count = footer.num_rows();
  std::map<std::int32_t, Leaf> leaves;
  const parquet::SchemaDescriptor& columns = *footer.schema();
  for (int g = 0; g < footer.num_row_groups(); ++g) {
    const auto group = footer.RowGroup(g);
    if (group->num_columns() > 0) file.split_offsets.push_back(first_offset(*group));
    for (int c = 0; c < group->num_columns(); ++c) {
      const std::int32_t id = columns.Column(c)->schema_node()->field_id();
      const iceberg::NestedField* field =
          field_ids.empty() ? schema.find(id) : &schema.fields()[static_cast<std::size_t>(c)];
      if (field == nullptr) continue;
      TARN_RETURN_IF_ERROR(
          add_chunk(*group->ColumnChunk(c), *field, schema.is_repeated(field->id), leaves[id]));
    }
  }
  for (const auto& [id, leaf] : leaves) {
    file.column_sizes.set(id, leaf.size_bytes);
    file.value_counts.set(id, leaf.values);
    if (leaf.nulls_known) file.null_value_counts.set(id, leaf.nulls);
    set_bounds(id, leaf.bounds, bound_width, file);
  }
  return ok_status();
}

}  // namespace tarn::table
