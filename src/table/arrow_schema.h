#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"

/// Iceberg schemas as Arrow schemas and back. Pure functions; any thread.
///
///   boolean bool · int int32 · long int64 · float · double · decimal(p, s) decimal128(p, s) · date date32 ·
///   time time64[us] · timestamp timestamp[us] · timestamptz timestamp[us, UTC] · string utf8 ·
///   uuid fixed_size_binary(16) · fixed(n) fixed_size_binary(n) · binary · struct · list · map
///
/// Every field carries its id as metadata `PARQUET:field_id`; a uuid besides `tarn.type` = `uuid`, because
/// its bytes alone could be a fixed(16).
namespace tarn::table {

/// The Arrow type of an Iceberg type, field ids of nested fields included. Errors: table.unsupported_type.
Result<std::shared_ptr<arrow::DataType>> to_arrow_type(const iceberg::Type& type);
Result<std::shared_ptr<arrow::Field>> to_arrow_field(const iceberg::NestedField& field);
Result<std::shared_ptr<arrow::Schema>> to_arrow_schema(const iceberg::Schema& schema);

/// The Iceberg schema of an Arrow schema. Also takes arrow.uuid, large strings, large lists, dictionaries of
/// those, int8 to uint32, and timestamps and times of seconds or milliseconds (as what conform_batch() makes
/// of them). Fields without an id get the next free ones. Errors: table.unsupported_type, iceberg.bad_schema.
Result<iceberg::Schema> from_arrow_schema(const arrow::Schema& schema);

/// `batch` with exactly the columns of `schema`, in its order: columns are found by field id, else by name;
/// missing optional ones are null; narrower types are widened (int to long, float to double, decimal to one
/// of more digits; dictionaries are decoded). No value is ever changed or cut. A batch that fits is returned
/// as it is, without a copy. Errors: table.batch_mismatch, table.null_in_required, table.unsupported_type.
enum class Dictionaries : std::uint8_t {
  kDecode,
  kKeep  ///< Top-level strings may stay dictionary<int32, utf8>: text that repeats for long runs of rows.
};
Result<std::shared_ptr<arrow::RecordBatch>> conform_batch(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                          const iceberg::Schema& schema,
                                                          Dictionaries dictionaries = Dictionaries::kDecode);
/// Whether a column is what Dictionaries::kKeep keeps.
bool is_text_dictionary(const arrow::DataType& type);

}  // namespace tarn::table
