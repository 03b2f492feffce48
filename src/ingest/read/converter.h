#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/result.h"
#include "ingest/read/arena.h"
#include "ingest/read/cell.h"
#include "project/feed_spec.h"

namespace tarn::ingest {

/// Why a value was refused. Points into the converter and the record; valid while both live.
struct Violation {
  const ErrorCode* code = nullptr;  ///< Null: no violation.
  std::string_view column;          ///< Of the table.
  std::string_view rule;            ///< As the contract says it: "range: 0..300".
  std::string_view value;           ///< As it came; empty when there was none.
  std::string_view detail;          ///< What the parser said, where it said more than the code.

  explicit operator bool() const { return code != nullptr; }
};

/// One sentence about a violation, for the quarantine: "`age` is 412, which breaks range: 0..130".
std::string reason_of(const Violation& violation);

/// Text to typed value, by one column's contract: null markers, default, type, accepted values, range,
/// length, pattern. Immutable after compile(); any number of threads.
class Converter {
 public:
  /// `format` gives the null markers and trimming that hold where the column has none of its own. Errors: a
  /// zone that this machine does not know.
  struct Use {
    bool is_key = false;
    /// What no value may be below, whatever the contract's range is, and why.
    std::optional<Cell> least = std::nullopt;
    std::string least_rule = "";
  };
  static Result<Converter> compile(const project::ColumnSpec& column, const project::FormatSpec& format,
                                   const Use& use);
  Converter(Converter&&) noexcept;
  Converter& operator=(Converter&&) noexcept;
  ~Converter();

  /// Converts a value that is there. `text` must live as long as the cell does; decoded bytes go into
  /// `arena`.
  Violation convert(std::string_view text, Arena& arena, Cell& out) const;
  /// The cell of a value that is absent: the default, or null.
  Violation absent(Arena& arena, Cell& out) const;

  const std::string& column() const;

 private:
  struct Rules;
  explicit Converter(std::unique_ptr<const Rules> rules);
  Violation null_value(Cell& out) const;
  Violation parse(std::string_view text, Arena& arena, Cell& out) const;
  Violation check(std::string_view text, const Cell& cell) const;
  Violation violation(const ErrorCode& code, std::string_view rule, std::string_view value) const;

  std::unique_ptr<const Rules> rules_;
};

}  // namespace tarn::ingest
