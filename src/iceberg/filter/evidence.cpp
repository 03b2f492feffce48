#include "iceberg/filter/evidence.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tarn::iceberg {
namespace {

enum class Truth : std::uint8_t { kNever, kSometimes, kAlways };

/// What is known of some rows: the ranges of a spec's partition fields, and the metrics of the file if it is
/// one.
class Evidence {
 public:
  Evidence(const PartitionSpec& spec, const Schema& schema, std::vector<ValueRange> fields,
           const DataFile* file)
      : spec_(spec), schema_(schema), fields_(std::move(fields)), file_(file) {}

  /// The filter without what is decided.
  Filter decide(const Filter& filter) const {
    if (filter.kind == Filter::Kind::kPredicate) return decide(filter.predicate);
    if (filter.kind != Filter::Kind::kAnd && filter.kind != Filter::Kind::kOr) return filter;
    const bool both = filter.kind == Filter::Kind::kAnd;
    Filter left = Filter::always(both);
    for (const Filter& child : filter.children) {
      left = both ? Filter::both(std::move(left), decide(child))
                  : Filter::either(std::move(left), decide(child));
    }
    return left;
  }

 private:
  Filter decide(const Predicate& test) const {
    const ValueRange range = range_of(test);
    Truth truth = Truth::kSometimes;
    switch (test.op) {
      case Operator::kEq:
      case Operator::kIn:
        return decide_membership(test, range);
      case Operator::kNotEq:
      case Operator::kNotIn:
        truth = outside(test, range);
        break;
      case Operator::kStartsWith:
      case Operator::kNotStartsWith:
        truth = begins(test, range);
        break;
      case Operator::kIsNull:
      case Operator::kNotNull:
        truth = of_flags(test.op == Operator::kIsNull, range.only_nulls, range.no_nulls);
        break;
      case Operator::kIsNan:
      case Operator::kNotNan:
        truth = of_flags(test.op == Operator::kIsNan, range.only_nans, range.no_nans || range.only_nulls);
        break;
      default:
        truth = ordered(test, range);
    }
    return truth == Truth::kSometimes ? Filter::of(test) : Filter::always(truth == Truth::kAlways);
  }

  ValueRange range_of(const Predicate& test) const {
    const bool identity = test.transform.kind() == TransformKind::kIdentity;
    const NestedField* column = schema_.find(test.column_id);
    ValueRange source;
    if (file_ != nullptr && column != nullptr)
      source = range_of_metrics(*file_, test.column_id, column->type);
    ValueRange range = identity ? source : range_after(test.transform, source);
    for (std::size_t index = 0; index < fields_.size(); ++index) {
      const PartitionField& field = spec_.fields[index];
      if (field.source_id != test.column_id || column == nullptr) continue;
      if (field.transform == test.transform) {
        range.narrow(fields_[index], test.type);
      } else if (identity) {
        range.narrow(range_before(field.transform, column->type, fields_[index]), test.type);
      }
    }
    return range;
  }

  // Whether a partition by bucket excludes the value.
  bool in_other_bucket(const Predicate& test, const Literal& value) const {
    if (test.transform.kind() != TransformKind::kIdentity) return false;
    for (std::size_t index = 0; index < fields_.size(); ++index) {
      const PartitionField& field = spec_.fields[index];
      if (field.source_id != test.column_id || field.transform.kind() != TransformKind::kBucket) continue;
      const auto bucket = field.transform.apply(value);
      if (bucket.ok() && *bucket && !fields_[index].may_hold(**bucket)) return true;
    }
    return false;
  }

  Filter decide_membership(const Predicate& test, const ValueRange& range) const {
    Predicate left = test;
    std::erase_if(left.values, [&](const Literal& value) {
      return !range.may_hold(value) || in_other_bucket(test, value);
    });
    if (left.values.empty()) return Filter::always(false);
    if (std::any_of(left.values.begin(), left.values.end(),
                    [&](const Literal& value) { return range.is_only(value); }))
      return Filter::always(true);
    return Filter::of(std::move(left));
  }

  // Engines do not agree on whether null differs from a value; where there may be nulls they decide.
  Truth outside(const Predicate& test, const ValueRange& range) const {
    const auto excluded = [&](const Literal& value) {
      return !range.may_hold(value) || in_other_bucket(test, value);
    };
    if (range.no_nulls && std::all_of(test.values.begin(), test.values.end(), excluded))
      return Truth::kAlways;
    const auto only = [&](const Literal& value) { return range.is_only(value); };
    return std::any_of(test.values.begin(), test.values.end(), only) ? Truth::kNever : Truth::kSometimes;
  }

