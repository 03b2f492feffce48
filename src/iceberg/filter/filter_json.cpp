#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "iceberg/errors.h"
#include "iceberg/filter/filter.h"
#include "iceberg/json/codec.h"

// Filters as JSON (Iceberg REST spec, "Expression"), as the reference's ExpressionParser has them.
namespace tarn::iceberg {
namespace {

struct OperatorName {
  Operator op;
  std::string_view name;
  Operator negated;
};

constexpr std::array kOperators = {
    OperatorName{Operator::kIsNull, "is-null", Operator::kNotNull},
    OperatorName{Operator::kNotNull, "not-null", Operator::kIsNull},
    OperatorName{Operator::kIsNan, "is-nan", Operator::kNotNan},
    OperatorName{Operator::kNotNan, "not-nan", Operator::kIsNan},
    OperatorName{Operator::kLt, "lt", Operator::kGtEq},
    OperatorName{Operator::kLtEq, "lt-eq", Operator::kGt},
    OperatorName{Operator::kGt, "gt", Operator::kLtEq},
    OperatorName{Operator::kGtEq, "gt-eq", Operator::kLt},
    OperatorName{Operator::kEq, "eq", Operator::kNotEq},
    OperatorName{Operator::kNotEq, "not-eq", Operator::kEq},
    OperatorName{Operator::kStartsWith, "starts-with", Operator::kNotStartsWith},
    OperatorName{Operator::kNotStartsWith, "not-starts-with", Operator::kStartsWith},
    OperatorName{Operator::kIn, "in", Operator::kNotIn},
    OperatorName{Operator::kNotIn, "not-in", Operator::kIn},
};

const OperatorName& entry_of(Operator op) {
  return *std::find_if(kOperators.begin(), kOperators.end(),
                       [&](const OperatorName& entry) { return entry.op == op; });
}

// "LT_EQ" and "lt-eq" are the same to the reference.
std::string plain(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    if (c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

bool is_set(Operator op) {
  return op == Operator::kIn || op == Operator::kNotIn;
}

// A whole number where the type's own form is a text, or one that the type cannot hold.
std::optional<Literal> literal_of_number(const Type& type, const Json& number) {
  if (!number.is_number_integer()) return std::nullopt;
  const bool fits64 = !number.is_number_unsigned() || number.get<std::uint64_t>() <= INT64_MAX;
  if (!fits64) return std::nullopt;
  const auto value = number.get<std::int64_t>();
  Result<Literal> made = Error(kBadFilter, "");
  switch (type.id()) {
    case TypeId::kDate:
      if (value < INT32_MIN || value > INT32_MAX) return std::nullopt;
      return Literal::date(static_cast<std::int32_t>(value));
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      made = Literal::make(type, value);
      break;
    case TypeId::kDecimal:
      made = Literal::from_json(type, fmt::format("\"{}\"", value));
      break;
    default:
      return std::nullopt;
  }
  if (!made.ok()) return std::nullopt;
  return std::move(made).value();
}

/// Reads with the schema at hand, negating on the way down.
class Reader {
 public:
  Reader(const Schema& schema, NameCase name_case) : schema_(schema), name_case_(name_case) {}

  Result<Filter> read(const JsonView& view, bool negated) const {
    if (view.json().is_boolean()) return Filter::always(view.json().get<bool>() != negated);
    TARN_RETURN_IF_ERROR(view.expect_object());
    TARN_ASSIGN_OR_RETURN(const std::string given, view.text("type"));
    const std::string type = plain(given);
    if (type == "true" || type == "false") return Filter::always((type == "true") != negated);
    if (type == "literal") {
      TARN_ASSIGN_OR_RETURN(const bool truth, view.boolean("value"));
      return Filter::always(truth != negated);
    }
    if (type == "not") {
      TARN_ASSIGN_OR_RETURN(const JsonView child, view.member("child"));
      return read(child, !negated);
    }
    if (type == "and" || type == "or") {
      TARN_ASSIGN_OR_RETURN(const JsonView left, view.member("left"));
      TARN_ASSIGN_OR_RETURN(const JsonView right, view.member("right"));
      TARN_ASSIGN_OR_RETURN(Filter one, read(left, negated));
      TARN_ASSIGN_OR_RETURN(Filter other, read(right, negated));
      const bool both = (type == "and") != negated;
      return both ? Filter::both(std::move(one), std::move(other))
                  : Filter::either(std::move(one), std::move(other));
    }
    const auto entry = std::find_if(kOperators.begin(), kOperators.end(),
                                    [&](const OperatorName& item) { return item.name == type; });
    if (entry == kOperators.end()) return view.wrong(fmt::format("the operation `{}` is not known", given));
    return predicate(view, negated ? entry->negated : entry->op);
  }

 private:
  Result<Filter> predicate(const JsonView& view, Operator op) const {
    Predicate test{.op = op};
    TARN_ASSIGN_OR_RETURN(const JsonView term, view.member("term"));
    TARN_RETURN_IF_ERROR(read_term(term, test));
    if (op <= Operator::kNotNan) {
      const bool floats = test.type.id() == TypeId::kFloat || test.type.id() == TypeId::kDouble;
      if ((op == Operator::kIsNan || op == Operator::kNotNan) && !floats)
        return view.wrong("only a float or double can be NaN");
      return Filter::of(std::move(test));
    }
    if (!test.type.is_primitive() || test.type.id() == TypeId::kLater)
      return view.wrong(fmt::format("`{}` cannot be compared", test.column));
    const bool prefix = op == Operator::kStartsWith || op == Operator::kNotStartsWith;
    if (prefix && test.type.id() != TypeId::kString) return view.wrong("only a string starts with something");
    return is_set(op) ? read_set(view, std::move(test)) : read_value(view, std::move(test));
  }

  Status read_term(const JsonView& view, Predicate& test) const {
    std::string name;
    if (view.json().is_string()) {
      TARN_ASSIGN_OR_RETURN(name, view.as_text());
    } else {
      TARN_RETURN_IF_ERROR(view.expect_object());
      TARN_ASSIGN_OR_RETURN(const std::string type, view.text("type"));
      TARN_ASSIGN_OR_RETURN(const JsonView term, view.member("term"));
      // A transform of a transform is not known to the specification.
      TARN_ASSIGN_OR_RETURN(name, term.json().is_object() ? term.text("term") : term.as_text());
      if (type == "transform") {
        TARN_ASSIGN_OR_RETURN(const std::string transform, view.text("transform"));
        TARN_ASSIGN_OR_RETURN(test.transform, Transform::parse(transform));
      } else if (type != "reference") {
        return view.wrong(fmt::format("a term of the type `{}` is not known", type));
      }
    }
    TARN_ASSIGN_OR_RETURN(const NestedField* field, find_field(schema_, name, name_case_));
    if (schema_.is_repeated(field->id)) return view.wrong("elements of lists and maps cannot be tested");
    test.column_id = field->id;
    test.column = schema_.name_of(field->id);
    test.type = field->type;
    if (test.transform.kind() != TransformKind::kIdentity) {
      TARN_ASSIGN_OR_RETURN(test.type, test.transform.result_type(field->type));
    }
    return ok_status();
  }

  static Result<Literal> literal(const Type& type, const JsonView& view) {
    // Some clients wrap values.
    if (const auto inner = view.find("value"); inner && view.json().is_object()) return literal(type, *inner);
    if (auto counted = literal_of_number(type, view.json())) return *std::move(counted);
    TARN_ASSIGN_OR_RETURN(Literal value, literal_from(type, view));
    const bool nan = (type.id() == TypeId::kFloat && std::isnan(value.get<float>())) ||
                     (type.id() == TypeId::kDouble && std::isnan(value.get<double>()));
    if (nan) return view.wrong("NaN cannot be compared; use is-nan");
    return value;
  }

  // How a number beyond the range of a 32-bit column compares with its values: -1 when it is below them.
  static int beyond(const Type& type, const Json& number) {
    if (type.id() != TypeId::kInt || !number.is_number_integer()) return 0;
    if (number.is_number_unsigned() && number.get<std::uint64_t>() > INT32_MAX) return 1;
    const auto value = number.get<std::int64_t>();
    return value > INT32_MAX ? 1 : value < INT32_MIN ? -1 : 0;
  }

  static Result<Filter> read_value(const JsonView& view, Predicate test) {
    TARN_ASSIGN_OR_RETURN(const JsonView member, view.member("value"));
    if (const int side = beyond(test.type, member.json()); side != 0) {
      const bool less = test.op == Operator::kLt || test.op == Operator::kLtEq;
      const bool greater = test.op == Operator::kGt || test.op == Operator::kGtEq;
      const bool holds = test.op == Operator::kNotEq || (less && side > 0) || (greater && side < 0);
      if (!holds) return Filter::always(false);
      test.op = Operator::kNotNull;
      return Filter::of(std::move(test));
    }
    TARN_ASSIGN_OR_RETURN(Literal value, literal(test.type, member));
    test.values.push_back(std::move(value));
    return Filter::of(std::move(test));
  }

  static Result<Filter> read_set(const JsonView& view, Predicate test) {
    TARN_ASSIGN_OR_RETURN(const JsonView members, view.member("values"));
    TARN_RETURN_IF_ERROR(members.expect_array());
    for (std::size_t index = 0; index < members.size(); ++index) {
      const JsonView member = members.element(index);
      if (beyond(test.type, member.json()) != 0) continue;
      TARN_ASSIGN_OR_RETURN(Literal value, literal(test.type, member));
      test.values.push_back(std::move(value));
    }
    if (test.values.empty()) return Filter::always(test.op == Operator::kNotIn);
    return Filter::of(std::move(test));
  }

  const Schema& schema_;
  const NameCase name_case_;
};

Json json_of(const Predicate& test) {
  Json json = {{"type", entry_of(test.op).name}};
  if (test.transform.kind() == TransformKind::kIdentity) {
    json["term"] = test.column;
  } else {
    json["term"] = {{"type", "transform"}, {"transform", test.transform.to_string()}, {"term", test.column}};
  }
  if (is_set(test.op)) {
    json["values"] = Json::array();
    for (const Literal& value : test.values) json["values"].push_back(json_of(value));
  } else if (!test.values.empty()) {
    json["value"] = json_of(test.values.front());
  }
  return json;
}

}  // namespace

Result<Filter> filter_from(const JsonView& view, const Schema& schema, NameCase name_case) {
  return Reader(schema, name_case).read(view.with_code(kBadFilter), false);
}

Json json_of(const Filter& filter) {
  switch (filter.kind) {
    case Filter::Kind::kTrue:
      return true;
    case Filter::Kind::kFalse:
      return false;
    case Filter::Kind::kPredicate:
      return json_of(filter.predicate);
    default:
      break;
  }
  // Two at a time, as the specification has them.
  Json json = json_of(filter.children.back());
  for (std::size_t left = filter.children.size() - 1; left > 0; --left) {
    json = {{"type", filter.kind == Filter::Kind::kAnd ? "and" : "or"},
            {"left", json_of(filter.children[left - 1])},
            {"right", std::move(json)}};
  }
  return json;
}

}  // namespace tarn::iceberg
