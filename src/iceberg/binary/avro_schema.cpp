#include "iceberg/binary/avro_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "iceberg/errors.h"
#include "iceberg/json/view.h"

namespace tarn::iceberg {
namespace {

/// Manifests need about a hundred; references to named types could make a small text stand for endless work.
constexpr std::uint64_t kMaxWeight = 4096;
constexpr std::int32_t kMaxFixedBytes = 1 << 20;

using NodePtr = std::shared_ptr<const AvroNode>;

constexpr std::array<std::pair<std::string_view, AvroKind>, 8> kPrimitives = {
    {{"null", AvroKind::kNull},
     {"boolean", AvroKind::kBoolean},
     {"int", AvroKind::kInt},
     {"long", AvroKind::kLong},
     {"float", AvroKind::kFloat},
     {"double", AvroKind::kDouble},
     {"bytes", AvroKind::kBytes},
     {"string", AvroKind::kString}}};

std::uint64_t fixed_part(AvroKind kind) {
  switch (kind) {
    case AvroKind::kNull:
    case AvroKind::kRecord:
      return 0;
    case AvroKind::kFloat:
      return 4;
    case AvroKind::kDouble:
      return 8;
    default:
      return 1;
  }
}

class SchemaParser {
 public:
  Result<NodePtr> parse(const JsonView& view, int depth = 0) {
    if (depth > kMaxTypeDepth) return view.wrong("the schema is nested too deeply");
    if (view.json().is_string()) return by_name(view, view.json().get_ref<const std::string&>());
    if (view.json().is_array()) return parse_union(view, depth);
    TARN_RETURN_IF_ERROR(view.expect_object());
    TARN_ASSIGN_OR_RETURN(const JsonView type, view.member("type"));
    // {"type": {"type": …}} and {"type": […]} are plain nestings.
    if (!type.json().is_string()) return parse(type, depth + 1);
    return parse_object(view, type.json().get_ref<const std::string&>(), depth);
  }

 private:
  Result<NodePtr> by_name(const JsonView& view, const std::string& name) {
    for (const auto& [known, kind] : kPrimitives) {
      if (name != known) continue;
      AvroNode node;
      node.kind = kind;
      return finish(view, std::move(node));
    }
    const auto at = named_.find(name);
    if (at == named_.end())
      return view.wrong(fmt::format("`{}` is no type, or names a type within itself", name));
    return at->second;
  }

  Result<NodePtr> parse_union(const JsonView& view, int depth) {
    AvroNode node;
    node.kind = AvroKind::kUnion;
    for (std::size_t i = 0; i < view.size(); ++i) {
      TARN_ASSIGN_OR_RETURN(NodePtr branch, parse(view.element(i), depth + 1));
      if (branch->kind == AvroKind::kUnion) return view.wrong("a union directly in a union");
      node.children.push_back(std::move(branch));
    }
    if (node.children.empty()) return view.wrong("a union without branches");
    return finish(view, std::move(node));
  }

  Result<NodePtr> parse_object(const JsonView& view, const std::string& type, int depth) {
    AvroNode node;
    TARN_ASSIGN_OR_RETURN(auto logical_type, view.optional_text("logicalType"));
    node.logical_type = std::move(logical_type).value_or("");
    if (const auto adjust = view.find("adjust-to-utc")) {
      TARN_ASSIGN_OR_RETURN(node.adjust_to_utc, adjust->as_bool());
    }
    if (node.logical_type == "decimal") {
      TARN_ASSIGN_OR_RETURN(node.precision, view.int32("precision"));
      TARN_ASSIGN_OR_RETURN(const auto scale, view.optional_int32("scale"));
      node.scale = scale.value_or(0);
    }
    if (type == "record") return parse_record(view, std::move(node), depth);
    if (type == "array" || type == "map") {
      node.kind = type == "array" ? AvroKind::kArray : AvroKind::kMap;
      TARN_ASSIGN_OR_RETURN(const JsonView items, view.member(type == "array" ? "items" : "values"));
      TARN_ASSIGN_OR_RETURN(NodePtr child, parse(items, depth + 1));
      node.children.push_back(std::move(child));
      return finish(view, std::move(node));
    }
    if (type == "fixed" || type == "enum") {
      node.kind = type == "fixed" ? AvroKind::kFixed : AvroKind::kEnum;
      TARN_ASSIGN_OR_RETURN(node.name, view.text("name"));
      if (node.kind == AvroKind::kFixed) {
        TARN_ASSIGN_OR_RETURN(node.size, view.int32("size"));
        if (node.size < 0 || node.size > kMaxFixedBytes)
          return view.wrong("the size of a fixed is out of range");
      }
      return finish_named(view, std::move(node));
    }
    TARN_ASSIGN_OR_RETURN(const NodePtr plain, by_name(view, type));
    if (node.logical_type.empty()) return plain;
    node.kind = plain->kind;
    node.name = plain->name;
    return finish(view, std::move(node));
  }

