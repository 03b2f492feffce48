#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"

namespace tarn::iceberg {

/// Evolves a schema by field ids, never rewriting data (Iceberg spec, "Schema Evolution"). Steps apply in the
/// order of the calls, names mean the schema as changed so far; a step that fails changes nothing. One thread
/// at a time.
///
///   SchemaUpdate update(metadata.current_schema(), metadata.last_column_id);
///   TARN_RETURN_IF_ERROR(update.add({.name = "ward", .type = Type::string()}));
///   TARN_RETURN_IF_ERROR(update.rename("dob", "birth_date"));
///   TARN_ASSIGN_OR_RETURN(SchemaUpdate::Outcome outcome, update.finish());
class SchemaUpdate {
 public:
  struct Column {
    std::string parent = "";  ///< Full name of a struct, or of a list or map of structs; empty: top level.
    std::string name = {};    ///< May contain dots; it is one name.
    Type type = {};           ///< Ids within it are assigned anew.
    bool required = false;    ///< Refused unless the parent is new too: old rows would hold null.
    std::optional<std::string> doc = std::nullopt;
  };
  struct Outcome {
    Schema schema = {};  ///< Its id is the base's: the commit assigns one.
    std::int32_t last_column_id = 0;
  };

  SchemaUpdate(const Schema& base, std::int32_t last_column_id);

  /// Errors: iceberg.column_exists, iceberg.column_not_found, iceberg.illegal_change.
  Status add(const Column& column);
  /// Not an identifier field, and not the last field of a struct. Errors: iceberg.column_not_found,
  /// iceberg.illegal_change.
  Status drop(std::string_view full_name);
  /// `new_name` is the last part only. Errors: iceberg.column_not_found, iceberg.column_exists,
  /// iceberg.illegal_change.
  Status rename(std::string_view full_name, std::string_view new_name);
  /// Errors: iceberg.column_not_found, iceberg.illegal_widening.
  Status widen(std::string_view full_name, const Type& type);
  /// Identifier fields stay required. Errors: iceberg.column_not_found, iceberg.illegal_change.
  Status make_optional(std::string_view full_name);
  Status set_doc(std::string_view full_name, std::optional<std::string> doc);
  /// Moves a field within its struct. Errors: iceberg.column_not_found, iceberg.illegal_change.
  Status move_first(std::string_view full_name);
  Status move_before(std::string_view full_name, std::string_view other_full_name);
  Status move_after(std::string_view full_name, std::string_view other_full_name);
  /// Errors: iceberg.column_not_found, iceberg.bad_schema.
  Status set_identifier_columns(const std::vector<std::string>& full_names);

  Result<Outcome> finish() const;

 private:
  Status replace(std::vector<NestedField> fields);
  Status move(std::string_view full_name, std::string_view other_full_name, bool after);

  Schema schema_;
  std::int32_t last_column_id_ = 0;
};

}  // namespace tarn::iceberg
