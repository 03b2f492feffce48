#include "iceberg/filter/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// The fields of this name in lower case.
void collect(std::span<const NestedField> fields, const std::string& prefix, const std::string& name,
             std::vector<const NestedField*>& found) {
  for (const NestedField& field : fields) {
    const std::string path = prefix + lower_case(field.name);
    if (path == name) found.push_back(&field);
    if (name.starts_with(path + ".")) collect(field.type.fields(), path + ".", name, found);
  }
}

}  // namespace

Filter Filter::joined(Kind kind, Filter one, Filter other) {
  const Kind neutral = kind == Kind::kAnd ? Kind::kTrue : Kind::kFalse;
  const Kind decisive = kind == Kind::kAnd ? Kind::kFalse : Kind::kTrue;
  if (one.kind == decisive || other.kind == neutral) return one;
  if (other.kind == decisive || one.kind == neutral) return other;
  Filter filter{.kind = kind};
  for (Filter* part : {&one, &other}) {
    if (part->kind == kind) {
      std::move(part->children.begin(), part->children.end(), std::back_inserter(filter.children));
    } else {
      filter.children.push_back(std::move(*part));
    }
  }
  return filter;
}

Result<const NestedField*> find_field(const Schema& schema, const std::string& name, NameCase name_case) {
  const NestedField* field = nullptr;
  if (name_case == NameCase::kSensitive) {
    field = schema.find(std::string_view(name));
  } else {
    std::vector<const NestedField*> found;
    collect(schema.fields(), "", lower_case(name), found);
    if (found.size() > 1)
      return Error(kColumnNotFound, fmt::format("several columns are called `{}` but for the case", name));
    field = found.empty() ? nullptr : found.front();
  }
  if (field == nullptr) return Error(kColumnNotFound, fmt::format("Cannot find field '{}'", name));
  return field;
}

}  // namespace tarn::iceberg
