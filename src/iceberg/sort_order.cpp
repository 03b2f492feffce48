#include "iceberg/sort_order.h"

#include <fmt/format.h>

#include "iceberg/errors.h"

namespace tarn::iceberg {

Result<SortOrder> SortOrder::bind(const Schema& schema, std::span<const SortTerm> terms) {
  SortOrder order{.order_id = terms.empty() ? 0 : 1};
  for (const SortTerm& term : terms) {
    const NestedField* source = schema.find(term.column);
    if (source == nullptr) return Error(kColumnNotFound, fmt::format("there is no column `{}`", term.column));
    order.fields.push_back({term.transform, source->id, term.direction, term.null_order});
  }
  TARN_RETURN_IF_ERROR(order.validate(schema));
  return order;
}

Status SortOrder::validate(const Schema& schema) const {
  if ((order_id == 0) != fields.empty())
    return Error(kBadSortOrder, "the order of id 0 is the unsorted one, and no other has no fields");
  for (const SortField& field : fields) {
    const NestedField* source = schema.find(field.source_id);
    if (source == nullptr) return Error(kBadSortOrder, fmt::format("there is no column {}", field.source_id));
    if (!source->type.is_primitive() || schema.is_repeated(field.source_id)) {
      return Error(kBadSortOrder, fmt::format("`{}` is nested or repeated and cannot be sorted by",
                                              schema.name_of(field.source_id)));
    }
    TARN_RETURN_IF_ERROR(field.transform.result_type(source->type));
  }
  return {};
}

}  // namespace tarn::iceberg
