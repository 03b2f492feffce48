#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iceberg/json/view.h"
#include "iceberg/literal.h"
#include "iceberg/schema.h"
#include "iceberg/transform.h"

namespace tarn::iceberg {

enum class Operator : std::uint8_t {
  kIsNull,
  kNotNull,
  kIsNan,
  kNotNan,
  kLt,
  kLtEq,
  kGt,
  kGtEq,
  kEq,
  kNotEq,
  kStartsWith,
  kNotStartsWith,
  kIn,
  kNotIn,
};

/// A test of one column, or of a transform of it. Comparisons are not true of nulls and NaNs.
struct Predicate {
  Operator op = Operator::kIsNull;
  std::int32_t column_id = 0;
  std::string column = {};   ///< Its full name in the schema.
  Transform transform = {};  ///< Identity: the column itself.
  Type type = {};            ///< Of what is tested.
  std::vector<Literal> values =
      {};  ///< Of `type`: none for the first four, any number for kIn and kNotIn, else one.
  bool operator==(const Predicate&) const = default;
};

/// A filter of rows, bound to the columns of a schema (Iceberg REST spec, "Expression"); free of `not`, which
/// reading it pushes down to the predicates. A plain value.
struct Filter {
  enum class Kind : std::uint8_t { kTrue, kFalse, kAnd, kOr, kPredicate };
  Kind kind = Kind::kTrue;
  std::vector<Filter> children = {};  ///< Of kAnd and kOr: at least two.
  Predicate predicate = {};           ///< Of kPredicate.

  static Filter always(bool truth) { return {.kind = truth ? Kind::kTrue : Kind::kFalse}; }
  static Filter of(Predicate predicate) {
    return {.kind = Kind::kPredicate, .predicate = std::move(predicate)};
  }
  /// Both, or one of them; what is decided already is folded.
  static Filter both(Filter one, Filter other) {
    return joined(Kind::kAnd, std::move(one), std::move(other));
  }
  static Filter either(Filter one, Filter other) {
    return joined(Kind::kOr, std::move(one), std::move(other));
  }

  bool operator==(const Filter&) const = default;

 private:
  static Filter joined(Kind kind, Filter one, Filter other);
};

enum class NameCase : std::uint8_t { kSensitive, kInsensitive };

/// The field of this full name at any depth ("tags.element"). Errors: iceberg.column_not_found, also when
/// names that differ in case only make it ambiguous.
Result<const NestedField*> find_field(const Schema& schema, const std::string& name, NameCase name_case);

/// Reads a filter as the reference's clients write it. Numbers for dates and times count days and
/// microseconds. Errors: iceberg.bad_filter, iceberg.column_not_found.
Result<Filter> filter_from(const JsonView& view, const Schema& schema, NameCase name_case);
/// As the reference's clients read it: constants are bare booleans.
Json json_of(const Filter& filter);

}  // namespace tarn::iceberg
