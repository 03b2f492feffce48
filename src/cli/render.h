#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "cli/grid.h"
#include "cli/terminal.h"
#include "engine/result_set.h"

namespace tarn::cli {

enum class OutputFormat : std::uint8_t { kTable, kJson, kCsv, kParquet };

struct RenderOptions {
  OutputFormat format = OutputFormat::kTable;
  Terminal terminal;
  /// Rows of a table that are shown; the rest are counted. 0: all. Other formats always show all.
  std::uint64_t max_rows = 0;
  bool expanded = false;  ///< Tables: one line a column instead of one a row.
  bool footer = true;     ///< Tables: the count of rows below.
};

/// The one renderer: every listing of every command goes through it. Tables fit the terminal (wide columns
/// are cut with an ellipsis, columns that do not fit at all are named below), numbers stand right, NULL is
/// marked. JSON is an array of objects, a row a line; CSV follows RFC 4180 with `\n`, NULL an empty field.
/// `kParquet` is not for here (see query::Session::copy_to).
std::string render(const Grid& grid, const RenderOptions& options);

/// Where rendered text goes, piece by piece.
class TextSink {
 public:
  virtual ~TextSink() = default;
  /// Errors: io.failed, io.disk_full.
  virtual Status write(std::string_view text) = 0;
};

/// Renders a query's result: JSON and CSV stream, tables hold at most `max_rows` rows. Returns the number of
/// rows. Errors: those of the result and of the sink.
Result<std::uint64_t> render_result(engine::ResultSet& rows, const RenderOptions& options, TextSink& sink);

}  // namespace tarn::cli
