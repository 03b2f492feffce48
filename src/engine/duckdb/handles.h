#pragma once

#include <duckdb.h>

#include <memory>
#include <string>
#include <utility>

namespace tarn::engine::internal {

/// Owns a handle of the engine that `Destroy` frees through a pointer to it.
template <typename Handle, auto Destroy>
  requires std::is_pointer_v<Handle>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ != nullptr) Destroy(&handle_);
  }
  Handle get() const { return handle_; }
  /// To be filled by the engine.
  Handle* out() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using OwnedDatabase = Owned<duckdb_database, duckdb_close>;
using OwnedConnection = Owned<duckdb_connection, duckdb_disconnect>;
using OwnedStatement = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using OwnedExtracted = Owned<duckdb_extracted_statements, duckdb_destroy_extracted>;
using OwnedPending = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using OwnedConfig = Owned<duckdb_config, duckdb_destroy_config>;
using OwnedValue = Owned<duckdb_value, duckdb_destroy_value>;
using OwnedChunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using OwnedArrowOptions = Owned<duckdb_arrow_options, duckdb_destroy_arrow_options>;
using OwnedErrorData = Owned<duckdb_error_data, duckdb_destroy_error_data>;
using OwnedLogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;
using OwnedAppender = Owned<duckdb_appender, duckdb_appender_destroy>;

/// A result, freed at the end.
class OwnedResult {
 public:
  OwnedResult() = default;
  OwnedResult(const OwnedResult&) = delete;
  OwnedResult& operator=(const OwnedResult&) = delete;
  ~OwnedResult() { duckdb_destroy_result(&result_); }
  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

/// The text that a statement came from, for its errors.
struct SourceText {
  std::string sql;
  std::string name;
  bool hides_machine = false;  ///< See Connection::hide_machine().
};

}  // namespace tarn::engine::internal
