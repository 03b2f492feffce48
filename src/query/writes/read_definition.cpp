#include <utility>

#include "query/writes/statement_reader.h"

/// CREATE, DROP, ALTER and REFRESH.
namespace tarn::query {
namespace {

using Read = Result<std::optional<WriteStatement>>;

constexpr std::string_view kNoKeys =
    "leave it out: tables of a lake hold no keys and constraints but NOT NULL";

class DefinitionReader {
 public:
  explicit DefinitionReader(StatementReader& reader) : reader_(reader) {}

  Read create() {
    const bool replaces = reader_.take({"OR", "REPLACE"});
    if (reader_.is_any({"TEMP", "TEMPORARY", "LOCAL", "SECRET", "PERSISTENT"})) return nothing();
    reader_.take({"UNLOGGED"});
    if (reader_.take({"SCHEMA"})) return create_schema();
    if (reader_.take({"VIEW"})) return create_view(replaces);
    if (reader_.take({"MATERIALIZED", "VIEW"})) return create_materialized(replaces);
    if (reader_.is("RECURSIVE"))
      return reader_.unsupported("recursive views", "CREATE VIEW … AS WITH RECURSIVE … SELECT");
    if (!reader_.is("TABLE")) {
      return reader_.unsupported("such objects", "there are tables, views and schemas");
    }
    if (replaces) return reader_.unsupported("CREATE OR REPLACE TABLE", "DROP TABLE IF EXISTS it first");
    reader_.take({"TABLE"});
    write_.kind = WriteKind::kCreateTable;
    write_.if_there = reader_.take({"IF", "NOT", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_target("a table"));
    if (is_definition_list()) return create_columns();
    return create_as();
  }

  Read drop() {
    if (reader_.take({"TABLE"})) {
      write_.kind = WriteKind::kDropTable;
    } else if (reader_.take({"VIEW"})) {
      write_.kind = WriteKind::kDropView;
    } else if (reader_.take({"MATERIALIZED", "VIEW"})) {
      write_.kind = WriteKind::kDropMaterialized;
    } else if (reader_.take({"SCHEMA"})) {
      write_.kind = WriteKind::kDropSchema;
    } else {
      return reader_.unsupported("such objects", "there are tables, views and schemas");
    }
    write_.if_there = reader_.take({"IF", "EXISTS"});
    do {
      TARN_RETURN_IF_ERROR(take_target("a name"));
    } while (reader_.take_symbol(","));
    if (!reader_.take({"CASCADE"})) reader_.take({"RESTRICT"});
    return finish();
  }

  Read alter() {
    if (reader_.take({"TABLE"})) {
      write_.kind = WriteKind::kAlterTable;
    } else if (reader_.take({"VIEW"})) {
      write_.kind = WriteKind::kAlterView;
    } else if (reader_.take({"MATERIALIZED", "VIEW"})) {
      write_.kind = WriteKind::kAlterMaterialized;
    } else {
      return reader_.unsupported("this ALTER", "tables and views can be altered");
    }
    write_.if_there = reader_.take({"IF", "EXISTS"});
    reader_.take({"ONLY"});
    TARN_RETURN_IF_ERROR(take_target("a table"));
    do {
      TARN_ASSIGN_OR_RETURN(Alteration one, alteration());
      write_.alterations.push_back(std::move(one));
    } while (reader_.take_symbol(","));
    return finish();
  }

  Read refresh() {
    TARN_RETURN_IF_ERROR(reader_.expect({"MATERIALIZED", "VIEW"}));
    write_.kind = WriteKind::kRefresh;
    // Readers are never kept waiting.
    reader_.take({"CONCURRENTLY"});
    TARN_RETURN_IF_ERROR(take_target("a materialized view"));
    if (reader_.is("WITH") && reader_.is("NO", 1)) return reader_.unsupported("WITH NO DATA", "leave it out");
    reader_.take({"WITH", "DATA"});
    return finish();
  }

 private:
  static Read nothing() { return std::optional<WriteStatement>(); }

  Status take_target(std::string_view what) {
    TARN_ASSIGN_OR_RETURN(WrittenName target, reader_.qualified_name(what));
    write_.targets.push_back(std::move(target));
    return ok_status();
  }

  Read create_view(bool replaces) {
    write_.kind = WriteKind::kCreateView;
    write_.replaces = replaces;
    write_.if_there = reader_.take({"IF", "NOT", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_target("a view"));
    if (reader_.is_symbol_next("(")) {
      TARN_ASSIGN_OR_RETURN(write_.columns, reader_.names_in_parentheses());
    }
    TARN_RETURN_IF_ERROR(no_storage());
    TARN_RETURN_IF_ERROR(reader_.expect({"AS"}));
    if (reader_.at_end()) return reader_.wrong("a query");
    write_.source = reader_.piece(reader_.at(), reader_.size());
    return std::optional(std::move(write_));
  }

  Read create_schema() {
    write_.kind = WriteKind::kCreateSchema;
    write_.if_there = reader_.take({"IF", "NOT", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_target("a schema"));
    if (reader_.take({"AUTHORIZATION"})) TARN_RETURN_IF_ERROR(reader_.name("a user"));
    return finish();
  }

  /// `(a INT, …)`, and not the names of `(a, b) AS SELECT …`.
  bool is_definition_list() const {
    if (!reader_.is_symbol_next("(")) return false;
    StatementReader behind = reader_;
    behind.go_to(reader_.behind_parentheses());
    if (behind.is("WITH") && behind.is_symbol_next("(", 1)) {
      behind.take({"WITH"});
      behind.go_to(behind.behind_parentheses());
    }
    return !behind.is("AS");
  }

  Read create_columns() {
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("("));
    if (!reader_.is_symbol_next(")")) {
      do {
        if (reader_.is_any({"PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT", "EXCLUDE"}))
          return reader_.unsupported("constraints of tables", kNoKeys);
        if (reader_.is("LIKE")) return reader_.unsupported("LIKE", "CREATE TABLE … AS … WITH NO DATA");
        TARN_ASSIGN_OR_RETURN(ColumnDefinition column, definition());
        write_.definitions.push_back(std::move(column));
      } while (reader_.take_symbol(","));
    }
    TARN_RETURN_IF_ERROR(reader_.expect_symbol(")"));
    TARN_RETURN_IF_ERROR(no_storage());
    return finish();
  }

  Read create_as() {
    write_.kind = WriteKind::kCreateTableAs;
    if (reader_.is_symbol_next("(")) {
      TARN_ASSIGN_OR_RETURN(write_.columns, reader_.names_in_parentheses());
    }
    TARN_RETURN_IF_ERROR(no_storage());
    return take_query();
  }

  Read create_materialized(bool replaces) {
    if (replaces)
      return reader_.unsupported("CREATE OR REPLACE MATERIALIZED VIEW",
                                 "DROP MATERIALIZED VIEW IF EXISTS it first, in the same transaction");
    write_.kind = WriteKind::kCreateMaterialized;
    write_.if_there = reader_.take({"IF", "NOT", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_target("a materialized view"));
    if (reader_.is_symbol_next("(")) {
      TARN_ASSIGN_OR_RETURN(write_.columns, reader_.names_in_parentheses());
    }
    if (reader_.take({"WITH"})) {
      TARN_ASSIGN_OR_RETURN(write_.refresh, refresh_rule());
    }
    TARN_RETURN_IF_ERROR(no_storage());
    return take_query();
  }

  /// `(refresh = 'auto')`.
  Result<std::string> refresh_rule() {
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("("));
    if (!reader_.is("REFRESH")) return reader_.unsupported("this storage parameter", "there is `refresh`");
    TARN_RETURN_IF_ERROR(reader_.expect({"REFRESH"}));
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("="));
    TARN_ASSIGN_OR_RETURN(std::string rule, reader_.text("'auto', 'manual' or how often, such as '5m'"));
    TARN_RETURN_IF_ERROR(reader_.expect_symbol(")"));
    return rule;
  }

  Read take_query() {
    TARN_RETURN_IF_ERROR(reader_.expect({"AS"}));
    const std::size_t begin = reader_.at();
    std::size_t end = reader_.size();
    for (std::size_t i = begin; i < reader_.size(); ++i) {
      reader_.go_to(i);
      const bool has_no = reader_.is("WITH") && reader_.is("NO", 1) && reader_.is("DATA", 2);
      if (!has_no && !(reader_.is("WITH") && reader_.is("DATA", 1))) continue;
      if (i + (has_no ? 3 : 2) != reader_.size()) continue;
      write_.with_rows = !has_no;
      end = i;
      break;
    }
    write_.source = reader_.piece(begin, end);
    if (write_.source.empty()) return reader_.wrong("a query");
    return std::optional(std::move(write_));
  }

  Status no_storage() {
    if (reader_.is("WITH") && reader_.is_symbol_next("(", 1))
      return reader_.unsupported("storage parameters", "leave WITH (…) out");
    if (reader_.is_any({"PARTITION", "INHERITS", "USING", "TABLESPACE", "ON"}))
      return reader_.unsupported("this clause of CREATE TABLE", "leave it out");
    return ok_status();
  }

  Result<Piece> take_type() {
    const Piece type =
        reader_.take_until(reader_.find({"NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES",
                                         "GENERATED", "COLLATE", "CONSTRAINT", "DEFERRABLE", "USING"},
                                        true));
    if (type.empty()) return reader_.wrong("a type");
    return type;
  }

  Result<ColumnDefinition> definition() {
    ColumnDefinition column{.place = reader_.next_piece()};
    TARN_ASSIGN_OR_RETURN(column.name, reader_.name("a column"));
    TARN_ASSIGN_OR_RETURN(column.type, take_type());
    while (!reader_.at_end()) {
      if (reader_.take({"NOT", "NULL"})) {
        column.required = true;
      } else if (!reader_.take({"NULL"})) {
        break;
      }
    }
    if (reader_.is("DEFAULT") || reader_.is("GENERATED"))
      return reader_.unsupported("defaults of columns", "leave it out, and give the value with each row");
    if (reader_.is_any({"PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "CONSTRAINT", "COLLATE"}))
      return reader_.unsupported("this constraint", kNoKeys);
    return column;
  }

  Result<Alteration> alteration() {
    if (reader_.take({"ADD"})) return addition();
    if (reader_.take({"DROP"})) return removal();
    if (reader_.take({"RENAME"})) return renaming();
    if (reader_.take({"ALTER"})) return alteration_of_column();
    if (reader_.take({"SET", "SCHEMA"})) {
      Alteration moved{.kind = Alteration::Kind::kSetSchema};
      TARN_ASSIGN_OR_RETURN(moved.new_name, reader_.name("a schema"));
      return moved;
    }
    if (write_.kind == WriteKind::kAlterMaterialized && reader_.take({"SET"})) {
      Alteration rule{.kind = Alteration::Kind::kSetRefresh};
      TARN_ASSIGN_OR_RETURN(rule.new_name, refresh_rule());
      return rule;
    }
    return reader_.unsupported("this ALTER TABLE", "there are ADD, DROP, RENAME, ALTER … TYPE, SET SCHEMA");
  }

  Result<Alteration> addition() {
    if (reader_.is_any({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}))
      return reader_.unsupported("constraints of tables", kNoKeys);
    reader_.take({"COLUMN"});
    Alteration added{.kind = Alteration::Kind::kAddColumn};
    added.if_there = reader_.take({"IF", "NOT", "EXISTS"});
    TARN_ASSIGN_OR_RETURN(added.column, definition());
    if (added.column.required)
      return reader_.unsupported("NOT NULL of columns that are added",
                                 "old rows would have no value: leave it out");
    return added;
  }

  Result<Alteration> removal() {
    if (reader_.is("CONSTRAINT")) return reader_.unsupported("constraints of tables", kNoKeys);
    reader_.take({"COLUMN"});
    Alteration dropped{.kind = Alteration::Kind::kDropColumn};
    dropped.if_there = reader_.take({"IF", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_column(dropped));
    if (!reader_.take({"CASCADE"})) reader_.take({"RESTRICT"});
    return dropped;
  }

  Result<Alteration> renaming() {
    Alteration renamed{.kind = Alteration::Kind::kRenameTable};
    if (!reader_.take({"TO"})) {
      renamed.kind = Alteration::Kind::kRenameColumn;
      reader_.take({"COLUMN"});
      TARN_RETURN_IF_ERROR(take_column(renamed));
      TARN_RETURN_IF_ERROR(reader_.expect({"TO"}));
    }
    TARN_ASSIGN_OR_RETURN(renamed.new_name, reader_.name("a new name"));
    return renamed;
  }

  Result<Alteration> alteration_of_column() {
    reader_.take({"COLUMN"});
    Alteration altered{.kind = Alteration::Kind::kSetType};
    TARN_RETURN_IF_ERROR(take_column(altered));
    if (reader_.take({"DROP", "NOT", "NULL"})) {
      altered.kind = Alteration::Kind::kDropNotNull;
      return altered;
    }
    const bool types = reader_.take({"SET", "DATA", "TYPE"}) || reader_.take({"TYPE"});
    if (!types)
      return reader_.unsupported("this ALTER COLUMN", "there are TYPE (to a wider one) and DROP NOT NULL");
    TARN_ASSIGN_OR_RETURN(altered.column.type, take_type());
    if (reader_.is("USING")) return reader_.unsupported("USING", "UPDATE the rows");
    return altered;
  }

  Status take_column(Alteration& alteration) {
    alteration.column.place = reader_.next_piece();
    TARN_ASSIGN_OR_RETURN(alteration.column.name, reader_.name("a column"));
    return ok_status();
  }

  Read finish() {
    TARN_RETURN_IF_ERROR(reader_.expect_end());
    return std::optional(std::move(write_));
  }

  StatementReader& reader_;
  WriteStatement write_;
};

}  // namespace

Read read_definition(StatementReader& reader) {
  DefinitionReader definition(reader);
  if (reader.take({"CREATE"})) return definition.create();
  if (reader.take({"DROP"})) return definition.drop();
  if (reader.take({"ALTER"})) return definition.alter();
  if (reader.take({"REFRESH"})) return definition.refresh();
  return std::optional<WriteStatement>();
}

}  // namespace tarn::query
