#pragma once

#include <string>
#include <vector>

#include "state/postgres/postgres_connection.h"

namespace tarn::state {

/// A statement with its own parameters and answer, which comes whole.
class PostgresStatement final : public PreparedStatement {
 public:
  PostgresStatement(PostgresConnection& connection, PostgresConnection::Prepared& prepared);

  void bind(std::span<const Parameter> parameters) override;
  Result<bool> step() override;
  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string bytes(int column) const override;

 private:
  Status set(const ServerParameter& place, const Parameter& parameter,
             PostgresConnection::Value& value) const;

  PostgresConnection& connection_;
  PostgresConnection::Prepared& prepared_;
  std::vector<PostgresConnection::Value> values_;
  Status bound_;
  PostgresConnection::Answer answer_;
  int row_ = 0;
};

}  // namespace tarn::state