  static Truth begins(const Predicate& test, const ValueRange& range) {
    const Literal& prefix = test.values.front();
    const auto& text = prefix.get<std::string>();
    const auto with_prefix = [&](const std::optional<Literal>& bound) {
      return bound && bound->get<std::string>().starts_with(text);
    };
    Truth truth = Truth::kSometimes;
    const bool above = range.lower && compare(*range.lower, prefix) > 0 && !with_prefix(range.lower);
    const bool below = range.upper && compare(*range.upper, prefix) < 0;
    if (range.only_nulls || above || below) truth = Truth::kNever;
    if (range.no_nulls && with_prefix(range.lower) && with_prefix(range.upper)) truth = Truth::kAlways;
    if (test.op == Operator::kStartsWith) return truth;
    if (truth == Truth::kNever) return range.no_nulls ? Truth::kAlways : Truth::kSometimes;
    return truth == Truth::kAlways ? Truth::kNever : truth;
  }

  static Truth of_flags(bool asked, bool all, bool none) {
    if (all) return asked ? Truth::kAlways : Truth::kNever;
    if (none) return asked ? Truth::kNever : Truth::kAlways;
    return Truth::kSometimes;
  }

  static Truth ordered(const Predicate& test, const ValueRange& range) {
    if (range.only_nulls || range.only_nans) return Truth::kNever;
    const Literal& value = test.values.front();
    const bool less = test.op == Operator::kLt || test.op == Operator::kLtEq;
    const bool equal = test.op == Operator::kLtEq || test.op == Operator::kGtEq;
    const auto holds = [&](const Literal& bound) {
      const std::partial_ordering order = compare(bound, value);
      return (equal && order == 0) || (less ? order < 0 : order > 0);
    };
    // The best value decides whether any matches, the worst one whether all do.
    const std::optional<Literal>& best = less ? range.lower : range.upper;
    const std::optional<Literal>& worst = less ? range.upper : range.lower;
    if (best && compare(*best, value) != std::partial_ordering::unordered && !holds(*best))
      return Truth::kNever;
    return worst && holds(*worst) && range.no_nulls && range.no_nans ? Truth::kAlways : Truth::kSometimes;
  }

  const PartitionSpec& spec_;
  const Schema& schema_;
  const std::vector<ValueRange> fields_;
  const DataFile* const file_;
};

ValueRange range_of(const std::optional<Literal>& value) {
  ValueRange range{.lower = value, .upper = value, .only_nulls = !value, .no_nulls = value.has_value()};
  range.no_nans = !value || !is_nan(*value);
  return range;
}

ValueRange range_of(const FieldSummary& summary, const Type& type) {
  ValueRange range;
  const auto bound = [&](const std::optional<std::string>& bytes) -> std::optional<Literal> {
    if (!bytes) return std::nullopt;
    auto value = Literal::from_binary(type, *bytes);
    return value.ok() ? std::optional(std::move(value).value()) : std::nullopt;
  };
  range.lower = bound(summary.lower_bound);
  range.upper = bound(summary.upper_bound);
  // Java's writers ordered uuids by signed halves.
  if (type.id() == TypeId::kUuid && !(range.lower && range.upper && *range.lower == *range.upper)) range = {};
  range.no_nulls = !summary.contains_null;
  const bool may_be_nan = summary.contains_nan.value_or(true);
  range.only_nulls = summary.contains_null && !summary.lower_bound && !may_be_nan;
  range.no_nans = !may_be_nan;
  return range;
}

}  // namespace

Filter residual(const Filter& filter, const DataFile& file, const PartitionSpec& spec, const Schema& schema) {
  std::vector<ValueRange> fields;
  for (const std::optional<Literal>& value : file.partition) fields.push_back(range_of(value));
  if (fields.size() != spec.fields.size())
    fields.clear();  // It is not of this spec, so that it says nothing.
  return Evidence(spec, schema, std::move(fields), &file).decide(filter);
}

bool may_match(const Filter& filter, const ManifestFile& manifest, const PartitionSpec& spec,
               const Type& partition_type, const Schema& schema) {
  if (manifest.partitions.size() != spec.fields.size() ||
      partition_type.fields().size() != spec.fields.size())
    return filter.kind != Filter::Kind::kFalse;
  std::vector<ValueRange> fields;
  for (std::size_t index = 0; index < spec.fields.size(); ++index)
    fields.push_back(range_of(manifest.partitions[index], partition_type.fields()[index].type));
  return Evidence(spec, schema, std::move(fields), nullptr).decide(filter).kind != Filter::Kind::kFalse;
}

}  // namespace tarn::iceberg
