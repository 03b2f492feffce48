#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/types.h"
#include "table/key_index.h"

/// The keys and ranks of rows. Inside of `table` only.
namespace tarn::table {

struct TypedColumn {
  std::shared_ptr<arrow::Array> array;
  std::string name;
  iceberg::Type type;
};

/// What identifies rows: the key columns, and the version and tie-breaks in order.
struct IdentityColumns {
  std::vector<TypedColumn> key;
  std::vector<TypedColumn> rank;
};

struct RowIdentities {
  std::vector<RowKey> keys;
  PackedStrings ranks;
};

/// Appends the value of a row, which is not null, as bytes whose unsigned order is that of the values.
/// Requires a checked column of a primitive type.
void append_ordered(std::string& out, const arrow::Array& array, const iceberg::Type& type, std::int64_t row);

/// Appends the identities of all rows. Integers and dates are encoded in eight bytes, floats as doubles,
/// decimals in sixteen bytes: widening a column changes nothing. Ranks are bytes whose unsigned order is that
/// of the values, null first. Errors: table.null_key (naming the column, never the values),
/// table.batch_mismatch.
Status append_identities(const IdentityColumns& columns, std::int64_t rows, RowIdentities& out);

/// From a batch whose columns are those of `schema`. Errors: table.batch_mismatch.
Result<IdentityColumns> identity_columns(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                         const UpsertColumns& columns);

/// Of all rows of the batches, numbered through them. Errors: those of identity_columns() and
/// append_identities(); table.too_large.
Result<RowIdentities> identities_of(std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                    const iceberg::Schema& schema, const UpsertColumns& columns);

/// Decides in favour of the greater rank within a batch; of equal ones the later row wins. Returns for each
/// distinct key the winning row, about in the order of the keys, which is that of the key index: looking many
/// up some at a time then reads each part of it once.
std::vector<std::uint32_t> winners(const RowIdentities& rows);

}  // namespace tarn::table
