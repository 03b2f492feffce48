#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/connection.h"

namespace tarn::engine {

/// The S3 service that the engine reads `s3://` files from by itself. Holds secrets: never print it.
struct S3Access {
  std::string authority = {};  ///< Host, and port where it is not the usual one.
  bool tls = true;
  bool path_style = false;  ///< `https://host/bucket/key` instead of `https://bucket.host/key`.
  std::string region = {};
  std::string access_key_id = {};  ///< Empty: requests are not signed.
  std::string secret_access_key = {};
  std::string session_token = {};

  bool operator==(const S3Access&) const = default;
};

/// How a Database is opened.
struct DatabaseOptions {
  std::uint64_t memory_limit_bytes = 0;  ///< What the engine's buffers may take; 0: 80 % of the machine.
  std::uint32_t threads = 0;             ///< 0: the machine's cores.
  std::string temp_directory = "";       ///< Where big sorts and joins spill; empty: nothing is spilled.
  /// False: only files below `allowed_directories` can be read or written, by any statement, and settings are
  /// locked. True: whatever the process may.
  bool external_access = true;
  std::vector<std::string> allowed_directories = {};  ///< Absolute paths.
  bool s3 = false;              ///< `s3://` can be read, once set_s3_access() was called.
  std::string s3_ca_file = "";  ///< PEM, of the authorities that S3's certificate is checked against.
};

/// A function without arguments that is always true, and of which the engine's optimizer knows only that it
/// must not be moved: no expression over `CASE WHEN tarn_barrier() THEN x END` is evaluated on rows below the
/// SELECT that it stands in, and no statistics of `x` pass through it. On every row it costs next to nothing.
inline constexpr std::string_view kBarrier = "tarn_barrier";

/// The embedded SQL engine with an empty database in memory. Extensions are never downloaded or loaded by
/// themselves. All members may be called by many threads at once; connections outlive no database.
///
///   TARN_ASSIGN_OR_RETURN(auto database, Database::open({.memory_limit_bytes = 512 << 20, .threads = 2}));
///   TARN_ASSIGN_OR_RETURN(auto connection, database->connect());
///   TARN_ASSIGN_OR_RETURN(auto rows, connection->query("SELECT 42 AS answer"));
class Database {
 public:
  /// Errors: engine.open_failed.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<std::unique_ptr<Connection>> connect();

  /// Where `s3://` leads from now on, for every connection. Errors: engine.open_failed.
  Status set_s3_access(const S3Access& access);

  /// The engine's version, such as "v1.5.5".
  static std::string version();

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::engine
