#include "cli/version.h"

#include <arrow/util/config.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <rocksdb/version.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <zstd.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/build_stamp.h"
#include "engine/database.h"

namespace tarn::cli {
namespace {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace

std::string version_line() {
  return fmt::format("tarn {} ({})", build_version(), build_commit());
}

Grid version_grid() {
  Grid grid({{"part"}, {"version"}});
  const auto add = [&](std::string_view part, const std::string& version) {
    grid.text(part).text(version).end_row();
  };
  add("tarn", std::string(build_version()));
  add("commit", std::string(build_commit()));
  add("compiler", compiler());
  add("duckdb", engine::Database::version());
  add("arrow", ARROW_VERSION_STRING);
  add("sqlite", sqlite3_libversion());
  add("libpq", fmt::format("{}.{}", PQlibVersion() / 10000, PQlibVersion() % 10000));
  add("rocksdb", fmt::format("{}.{}.{}", ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH));
  add("openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
  add("zstd", ZSTD_versionString());
  add("libdeflate", LIBDEFLATE_VERSION_STRING);
  add("xxhash", fmt::format("{}.{}.{}", XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE));
  add("fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  add("nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                   NLOHMANN_JSON_VERSION_PATCH));
  add("CLI11", CLI11_VERSION);
  add("yaml-cpp", TARN_YAML_CPP_VERSION);
  add("re2", TARN_RE2_VERSION);
  return grid;
}

}  // namespace tarn::cli
