#include "engine/database.h"

#include <fmt/format.h>

#include <utility>

#include "engine/duckdb/connection_impl.h"
#include "engine/duckdb/handles.h"
#include "engine/errors.h"
#include "engine/source_place.h"

namespace tarn::engine {
namespace {

Status set(duckdb_config config, const char* name, const std::string& value) {
  if (duckdb_set_config(config, name, value.c_str()) == DuckDBSuccess) return ok_status();
  return Error(kOpenFailed, fmt::format("the engine refuses `{}` for its setting `{}`", value, name));
}

Status fill(duckdb_config config, const DatabaseOptions& options) {
  TARN_RETURN_IF_ERROR(set(config, "autoinstall_known_extensions", "false"));
  TARN_RETURN_IF_ERROR(set(config, "autoload_known_extensions", "false"));
  TARN_RETURN_IF_ERROR(set(config, "allow_community_extensions", "false"));
  TARN_RETURN_IF_ERROR(set(config, "allow_persistent_secrets", "false"));
  TARN_RETURN_IF_ERROR(set(config, "duckdb_api", "tarn"));
  if (options.memory_limit_bytes != 0) {
    TARN_RETURN_IF_ERROR(set(config, "memory_limit", fmt::format("{}B", options.memory_limit_bytes)));
  }
  if (options.threads != 0) TARN_RETURN_IF_ERROR(set(config, "threads", fmt::format("{}", options.threads)));
  return set(config, "temp_directory", options.temp_directory);
}

}  // namespace

struct Database::Impl {
  internal::OwnedDatabase handle;
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  internal::OwnedConfig config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess)
    return Error(kOpenFailed, "no memory for its settings");
  TARN_RETURN_IF_ERROR(fill(config.get(), options));
  auto impl = std::make_unique<Impl>();
  char* reason = nullptr;
  if (duckdb_open_ext(nullptr, impl->handle.out(), config.get(), &reason) != DuckDBSuccess) {
    Error error(kOpenFailed, reason == nullptr ? "the engine gave no reason" : reason);
    duckdb_free(reason);
    return error;
  }
  std::unique_ptr<Database> database(new Database(std::move(impl)));
  TARN_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, database->connect());
  // Data files never change once written: what was read of them stays true.
  TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL errors_as_json = true; SET GLOBAL TimeZone = 'UTC'"));
  TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL parquet_metadata_cache = true"));
  TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL validate_external_file_cache = 'NO_VALIDATION'"));
  if (!options.external_access) {
    std::string folders;
    for (const std::string& folder : options.allowed_directories) {
      folders += (folders.empty() ? "" : ", ") + quote_literal(folder);
    }
    TARN_RETURN_IF_ERROR(connection->run(
        fmt::format("SET GLOBAL allowed_directories = [{}]; SET GLOBAL enable_external_access = false; "
                    "SET GLOBAL lock_configuration = true",
                    folders)));
  }
  return database;
}

Result<std::unique_ptr<Connection>> Database::connect() {
  auto impl = std::make_unique<Connection::Impl>();
  if (duckdb_connect(impl_->handle.get(), impl->handle.out()) != DuckDBSuccess) {
    return Error(kOpenFailed, "the engine accepts no connection");
  }
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

std::string Database::version() {
  return duckdb_library_version();
}

}  // namespace tarn::engine
