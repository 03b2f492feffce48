#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "engine/connection.h"

namespace tarn::flight {

/// A parameter's value as a client bound it.
struct BoundValue {
  engine::ParameterValue value = {};
  std::string sql_type = {};  ///< As SQL writes it; empty: of a NULL without a type.
};

/// The values of each row of `batch`. Errors: flight.bad_parameter.
Result<std::vector<std::vector<BoundValue>>> read_rows(const arrow::RecordBatch& batch);

/// `?` and `$1` with the types that they are declared to have; "" leaves one as it is.
std::string declare(std::string_view sql, const std::vector<std::string>& types);

/// What clients are told of a parameter.
std::shared_ptr<arrow::DataType> parameter_type(const engine::ColumnType& type);

}  // namespace tarn::flight
