#include "table/columns/row_identity.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "table/columns/values.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

using iceberg::Int128;

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

void append_big_endian(std::string& out, std::uint64_t value) {
  const std::uint64_t swapped = __builtin_bswap64(value);
  out.append(reinterpret_cast<const char*>(&swapped), sizeof(swapped));
}

/// One zero, one NaN.
double canonical(double value) {
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  return value == 0.0 ? 0.0 : value;
}

std::uint64_t ordered(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ kSignBit;
}
std::uint64_t ordered(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(canonical(value));
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

/// Bytes with an end of their own: 0x00 becomes 0x00 0xFF, the end is 0x00 0x01, so that no encoding begins
/// another and the order is that of the bytes.
void append_ended(std::string& out, std::string_view bytes) {
  for (std::size_t at = 0;;) {
    const std::size_t zero = bytes.find('\0', at);
    out.append(bytes.substr(at, zero - at));
    if (zero == std::string_view::npos) break;
    out.append("\0\xFF", 2);
    at = zero + 1;
  }
  out.append("\0\x01", 2);
}

Status check(const IdentityColumns& columns, std::int64_t rows) {
  for (const std::vector<TypedColumn>* group : {&columns.key, &columns.rank}) {
    for (const TypedColumn& column : *group) {
      TARN_RETURN_IF_ERROR(check_column(*column.array, column.type));
      if (column.array->length() != rows) return Error(kBatchMismatch, "columns differ in length");
    }
  }
  for (const TypedColumn& column : columns.key)
    if (column.array->null_count() > 0)
      return Error(kNullKey, "the key column `" + column.name + "` is null in a row");
  return ok_status();
}

Result<TypedColumn> typed_column(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                 std::int32_t field_id) {
  const auto fields = schema.fields();
  const auto at = static_cast<std::size_t>(std::ranges::find(fields, field_id, &iceberg::NestedField::id) -
                                           fields.begin());
  if (at >= fields.size() || static_cast<int>(at) >= batch.num_columns())
    return Error(kBatchMismatch, "the rows lack the column of field id " + std::to_string(field_id));
  return TypedColumn{batch.column(static_cast<int>(at)), fields[at].name, fields[at].type};
}

}  // namespace

void append_ordered(std::string& out, const arrow::Array& array, const iceberg::Type& type,
                    std::int64_t row) {
  visit_values(array, type, [&](const auto& values) {
    const auto value = values(row);
    using Value = std::remove_cv_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string_view>) {
      append_ended(out, value);
    } else if constexpr (std::is_same_v<Value, Int128>) {
      append_big_endian(out, ordered(static_cast<std::int64_t>(value >> 64)));
      append_big_endian(out, static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_floating_point_v<Value>) {
      append_big_endian(out, ordered(double{value}));
    } else {
      append_big_endian(out, ordered(std::int64_t{value}));
    }
  });
}

Status append_identities(const IdentityColumns& columns, std::int64_t rows, RowIdentities& out) {
  TARN_RETURN_IF_ERROR(check(columns, rows));
  std::string bytes;
  for (std::int64_t row = 0; row < rows; ++row) {
    bytes.clear();
    for (const TypedColumn& column : columns.key) append_ordered(bytes, *column.array, column.type, row);
    out.keys.push_back(xxh3_128(bytes));
    bytes.clear();
    for (const TypedColumn& column : columns.rank) {
      const bool null = column.array->IsNull(row);
      bytes += null ? '\0' : '\1';
      if (!null) append_ordered(bytes, *column.array, column.type, row);
    }
    out.ranks.append(bytes);
  }
  return ok_status();
}

Result<IdentityColumns> identity_columns(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                         const UpsertColumns& columns) {
  IdentityColumns result;
  for (const std::int32_t id : columns.key) {
    TARN_ASSIGN_OR_RETURN(auto column, typed_column(batch, schema, id));
    result.key.push_back(std::move(column));
  }
  std::vector<std::int32_t> rank = columns.tie_breaks;
  if (columns.version) rank.insert(rank.begin(), *columns.version);
  for (const std::int32_t id : rank) {
    TARN_ASSIGN_OR_RETURN(auto column, typed_column(batch, schema, id));
    result.rank.push_back(std::move(column));
  }
  return result;
}

Result<RowIdentities> identities_of(std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                    const iceberg::Schema& schema, const UpsertColumns& columns) {
  RowIdentities rows;
  for (const auto& batch : batches) {
    TARN_ASSIGN_OR_RETURN(const IdentityColumns found, identity_columns(*batch, schema, columns));
    TARN_RETURN_IF_ERROR(append_identities(found, batch->num_rows(), rows));
    if (rows.keys.size() > UINT32_MAX - 1) return Error(kTooLarge, "an upsert of more than 4 billion rows");
  }
  return rows;
}

std::vector<std::uint32_t> winners(const RowIdentities& rows) {
  // Open addressing: the keys are hashes already, whose first bits are the slot, so that slots are in the
  // order of the keys. Each holds a row number plus one.
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(16, rows.keys.size() * 2));
  const int shift = 64 - std::countr_zero(slots);
  std::vector<std::uint32_t> table(slots);
  for (std::size_t row = 0; row < rows.keys.size(); ++row) {
    std::size_t slot = rows.keys[row].low >> shift;
    while (table[slot] != 0 && rows.keys[table[slot] - 1] != rows.keys[row]) slot = (slot + 1) & (slots - 1);
    if (table[slot] == 0 || rows.ranks[row] >= rows.ranks[table[slot] - 1])
      table[slot] = static_cast<std::uint32_t>(row + 1);
  }
  std::vector<std::uint32_t> winning;
  for (const std::uint32_t entry : table)
    if (entry != 0) winning.push_back(entry - 1);
  return winning;
}

}  // namespace tarn::table
