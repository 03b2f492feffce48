#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::query {

/// A part of a statement's text; nothing in it: it is not there.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool empty() const { return begin == end; }
  std::string_view in(std::string_view sql) const { return sql.substr(begin, end - begin); }
};

/// A name as it is written, in parts; what was without quotes is in lower case.
struct WrittenName {
  std::vector<std::string> parts = {};
  Piece place = {};
};

enum class WriteKind : std::uint8_t {
  kInsert,
  kUpdate,
  kDelete,
  kTruncate,
  kMerge,
  kCreateTable,
  kCreateTableAs,
  kDropTable,
  kDropView,
  kAlterTable,
  kCreateView,
  kAlterView,
  kCreateMaterialized,
  kAlterMaterialized,
  kDropMaterialized,
  kRefresh,
  kCreateSchema,
  kDropSchema,
};

/// `SET column = value`.
struct Assignment {
  std::string column = {};
  Piece place = {};  ///< Of the column.
  Piece value = {};  ///< `DEFAULT` too.
};

/// `name type [NOT NULL]`.
struct ColumnDefinition {
  std::string name = {};
  Piece place = {};  ///< Of the name.
  Piece type = {};
  bool required = false;
};

/// One step of ALTER TABLE.
struct Alteration {
  enum class Kind : std::uint8_t {
    kAddColumn,
    kDropColumn,
    kRenameColumn,
    kSetType,
    kDropNotNull,
    kRenameTable,
    kSetSchema,
    kSetRefresh,
  };
  Kind kind = Kind::kAddColumn;
  bool if_there = false;         ///< IF EXISTS, of ADD IF NOT EXISTS.
  ColumnDefinition column = {};  ///< Its name, and of kAddColumn and kSetType its type.
  std::string new_name = {};     ///< Of the column, the table or the schema; of kSetRefresh the rule.
};

/// `WHEN … THEN …` of MERGE.
struct MergeClause {
  enum class Action : std::uint8_t { kNothing, kUpdate, kDelete, kInsert };
  bool matched = false;
  Action action = Action::kNothing;
  Piece condition = {};                      ///< Behind AND.
  std::vector<Assignment> assignments = {};  ///< Of kUpdate.
  std::vector<std::string> columns = {};     ///< Of kInsert; none: all, in their order.
  std::vector<Piece> values = {};            ///< Of kInsert.
};

/// `ON CONFLICT (columns) DO …` of INSERT.
struct ConflictClause {
  std::vector<std::string> columns = {};
  std::vector<Assignment> assignments = {};  ///< None: DO NOTHING.
  Piece where = {};
};

/// A statement that changes the lake, taken apart as far as Tarn must know it; its expressions and queries
/// are pieces of the text, which the engine parses.
struct WriteStatement {
  WriteKind kind = WriteKind::kInsert;
  std::vector<WrittenName> targets = {};  ///< One, but for DROP and TRUNCATE.
  bool if_there = false;                  ///< IF EXISTS, IF NOT EXISTS.
  bool replaces = false;                  ///< CREATE OR REPLACE VIEW.
  std::string alias = {};                 ///< Of UPDATE's or DELETE's target.
  Piece with = {};                        ///< Common table expressions in front of the statement.
  std::vector<std::string> columns = {};  ///< Of INSERT, CREATE … AS.
  Piece source = {};                      ///< The query of INSERT and CREATE … AS.
  bool with_rows = true;                  ///< CREATE … AS … WITH NO DATA: false.
  std::string refresh = {};               ///< Of materialized views, in WITH (refresh = '…').
  std::vector<Assignment> assignments = {};
  Piece from = {};   ///< Behind UPDATE's FROM, DELETE's and MERGE's USING.
  Piece where = {};  ///< The condition.
  Piece on = {};     ///< Of MERGE, whose source is `from`.
  std::vector<MergeClause> clauses = {};
  std::optional<ConflictClause> conflict = {};
  Piece returning = {};
  std::vector<ColumnDefinition> definitions = {};
  std::vector<Alteration> alterations = {};
};

/// Nothing for statements that change no table of a lake: queries, temporary objects, settings. Errors:
/// sql.syntax, sql.unsupported_write (PostgreSQL or the engine has it, Tarn does not), with their places.
/// Pure.
Result<std::optional<WriteStatement>> read_write_statement(std::string_view sql);

}  // namespace tarn::query
