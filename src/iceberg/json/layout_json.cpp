#include <fmt/format.h>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"

// Partition specs and sort orders (Iceberg spec, Appendix C).
namespace tarn::iceberg {
namespace {

/// v3 allows several sources; transforms of more than one are not defined yet.
Result<std::int32_t> source_id_from(const JsonView& view) {
  if (const auto ids = view.find("source-ids"); ids && !view.find("source-id")) {
    TARN_ASSIGN_OR_RETURN(const std::vector<std::int32_t> list, ids->as_int32_list());
    if (list.size() != 1) return ids->wrong("a transform of several columns is not supported");
    return list.front();
  }
  return view.int32("source-id");
}

Result<Transform> transform_from(const JsonView& view) {
  TARN_ASSIGN_OR_RETURN(const std::string text, view.text("transform"));
  auto transform = Transform::parse(text);
  if (!transform.ok()) return view.wrong(transform.error().message());
  return transform;
}

}  // namespace

Json json_of_fields(const PartitionSpec& spec) {
  Json list = Json::array();
  for (const PartitionField& field : spec.fields) {
    list.push_back({{"source-id", field.source_id},
                    {"field-id", field.field_id},
                    {"name", field.name},
                    {"transform", field.transform.to_string()}});
  }
  return list;
}

Json json_of(const PartitionSpec& spec) {
  return {{"spec-id", spec.spec_id}, {"fields", json_of_fields(spec)}};
}

Json json_of(const SortOrder& order) {
  Json list = Json::array();
  for (const SortField& field : order.fields) {
    list.push_back(
        {{"transform", field.transform.to_string()},
         {"source-id", field.source_id},
         {"direction", field.direction == SortDirection::kAscending ? "asc" : "desc"},
         {"null-order", field.null_order == NullOrder::kNullsFirst ? "nulls-first" : "nulls-last"}});
  }
  return {{"order-id", order.order_id}, {"fields", std::move(list)}};
}

Result<PartitionSpec> partition_fields_from(std::int32_t spec_id, const JsonView& outer) {
  const JsonView list = outer.with_code(kBadPartitionSpec);
  TARN_RETURN_IF_ERROR(list.expect_array());
  PartitionSpec spec{.spec_id = spec_id, .fields = {}};
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonView view = list.element(i);
    PartitionField field;
    TARN_ASSIGN_OR_RETURN(field.source_id, source_id_from(view));
    TARN_ASSIGN_OR_RETURN(field.name, view.text("name"));
    TARN_ASSIGN_OR_RETURN(field.transform, transform_from(view));
    TARN_ASSIGN_OR_RETURN(const std::optional<std::int32_t> id, view.optional_int32("field-id"));
    // v1 writers did not number the fields, and meant 1000, 1001, …
    field.field_id = id.value_or(kFirstPartitionFieldId + static_cast<std::int32_t>(i));
    spec.fields.push_back(std::move(field));
  }
  return spec;
}

Result<PartitionSpec> partition_spec_from(const JsonView& outer) {
  const JsonView view = outer.with_code(kBadPartitionSpec);
  TARN_RETURN_IF_ERROR(view.expect_object());
  TARN_ASSIGN_OR_RETURN(const std::optional<std::int32_t> id, view.optional_int32("spec-id"));
  TARN_ASSIGN_OR_RETURN(const JsonView fields, view.member("fields"));
  return partition_fields_from(id.value_or(0), fields);
}

Result<SortOrder> sort_order_from(const JsonView& outer) {
  const JsonView view = outer.with_code(kBadSortOrder);
  TARN_RETURN_IF_ERROR(view.expect_object());
  SortOrder order;
  TARN_ASSIGN_OR_RETURN(order.order_id, view.int32("order-id"));
  TARN_ASSIGN_OR_RETURN(const JsonView list, view.member("fields"));
  TARN_RETURN_IF_ERROR(list.expect_array());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonView item = list.element(i);
    SortField field;
    TARN_ASSIGN_OR_RETURN(field.transform, transform_from(item));
    TARN_ASSIGN_OR_RETURN(field.source_id, source_id_from(item));
    TARN_ASSIGN_OR_RETURN(const std::string direction, item.text("direction"));
    TARN_ASSIGN_OR_RETURN(const std::string nulls, item.text("null-order"));
    if (direction != "asc" && direction != "desc") return item.wrong("the direction is asc or desc");
    if (nulls != "nulls-first" && nulls != "nulls-last")
      return item.wrong("the order is nulls-first or nulls-last");
    field.direction = direction == "asc" ? SortDirection::kAscending : SortDirection::kDescending;
    field.null_order = nulls == "nulls-first" ? NullOrder::kNullsFirst : NullOrder::kNullsLast;
    order.fields.push_back(std::move(field));
  }
  if ((order.order_id == 0) != order.fields.empty())
    return view.wrong("the order of id 0 is the unsorted one, and no other has no fields");
  return order;
}

std::string PartitionSpec::to_json() const {
  return dump_json(json_of(*this));
}
std::string PartitionSpec::fields_to_json() const {
  return dump_json(json_of_fields(*this));
}

Result<PartitionSpec> PartitionSpec::from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return partition_spec_from(JsonView(value, kBadPartitionSpec));
}

Result<PartitionSpec> PartitionSpec::from_fields_json(std::int32_t spec_id, std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return partition_fields_from(spec_id, JsonView(value, kBadPartitionSpec));
}

std::string SortOrder::to_json() const {
  return dump_json(json_of(*this));
}

Result<SortOrder> SortOrder::from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return sort_order_from(JsonView(value, kBadSortOrder));
}

}  // namespace tarn::iceberg
