#include "engine/database.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "engine/duckdb/barrier.h"
#include "engine/duckdb/connection_impl.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/row_filters.h"
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

/// The extension that reads over HTTP: it lies beside the engine's library, whose version it has. It is
/// signed, and the engine checks that.
Result<std::string> http_extension() {
  Dl_info library{};
  if (::dladdr(reinterpret_cast<const void*>(&duckdb_library_version), &library) == 0)
    return Error(kOpenFailed, "the engine's library cannot be found");
  const auto path = std::filesystem::path(library.dli_fname).parent_path() / "httpfs.duckdb_extension";
  std::error_code failed;
  if (!std::filesystem::exists(path, failed))
    return Error(kOpenFailed, fmt::format("{} is missing, without which s3:// cannot be read", path.string()))
        .with_hint("install Tarn's whole tree; in a checkout run `./dev setup`");
  return path.string();
}

Status load_s3(Connection& connection, const std::string& ca_file) {
  TARN_ASSIGN_OR_RETURN(const std::string extension, http_extension());
  TARN_RETURN_IF_ERROR(connection.run("LOAD " + quote_literal(extension)));
  // As the store does: about a quarter of a minute of outage is ridden out, and certificates are checked.
  TARN_RETURN_IF_ERROR(
      connection.run("SET GLOBAL http_retries = 7; SET GLOBAL http_retry_wait_ms = 100; "
                     "SET GLOBAL http_retry_backoff = 2; SET GLOBAL http_timeout = 20; "
                     "SET GLOBAL enable_server_cert_verification = true"));
  if (ca_file.empty()) return ok_status();
  return connection.run("SET GLOBAL ca_cert_file = " + quote_literal(ca_file));
}

}  // namespace

struct Database::Impl {
  internal::OwnedDatabase handle;
  std::shared_ptr<internal::RowFilters> filters = std::make_shared<internal::RowFilters>();
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
  TARN_RETURN_IF_ERROR(internal::define_barrier(connection->impl_->handle.get()));
  TARN_RETURN_IF_ERROR(internal::define_is_live(connection->impl_->handle.get(), connection->impl_->filters));
  // Data files never change once written: what was read of them stays true.
  TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL errors_as_json = true; SET GLOBAL TimeZone = 'UTC'"));
  TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL parquet_metadata_cache = true"));
  TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL validate_external_file_cache = 'NO_VALIDATION'"));
  if (options.s3) TARN_RETURN_IF_ERROR(load_s3(*connection, options.s3_ca_file));
  if (!options.external_access) {
    // A filter that is pulled up and not pushed down again would let a user's expressions see what it hides.
    TARN_RETURN_IF_ERROR(connection->run("SET GLOBAL disabled_optimizers = 'filter_pullup'"));
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
  impl->filters = impl_->filters;
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Status Database::set_s3_access(const S3Access& access) {
  TARN_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, connect());
  std::string sql = fmt::format(
      "CREATE OR REPLACE TEMPORARY SECRET tarn_s3 (TYPE s3, ENDPOINT {}, REGION {}, URL_STYLE {}, USE_SSL {}",
      quote_literal(access.authority), quote_literal(access.region),
      quote_literal(access.path_style ? "path" : "vhost"), access.tls);
  if (!access.access_key_id.empty()) {
    sql += fmt::format(", KEY_ID {}, SECRET {}", quote_literal(access.access_key_id),
                       quote_literal(access.secret_access_key));
  }
  if (!access.session_token.empty())
    sql += fmt::format(", SESSION_TOKEN {}", quote_literal(access.session_token));
  // What the engine says of this statement may quote it: it is not passed on.
  if (!connection->run(sql + ")").ok()) return Error(kOpenFailed, "the engine refuses the settings of S3");
  return ok_status();
}

std::string Database::version() {
  return duckdb_library_version();
}

}  // namespace tarn::engine