  Result<NodePtr> parse_record(const JsonView& view, AvroNode node, int depth) {
    node.kind = AvroKind::kRecord;
    TARN_ASSIGN_OR_RETURN(node.name, view.text("name"));
    TARN_ASSIGN_OR_RETURN(const JsonView fields, view.member("fields"));
    TARN_RETURN_IF_ERROR(fields.expect_array());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const JsonView item = fields.element(i);
      AvroField field;
      TARN_ASSIGN_OR_RETURN(field.name, item.text("name"));
      TARN_ASSIGN_OR_RETURN(field.field_id, item.optional_int32("field-id"));
      TARN_ASSIGN_OR_RETURN(const JsonView type, item.member("type"));
      TARN_ASSIGN_OR_RETURN(field.node, parse(type, depth + 1));
      node.fields.push_back(std::move(field));
    }
    return finish_named(view, std::move(node));
  }

  Result<NodePtr> finish_named(const JsonView& view, AvroNode node) {
    const std::string name = node.name;
    TARN_ASSIGN_OR_RETURN(NodePtr done, finish(view, std::move(node)));
    if (!named_.emplace(name, done).second)
      return view.wrong(fmt::format("the name `{}` is defined twice", name));
    return done;
  }

  static Result<NodePtr> finish(const JsonView& view, AvroNode node) {
    node.min_size_bytes =
        node.kind == AvroKind::kFixed ? static_cast<std::uint64_t>(node.size) : fixed_part(node.kind);
    for (const AvroField& field : node.fields) {
      node.weight += field.node->weight;
      node.min_size_bytes =
          std::min<std::uint64_t>(node.min_size_bytes + field.node->min_size_bytes, 1U << 30U);
    }
    for (const NodePtr& child : node.children) node.weight += child->weight;
    if (node.weight > kMaxWeight) return view.wrong("the schema is too large");
    return std::make_shared<const AvroNode>(std::move(node));
  }

  std::map<std::string, NodePtr, std::less<>> named_;
};

}  // namespace

std::optional<Type> AvroNode::primitive_type() const {
  switch (kind) {
    case AvroKind::kBoolean:
      return Type::boolean();
    case AvroKind::kInt:
      return logical_type == "date" ? Type::date() : Type::int32();
    case AvroKind::kLong:
      if (logical_type == "time-micros") return Type::time();
      if (logical_type == "timestamp-micros") return adjust_to_utc ? Type::timestamptz() : Type::timestamp();
      return Type::int64();
    case AvroKind::kFloat:
      return Type::float32();
    case AvroKind::kDouble:
      return Type::float64();
    case AvroKind::kString:
      return Type::string();
    case AvroKind::kBytes:
    case AvroKind::kFixed:
      if (logical_type == "decimal" && precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision)
        return Type::decimal(precision, scale);
      if (kind == AvroKind::kBytes) return Type::binary();
      if (logical_type == "uuid" && size == 16) return Type::uuid();
      return Type::fixed(size);
    default:
      return std::nullopt;
  }
}

Result<std::shared_ptr<const AvroNode>> parse_avro_schema(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return SchemaParser().parse(JsonView(value, kBadAvro));
}

}  // namespace tarn::iceberg
