#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/result_set.h"
#include "pgwire/protocol/wire_buffer.h"

namespace tarn::pgwire {

/// COPY … TO STDOUT, or FROM STDIN.
struct CopyStatement {
  enum class Style { kText, kCsv, kBinary };
  Style style = Style::kText;
  std::string query;  ///< What gives the rows.
  bool is_from = false;
  std::string table = {};                 ///< As it is written; empty: a query.
  std::vector<std::string> columns = {};  ///< Of it; empty: all.
  char delimiter = '\t';
  std::string null_text = "\\N";
  bool header = false;
  char quote = '"';
  char escape = '"';
  bool quotes_all = false;
};

/// Nothing when the statement is no COPY. Errors: sql.syntax, pgwire.unsupported (other directions), with
/// their place.
Result<std::optional<CopyStatement>> read_copy(std::string_view sql);

/// Writes the rows of a COPY as CopyData messages (PostgreSQL 15, "COPY", "File Formats").
class CopyWriter {
 public:
  CopyWriter(const CopyStatement& copy, const std::vector<engine::Column>& columns)
      : copy_(copy), columns_(columns) {}

  /// CopyOutResponse, and what stands before the rows.
  void begin(WireWriter& out) const;
  void write_row(const engine::Chunk& chunk, std::size_t row, WireWriter& out);
  /// What stands behind the rows, and CopyDone.
  void end(WireWriter& out);

 private:
  void append_text_field(std::string_view value, std::string& out) const;
  void append_csv_field(std::string_view value, std::string& out) const;
  void begin_binary(WireWriter& out);
  void write_binary_row(const engine::Chunk& chunk, std::size_t row, WireWriter& out);

  const CopyStatement& copy_;
  const std::vector<engine::Column>& columns_;
  std::string value_;
  bool has_signature_ = false;
};

}  // namespace tarn::pgwire
