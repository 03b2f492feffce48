#include "state/postgres/postgres_statement.h"

#include <libpq-fe.h>

#include "state/errors.h"

namespace tarn::state {

PostgresStatement::PostgresStatement(PostgresConnection& connection, PostgresConnection::Prepared& prepared)
    : connection_(connection), prepared_(prepared), values_(prepared.text.parameters.size()) {}

void PostgresStatement::bind(std::span<const Parameter> parameters) {
  answer_.reset();
  bound_ = ok_status();
  if (parameters.size() > prepared_.text.known) {
    bound_ = Error(kFailed, "a statement was given more parameters than it has");
    return;
  }
  for (std::size_t place = 0; place < values_.size(); ++place) {
    const ServerParameter& wanted = prepared_.text.parameters[place];
    values_[place] = PostgresConnection::Value();
    if (wanted.bound >= parameters.size()) continue;
    bound_ = set(wanted, parameters[wanted.bound], values_[place]);
    if (!bound_.ok()) return;
  }
}

// Numbers go as text, whose type the server infers; bytes as they are, which is right for BYTEA.
Status PostgresStatement::set(const ServerParameter& place, const Parameter& parameter,
                              PostgresConnection::Value& value) const {
  value.is_null = std::holds_alternative<std::monostate>(parameter);
  if (const auto* number = std::get_if<std::int64_t>(&parameter)) value.bytes = std::to_string(*number);
  value.is_binary = !std::holds_alternative<std::int64_t>(parameter);
  if (const auto* blob = std::get_if<Blob>(&parameter)) value.bytes = blob->bytes;
  if (const auto* text = std::get_if<std::string_view>(&parameter)) {
    value.bytes = *text;
    if (place.is_glob) {
      TARN_ASSIGN_OR_RETURN(value.bytes, glob_regex(*text));
    }
  }
  return ok_status();
}

Result<bool> PostgresStatement::step() {
  TARN_RETURN_IF_ERROR(bound_);
  if (answer_ == nullptr) {
    TARN_ASSIGN_OR_RETURN(answer_, connection_.run_prepared(prepared_, values_));
    row_ = 0;
  } else {
    ++row_;
  }
  return row_ < PQntuples(answer_.get());
}

bool PostgresStatement::is_null(int column) const {
  return PQgetisnull(answer_.get(), row_, column) != 0;
}

// All numbers are asked for in binary form: two's complement in network order, as long as their type.
std::int64_t PostgresStatement::integer(int column) const {
  constexpr Oid kBool = 16;
  constexpr Oid kInt8 = 20;
  constexpr Oid kInt4 = 23;
  const Oid type = PQftype(answer_.get(), column);
  TARN_CHECK(type == kBool || type == kInt8 || type == kInt4);
  if (is_null(column)) return 0;
  const std::string number = bytes(column);
  std::uint64_t value = (static_cast<unsigned char>(number[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : number) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

std::string PostgresStatement::bytes(int column) const {
  return std::string(PQgetvalue(answer_.get(), row_, column),
                     static_cast<std::size_t>(PQgetlength(answer_.get(), row_, column)));
}

}  // namespace tarn::state
