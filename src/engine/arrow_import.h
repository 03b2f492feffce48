#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

struct ArrowSchema;
struct ArrowArray;

namespace tarn::engine {

class Connection;

/// Makes a table of the engine's own database of Arrow's batches. One thread at a time; must not outlive its
/// connection.
///
///   TARN_ASSIGN_OR_RETURN(auto rows, ArrowImport::open(connection, {"main", "loaded"}, schema, {"id"}));
///   TARN_RETURN_IF_ERROR(rows.add(batch));
///   TARN_RETURN_IF_ERROR(rows.close());
class ArrowImport {
 public:
  /// Batches may have so many rows.
  static constexpr std::size_t kMostRows = 2048;

  /// `columns` have `names` and stay the caller's to release. Errors: sql.not_implemented … for types that
  /// the engine lacks.
  static Result<ArrowImport> open(Connection& connection, const TableName& table, ::ArrowSchema& columns,
                                  std::vector<std::string> names);
  ArrowImport(ArrowImport&&) noexcept;
  ArrowImport& operator=(ArrowImport&&) noexcept;
  ~ArrowImport();

  /// Takes the batch over: a struct of the columns, whose offsets and texts are known to be valid. The first
  /// one makes the table, in the place of one that has the name; it may be empty.
  Status add(::ArrowArray& batch);
  /// Makes the rows visible. Without it they are lost.
  Status close();

 private:
  struct Impl;
  explicit ArrowImport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::engine
