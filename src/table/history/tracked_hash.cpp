#include "table/history/tracked_hash.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "base/hash.h"
#include "iceberg/errors.h"
#include "table/columns/conform.h"
#include "table/columns/row_identity.h"
#include "table/columns/values.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

using iceberg::NestedField;
using iceberg::Type;
using iceberg::TypeId;

// Ends the fields of a struct: no field has this id.
constexpr std::int32_t kEnd = 0;

void append_number(std::string& out, std::int32_t number) {
  std::array<char, sizeof(number)> bytes;
  std::memcpy(bytes.data(), &number, sizeof(number));
  out.append(bytes.data(), bytes.size());
}

/// A value that is not null.
Status append(std::string& out, const arrow::Array& array, const Type& type, std::int64_t row) {
  if (type.is_primitive()) {
    append_ordered(out, array, type, row);
    return ok_status();
  }
  if (type.id() == TypeId::kStruct) {
    const auto& structure = static_cast<const arrow::StructArray&>(array);
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      const std::shared_ptr<arrow::Array>& child = structure.field(static_cast<int>(i));
      if (child->IsNull(row)) continue;
      append_number(out, type.fields()[i].id);
      TARN_RETURN_IF_ERROR(append(out, *child, type.fields()[i].type, row));
    }
    append_number(out, kEnd);
    return ok_status();
  }
  if (type.id() != TypeId::kList) return Error(kUnsupportedType, "the changes of a map are not tracked");
  const auto& list = static_cast<const arrow::ListArray&>(array);
  append_number(out, list.value_length(row));
  const arrow::Array& values = *list.values();
  for (std::int64_t at = list.value_offset(row); at < list.value_offset(row + 1); ++at) {
    out += values.IsNull(at) ? '\0' : '\1';
    if (!values.IsNull(at)) TARN_RETURN_IF_ERROR(append(out, values, type.element().type, at));
  }
  return ok_status();
}

}  // namespace

Result<std::vector<std::int64_t>> tracked_hashes(const arrow::RecordBatch& batch,
                                                 const iceberg::Schema& schema,
                                                 std::span<const std::string> tracked) {
  struct Column {
    std::shared_ptr<arrow::Array> array;
    const NestedField* field = nullptr;
  };
  std::vector<Column> columns;
  for (const std::string& name : tracked) {
    const auto found = std::ranges::find(schema.fields(), name, &NestedField::name);
    if (found == schema.fields().end())
      return Error(iceberg::kColumnNotFound, "there is no column `" + name + "`");
    const auto raw = batch.column(static_cast<int>(found - schema.fields().begin()));
    TARN_ASSIGN_OR_RETURN(auto array, conform_array(raw, *found));
    if (found->type.is_primitive()) TARN_RETURN_IF_ERROR(check_column(*array, found->type));
    columns.push_back({std::move(array), &*found});
  }
  std::ranges::sort(columns, {}, [](const Column& column) { return column.field->id; });
  std::vector<std::int64_t> hashes;
  hashes.reserve(static_cast<std::size_t>(batch.num_rows()));
  std::string bytes;
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    bytes.clear();
    for (const Column& column : columns) {
      if (column.array->IsNull(row)) continue;
      append_number(bytes, column.field->id);
      TARN_RETURN_IF_ERROR(append(bytes, *column.array, column.field->type, row));
    }
    hashes.push_back(std::bit_cast<std::int64_t>(xxh3_64(bytes)));
  }
  return hashes;
}

}  // namespace tarn::table
