#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"

namespace tarn::flight {

/// A value of an answer; the first is NULL.
using AnswerCell = std::variant<std::monostate, bool, std::int32_t, std::string, std::vector<std::string>>;
using AnswerRow = std::vector<AnswerCell>;

/// Rows as a table. Requires cells of the columns' types: bool, int32, utf8, binary, list of utf8.
Result<std::shared_ptr<arrow::Table>> to_table(const std::shared_ptr<arrow::Schema>& schema,
                                               const std::vector<AnswerRow>& rows);

}  // namespace tarn::flight
