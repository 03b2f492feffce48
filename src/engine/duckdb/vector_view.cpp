#include "engine/duckdb/vector_view.h"

namespace tarn::engine::internal {
namespace {

const TypeNode& tag_type() {
  static const TypeNode kTag = [] {
    TypeNode node;
    node.id = DUCKDB_TYPE_UTINYINT;
    return node;
  }();
  return kTag;
}

void open_struct(VectorView& view, const TypeNode& type, duckdb_vector vector) {
  const bool is_union = type.id == DUCKDB_TYPE_UNION;
  if (is_union) view.children.push_back(open_vector(tag_type(), duckdb_struct_vector_get_child(vector, 0)));
  for (std::size_t i = 0; i < type.children.size(); ++i) {
    const idx_t slot = is_union ? i + 1 : i;
    view.children.push_back(open_vector(type.children[i], duckdb_struct_vector_get_child(vector, slot)));
  }
}

}  // namespace

VectorView open_vector(const TypeNode& type, duckdb_vector vector) {
  VectorView view;
  view.type = &type;
  view.data = duckdb_vector_get_data(vector);
  view.validity = duckdb_vector_get_validity(vector);
  switch (type.id) {
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_UNION:
      open_struct(view, type, vector);
      break;
    case DUCKDB_TYPE_LIST:
      view.children.push_back(open_vector(type.children[0], duckdb_list_vector_get_child(vector)));
      break;
    case DUCKDB_TYPE_ARRAY:
      view.children.push_back(open_vector(type.children[0], duckdb_array_vector_get_child(vector)));
      break;
    case DUCKDB_TYPE_MAP: {
      // A map is a list of structs of a key and a value.
      const duckdb_vector pairs = duckdb_list_vector_get_child(vector);
      view.children.push_back(open_vector(type.children[0], duckdb_struct_vector_get_child(pairs, 0)));
      view.children.push_back(open_vector(type.children[1], duckdb_struct_vector_get_child(pairs, 1)));
      break;
    }
    default:
      break;
  }
  return view;
}

std::string_view VectorView::bytes(std::size_t row) const {
  // Not copied: short strings are stored in the vector itself.
  const auto* text = static_cast<const duckdb_string_t*>(data) + row;
  const std::uint32_t length = text->value.inlined.length;
  return length <= 12 ? std::string_view(text->value.inlined.inlined, length)
                      : std::string_view(text->value.pointer.ptr, length);
}

duckdb_list_entry VectorView::elements(std::size_t row) const {
  if (type->id == DUCKDB_TYPE_ARRAY) return {row * type->array_size, type->array_size};
  return value<duckdb_list_entry>(row);
}

Int128 VectorView::integer(std::size_t row) const {
  const bool stored = type->id == DUCKDB_TYPE_DECIMAL || type->id == DUCKDB_TYPE_ENUM;
  switch (stored ? type->storage : type->id) {
    case DUCKDB_TYPE_TINYINT:
      return value<std::int8_t>(row);
    case DUCKDB_TYPE_SMALLINT:
      return value<std::int16_t>(row);
    case DUCKDB_TYPE_INTEGER:
      return value<std::int32_t>(row);
    case DUCKDB_TYPE_BIGINT:
      return value<std::int64_t>(row);
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_BOOLEAN:
      return value<std::uint8_t>(row);
    case DUCKDB_TYPE_USMALLINT:
      return value<std::uint16_t>(row);
    case DUCKDB_TYPE_UINTEGER:
      return value<std::uint32_t>(row);
    case DUCKDB_TYPE_UBIGINT:
      return value<std::uint64_t>(row);
    case DUCKDB_TYPE_HUGEINT: {
      const auto wide = value<duckdb_hugeint>(row);
      return (static_cast<Int128>(wide.upper) << 64) | wide.lower;
    }
    default:
      return 0;
  }
}

}  // namespace tarn::engine::internal
