#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/types.h"

namespace tarn::iceberg {

/// A table's schema (Iceberg spec, "Schemas and Data Types"). Immutable, cheap to copy, safe to share between
/// threads.
///
///   TARN_ASSIGN_OR_RETURN(const Schema schema, Schema::make({.fields = {
///       {.id = 1, .name = "encounter_id", .required = true, .type = Type::string()},
///       {.id = 2, .name = "admitted_at", .type = Type::timestamp()}}, .identifier_field_ids = {1}}));
///   schema.find("admitted_at")->id;          // 2
class Schema {
 public:
  struct Parts {
    std::int32_t schema_id = 0;
    std::vector<NestedField> fields = {};
    std::vector<std::int32_t> identifier_field_ids = {};
  };

  /// No fields, id 0.
  Schema();
  /// Checks that ids are unique and in range, names unique within their struct and not empty, decimals and
  /// fixed within limits, identifier fields required primitives (not float or double) outside of lists and
  /// maps. Errors: iceberg.bad_schema.
  static Result<Schema> make(Parts parts);

  /// The JSON of Appendix C. Errors: iceberg.bad_json, iceberg.bad_schema, iceberg.bad_type,
  /// iceberg.unsupported_type; the message names the JSON path.
  static Result<Schema> from_json(std::string_view json);
  std::string to_json() const;

  std::int32_t id() const;
  std::span<const NestedField> fields() const;
  const std::vector<std::int32_t>& identifier_field_ids() const;
  /// The greatest field id at any depth; 0 when there are no fields.
  std::int32_t highest_field_id() const;

  /// The field of this id at any depth, or null. Valid as long as any copy of this schema lives.
  const NestedField* find(std::int32_t field_id) const;
  /// The field of this full name: "a", "address.city", "tags.element", "labels.value". Case counts.
  const NestedField* find(std::string_view full_name) const;
  /// The full dotted name of the field of this id, or empty.
  std::string_view name_of(std::int32_t field_id) const;
  /// True when the field lies inside of a list or map.
  bool is_repeated(std::int32_t field_id) const;

  /// The whole as a struct type.
  const Type& as_struct() const;
  Schema with_id(std::int32_t schema_id) const;
  /// Equal but for the schema's id.
  bool same_fields(const Schema& other) const;
  bool operator==(const Schema& other) const;

 private:
  friend Result<Schema> with_row_lineage(const Schema& schema);
  struct Index;
  std::shared_ptr<const Index> index_;
};

/// Numbers every field of `schema` anew from `first_id`, a struct's fields before their children, as the
/// reference implementation does for a new table; identifier fields follow. The schema's id becomes 0.
Result<Schema> with_fresh_ids(const Schema& schema, std::int32_t first_id = 1);

/// The columns of `schema` and behind them, optional, `_row_id` and `_last_updated_sequence_number`, whose
/// ids no table's schema may have (Iceberg spec, "Row Lineage"): what a data file has whose rows are older
/// than itself. Errors: iceberg.bad_schema when a column is called so already.
Result<Schema> with_row_lineage(const Schema& schema);

}  // namespace tarn::iceberg
