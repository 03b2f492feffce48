#include "flight/statements/preparation.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "flight/errors.h"
#include "flight/statements/row_stream.h"

namespace tarn::flight {
namespace {

using engine::ColumnType;
using engine::TypeId;

struct Guess {
  const char* sql_type;
  TypeId id;
};
/// What a parameter may be where nothing tells its type.
constexpr std::array kGuesses = {Guess{"VARCHAR", TypeId::kText}, Guess{"BIGINT", TypeId::kInt64},
                                 Guess{"DOUBLE", TypeId::kDouble}, Guess{"TIMESTAMP", TypeId::kTimestamp}};

/// The types of `$1`, `$2` … Errors: flight.bad_parameter, for parameters with names.
Result<std::vector<ColumnType>> parameters_of(const query::PreparedStatement& statement) {
  std::vector<ColumnType> types(statement.parameters().size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::string& name = statement.parameters()[i];
    std::size_t number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = failed == std::errc() && end == name.data() + name.size();
    if (!is_number || number < 1 || number > types.size())
      return Error(kBadParameter, fmt::format("the parameter `${}` has a name", name))
          .with_hint("write `?`, or number all parameters from `$1` on");
    types[number - 1] = statement.parameter_type(i);
  }
  return types;
}

}  // namespace

Result<Prepared> prepare(query::Session& session, const std::string& sql) {
  Prepared prepared{.sql = sql};
  TARN_ASSIGN_OR_RETURN(const query::PreparedStatement statement, prepare_one(session, sql));
  TARN_ASSIGN_OR_RETURN(std::vector<ColumnType> types, parameters_of(statement));
  prepared.is_update = is_update(statement);
  const auto learn_columns = [&](const query::PreparedStatement& from) -> Status {
    if (prepared.is_update) return ok_status();
    TARN_ASSIGN_OR_RETURN(prepared.columns, columns_of(from));
    return ok_status();
  };
  TARN_RETURN_IF_ERROR(learn_columns(statement));
  prepared.declared.resize(types.size());
  const auto is_unknown = [](const ColumnType& type) { return type.id == TypeId::kUnknown; };
  for (const Guess& guess : kGuesses) {
    if (prepared.columns != nullptr || std::ranges::none_of(types, is_unknown)) break;
    std::vector<std::string> declared(types.size());
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (is_unknown(types[i])) declared[i] = guess.sql_type;
    }
    const Result<query::PreparedStatement> guessed =
        prepare_one(session, declare(sql, declared), query::Refusal::kIgnored);
    if (!guessed.ok()) continue;
    TARN_RETURN_IF_ERROR(learn_columns(*guessed));
    for (ColumnType& type : types) {
      if (is_unknown(type)) type = {.id = guess.id};
    }
    prepared.declared = std::move(declared);
  }
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < types.size(); ++i)
    fields.push_back(arrow::field(fmt::format("${}", i + 1), parameter_type(types[i])));
  prepared.parameters = arrow::schema(std::move(fields));
  return prepared;
}

Status bind_values(query::Session& session, Prepared& prepared, const std::vector<BoundValue>& values) {
  const auto wanted = static_cast<std::size_t>(prepared.parameters->num_fields());
  if (values.size() != wanted)
    return Error(kBadParameter,
                 fmt::format("{} values were bound, the statement has {} parameters", values.size(), wanted));
  bool is_new = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::string& declared = prepared.declared[i];
    if (declared.empty() || values[i].sql_type.empty() || declared == values[i].sql_type) continue;
    declared = values[i].sql_type;
    is_new = true;
  }
  if (is_new) {
    TARN_ASSIGN_OR_RETURN(const query::PreparedStatement statement,
                          prepare_one(session, declare(prepared.sql, prepared.declared)));
    if (!prepared.is_update) {
      TARN_ASSIGN_OR_RETURN(prepared.columns, columns_of(statement));
    }
  }
  prepared.values.clear();
  for (const BoundValue& value : values) prepared.values.push_back(value.value);
  return ok_status();
}

}  // namespace tarn::flight
