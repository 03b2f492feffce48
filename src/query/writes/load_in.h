#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct ArrowSchema;
struct ArrowArray;

namespace tarn::query {

class Session;

/// Where Arrow's batches go.
struct LoadTarget {
  enum class IfThere : std::uint8_t { kFail, kAppend, kReplace };

  std::string schema = {};  ///< Empty: the session's.
  std::string table = {};
  bool creates = false;  ///< A table that is not there is made, with the batches' columns.
  IfThere if_there = IfThere::kAppend;
};

/// Takes Arrow's batches for a table and writes them all, or none. Columns are those of the table by their
/// names; what the batches lack is NULL. One thread at a time; must not outlive its session, which runs
/// nothing else until finish() or the destruction.
class LoadIn {
 public:
  struct Impl;
  explicit LoadIn(std::unique_ptr<Impl> impl);
  ~LoadIn();
  LoadIn(const LoadIn&) = delete;
  LoadIn& operator=(const LoadIn&) = delete;

  /// See engine::ArrowImport::add(); call it at least once. Errors: those of the engine.
  Status add(::ArrowArray& batch);
  /// Errors: as of an INSERT, and of CREATE TABLE and DROP TABLE where the target asks for them.
  Result<std::int64_t> finish();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::query
