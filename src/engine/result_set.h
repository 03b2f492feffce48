#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/cell.h"
#include "engine/column_type.h"

struct ArrowSchema;
struct ArrowArray;

namespace tarn::engine {

/// The family of a column's type, for layout.
enum class ColumnKind : std::uint8_t { kBoolean, kNumber, kText, kTemporal, kBinary, kNested };

/// A column of a result.
struct Column {
  std::string name;
  std::string type;  ///< As SQL writes it: "DECIMAL(10,2)", "STRUCT(a INTEGER)[]".
  ColumnKind kind = ColumnKind::kText;
  ColumnType precise = {};
};

/// Some rows of a result, at most 2,048. Cells are valid as long as the chunk lives.
class Chunk {
 public:
  Chunk(Chunk&&) noexcept;
  Chunk& operator=(Chunk&&) noexcept;
  ~Chunk();

  std::size_t rows() const;
  std::size_t columns() const;
  /// Requires column < columns() and row < rows().
  Cell cell(std::size_t column, std::size_t row) const;

 private:
  friend class ResultSet;
  struct Impl;
  explicit Chunk(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The outcome of a statement, read once from its beginning. One thread at a time.
///
///   while (true) {
///     TARN_ASSIGN_OR_RETURN(std::optional<Chunk> chunk, rows.next());
///     if (!chunk) break;
///     for (std::size_t row = 0; row < chunk->rows(); ++row) use(chunk->cell(0, row).text());
///   }
class ResultSet {
 public:
  ResultSet(ResultSet&&) noexcept;
  ResultSet& operator=(ResultSet&&) noexcept;
  ~ResultSet();

  const std::vector<Column>& columns() const;
  /// True when the statement answers with rows; false for `SET`, `CREATE` and the like, and for COPY, whose
  /// only cell counts the rows written.
  bool has_rows() const;
  /// The next rows, or nothing at the end. Errors: any code of engine/errors.h.
  Result<std::optional<Chunk>> next();

  /// From now on has_rows() is false: the only cell counts what the statement did.
  void become_count();

  /// The columns, and the next rows, as Arrow's C data interface has them: `out` is the caller's to release.
  /// next_arrow() is false at the end. Times with zone are in UTC, whole numbers of 128 bits are decimals,
  /// UUIDs text. Errors: as of next().
  Status describe_arrow(::ArrowSchema& out);
  Result<bool> next_arrow(::ArrowArray& out);

  /// What a step of reading gave.
  struct Step {
    std::int64_t rows = 0;  ///< Also those that COPY and the like say they wrote.
    bool is_end = false;
    const Error* error = nullptr;
  };
  /// From now on `watcher` is told of each step before who reads gets its rows; it goes with the result.
  using Watcher = std::function<void(const Step& step)>;
  void watch(Watcher watcher);

 private:
  friend class Statement;
  struct Impl;
  explicit ResultSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Reads the rest of a result as texts, row by row; NULL is nothing. For small results.
Result<std::vector<std::vector<std::optional<std::string>>>> read_texts(ResultSet& rows);

}  // namespace tarn::engine
