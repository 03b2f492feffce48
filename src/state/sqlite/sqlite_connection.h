#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "state/connection.h"

struct sqlite3;
struct sqlite3_stmt;

/// The adapter of SQLite; prepared statements are kept by their text.
namespace tarn::state {

class SqliteConnection final : public Connection {
 public:
  enum class Access : std::uint8_t { kCreate, kWrite, kRead };
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Access access);
  ~SqliteConnection() override;

  Result<Statement> prepare(std::string_view sql) override;
  Status execute(const std::string& script) override;
  std::int64_t changes() const override;
  Result<std::int64_t> begin() override;
  Status commit() override;
  void rollback() override;
  bool in_transaction() const override;
  Status begin_migration() override;
  Result<SchemaVersion> schema_version() override;
  Status set_schema_version(std::int64_t application_id, std::int64_t number) override;
  std::string definition(std::string_view ddl) const override { return std::string(ddl); }
  Status check() override;

  /// The error of SQLite's last answer on this connection.
  Error error(int code, std::string_view doing) const;

 private:
  struct Prepared {
    sqlite3_stmt* statement = nullptr;
    bool in_use = false;
  };
  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}
  std::string path_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, Prepared> prepared_;
};

}  // namespace tarn::state
