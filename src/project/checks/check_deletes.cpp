#include <fmt/format.h>

#include <algorithm>

#include "project/checks/checks.h"
#include "project/checks/constants.h"
#include "project/errors.h"

namespace tarn::project {
namespace {

bool may_have_values(const ColumnType& type) {
  return type.is_integer() || type.kind == TypeKind::kString || type.kind == TypeKind::kBoolean;
}

/// Whether a value of the column may be that text: its `accepted` values say no other.
bool may_be(const ColumnSpec& column, const Constant& value) {
  return column.accepted.empty() || std::ranges::any_of(column.accepted, [&](const auto& accepted) {
           const Result<Constant> other = read_constant(*accepted, column);
           return other && *other == value;
         });
}

}  // namespace

DeleteValues delete_values(const ColumnSpec& column, const DeleteRule& rule) {
  DeleteValues values;
  for (const auto& text : rule.values) {
    const Result<Constant> value = read_constant(*text, column);
    if (!value) continue;  // check_delete_values() said so
    if (const auto* number = std::get_if<std::int64_t>(&*value)) values.numbers.push_back(*number);
    if (const auto* word = std::get_if<std::string>(&*value)) values.texts.push_back(*word);
  }
  return values;
}

void check_delete_values(const ColumnSpec& column, const DeleteRule& rule, Diagnostics& out) {
  const auto fail = [&](const ErrorCode& code, const SourceSpan& span, std::string message,
                        std::string hint) {
    out.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  };
  const std::string type = to_string(*column.type);
  if (!column.type->is_scalar()) {
    return fail(kBadDeleteRule, rule.column.span,
                fmt::format("`{}` is {}, not one value", *column.name, type), "choose a scalar column");
  }
  if (rule.values.empty()) {
    if (column.type->kind == TypeKind::kBoolean) {
      fail(kBadDeleteRule, rule.column.span,
           fmt::format("`{}` is boolean, and false would delete", *column.name),
           "add `values: [true]`, in the words of the source");
    } else if (column.required) {
      fail(kBadDeleteRule, rule.column.span,
           fmt::format("`{}` is required, so that every record would delete", *column.name),
           "add `values:` that mean a deletion, or let the column be null");
    }
    return;
  }
  if (!may_have_values(*column.type)) {
    return fail(
        kBadDeleteRule, rule.column.span,
        fmt::format("`{}` is {}, whose values cannot be listed", *column.name, type),
        "remove `values:`, so that any value but null deletes, or choose a text, boolean or integer column");
  }
  for (const auto& text : rule.values) {
    const Result<Constant> value = read_constant(*text, column);
    if (!value) {
      fail(value.error().code(), text.span, value.error().message(), value.error().hint());
    } else if (!may_be(column, *value)) {
      fail(kBadDeleteRule, text.span,
           fmt::format("`{}` is not among the `accepted` values of `{}`", *text, *column.name),
           "no record with it would ever be loaded: add it there, or correct it");
    }
  }
}

}  // namespace tarn::project
