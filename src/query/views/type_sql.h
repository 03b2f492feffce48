#pragma once

#include <string>
#include <string_view>

#include "engine/column_type.h"
#include "iceberg/types.h"

namespace tarn::query {

/// The engine's type for an Iceberg type: "DECIMAL(10,2)", `STRUCT("a" BIGINT)[]`.
std::string type_sql(const iceberg::Type& type);

/// The same as the engine tells it of a result's column.
engine::ColumnType column_type(const iceberg::Type& type);

/// An expression of type `to` from `expression`, a value of type `from` as an older file holds it: nested
/// fields are found by their ids, whatever their names were; missing ones are NULL.
std::string remap_sql(std::string_view expression, const iceberg::Type& from, const iceberg::Type& to);

/// True when a value of `from` may be read as `to` by the names of its nested fields: no field was renamed,
/// and no name was given anew to another field.
bool names_agree(const iceberg::Type& from, const iceberg::Type& to);

}  // namespace tarn::query
