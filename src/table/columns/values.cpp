#include "table/columns/values.h"

#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <type_traits>

#include "table/arrow_schema.h"
#include "table/errors.h"

namespace tarn::table {

using iceberg::Literal;
using iceberg::Type;
using iceberg::TypeId;

Status check_column(const arrow::Array& array, const Type& type) {
  TARN_ASSIGN_OR_RETURN(const auto expected, to_arrow_type(type));
  if (!type.is_primitive() || !array.type()->Equals(*expected))
    return Error(kBatchMismatch, "a column of " + type.to_string() + " came as " + array.type()->ToString());
  return ok_status();
}

Result<std::optional<Literal>> literal_at(const arrow::Array& array, const Type& type, std::int64_t row) {
  if (array.IsNull(row)) return std::optional<Literal>();
  const auto make = [&](const auto& values) -> Result<Literal> {
    const auto value = values(row);
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(value)>, std::string_view>) {
      if (type.id() != TypeId::kUuid) return Literal::make(type, std::string(value));
      iceberg::Uuid uuid{};
      std::ranges::copy(value, uuid.begin());
      return Literal::uuid(uuid);
    } else {
      return Literal::make(type, value);
    }
  };
  TARN_ASSIGN_OR_RETURN(Literal literal, visit_values(array, type, make));
  return std::optional<Literal>(std::move(literal));
}

}  // namespace tarn::table
