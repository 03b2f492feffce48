#include "ingest/read/compiled_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ingest/table_shape.h"

namespace tarn::ingest {
namespace {

format::XmlNamespaces namespaces_of(const project::FeedSpec& feed) {
  return {feed.format.namespaces.begin(), feed.format.namespaces.end()};
}

Result<format::XmlPath> compile_path(const project::Located<std::string>& path,
                                     const format::XmlNamespaces& namespaces) {
  auto compiled = format::XmlPath::compile(*path, namespaces);
  if (!compiled.ok()) return std::move(compiled).error().with_span(path.span);
  return compiled;
}

// The least value whose truncation to a multiple of `width` the type holds (Iceberg spec, "Truncate Transform
// Details": towards the smaller, in the type itself).
Cell least_truncatable(const project::ColumnType& type, std::uint32_t width) {
  __extension__ using Wide = __int128;
  Wide magnitude = Wide{1} << (type.kind == project::TypeKind::kInt ? 31 : 63);
  if (type.kind == project::TypeKind::kDecimal) {
    magnitude = 1;
    for (std::int32_t digit = 0; digit < type.precision; ++digit) magnitude *= 10;
    --magnitude;
  }
  const Wide least = -(magnitude / width * width);
  Cell cell;
  cell.is_null = false;
  if (type.kind == project::TypeKind::kDecimal)
    cell.decimal = least;
  else
    cell.integer = static_cast<std::int64_t>(least);
  return cell;
}

Converter::Use use_of(const project::FeedSpec& feed, const project::ColumnSpec& column) {
  Converter::Use use;
  use.is_key = std::ranges::any_of(feed.key, [&column](const auto& key) { return *key == *column.name; });
  const bool is_number = column.type->kind == project::TypeKind::kInt ||
                         column.type->kind == project::TypeKind::kLong ||
                         column.type->kind == project::TypeKind::kDecimal;
  for (const auto& field : feed.partition) {
    if (!is_number || field->transform != project::Transform::kTruncate || field->column != *column.name)
      continue;
    use.least = least_truncatable(*column.type, field->parameter);
    use.least_rule = fmt::format(" as far as truncate({}, {}) can go", field->parameter, *column.name);
  }
  return use;
}

Result<CompiledGroup> compile_group(const std::vector<project::ColumnSpec>& columns,
                                    const project::FeedSpec& feed) {
  CompiledGroup group;
  for (const project::ColumnSpec& column : columns) {
    TARN_ASSIGN_OR_RETURN(auto converter, Converter::compile(column, feed.format, {}));
    group.members.push_back(std::move(converter));
    TARN_ASSIGN_OR_RETURN(auto path, compile_path(column.from, namespaces_of(feed)));
    TARN_RETURN_IF_ERROR(group.paths.add(std::move(path), format::XmlPathSet::Use::kValue));
  }
  return group;
}

// A list of scalars: each element's own text is the value.
Result<CompiledGroup> compile_scalar_list(const project::ColumnSpec& column, const project::FeedSpec& feed) {
  CompiledGroup group;
  project::ColumnSpec element = column;
  element.type = column.type->element_type();
  element.required = false;
  element.default_value.reset();
  TARN_ASSIGN_OR_RETURN(auto converter, Converter::compile(element, feed.format, {}));
  group.members.push_back(std::move(converter));
  TARN_ASSIGN_OR_RETURN(auto path, format::XmlPath::compile("."));
  TARN_RETURN_IF_ERROR(group.paths.add(std::move(path), format::XmlPathSet::Use::kValue));
  return group;
}

Status compile_xml(CompiledFeed& compiled, const project::FeedSpec& feed) {
  using Use = format::XmlPathSet::Use;
  const format::XmlNamespaces namespaces = namespaces_of(feed);
  if (!feed.format.record->empty()) {
    TARN_ASSIGN_OR_RETURN(compiled.record, compile_path(feed.format.record, namespaces));
  }
  for (std::size_t i = 0; i < feed.columns.size(); ++i) {
    const project::ColumnSpec& column = feed.columns[i];
    TARN_ASSIGN_OR_RETURN(auto path, compile_path(column.from, namespaces));
    const bool is_list = column.type->is_list();
    TARN_ASSIGN_OR_RETURN(compiled.columns[i].extraction,
                          compiled.paths.add(std::move(path), is_list ? Use::kNodes : Use::kValue));
    if (!is_list) continue;
    TARN_ASSIGN_OR_RETURN(compiled.columns[i].list, column.type->is_list_of_struct()
                                                        ? compile_group(column.columns, feed)
                                                        : compile_scalar_list(column, feed));
  }
  for (const project::ChildSpec& child : feed.children) {
    CompiledChild& added = compiled.children.emplace_back();
    TARN_ASSIGN_OR_RETURN(auto path, compile_path(child.from, namespaces));
    TARN_ASSIGN_OR_RETURN(added.extraction, compiled.paths.add(std::move(path), Use::kNodes));
    TARN_ASSIGN_OR_RETURN(added.group, compile_group(child.columns, feed));
    for (const auto& key : feed.key) {
      const auto at = std::ranges::find(compiled.column_names, *key);
      added.parent_columns.push_back(static_cast<std::size_t>(at - compiled.column_names.begin()));
      added.column_names.push_back(*key);
    }
    added.column_names.emplace_back(kOrdinal);
    for (const project::ColumnSpec& column : child.columns) added.column_names.push_back(*column.name);
  }
  return ok_status();
}

void set_options(CompiledFeed& compiled, const project::FeedSpec& feed) {
  const project::FeedLimits& limits = feed.limits;
  compiled.archive_limits = {.members = limits.members,
                             .member_size = limits.member_size,
                             .total_size = limits.total_size,
                             .ratio = limits.ratio};
  compiled.csv = {.delimiter = feed.format.delimiter,
                  .quote = feed.format.quote.value_or('\0'),
                  .escape = feed.format.escape,
                  .comment = feed.format.comment.value_or('\0'),
                  .skip_rows = feed.format.skip_rows,
                  .record_size = limits.record_size,
                  .field_size = limits.field_size,
                  .columns = static_cast<std::uint32_t>(limits.columns)};
  compiled.fixed = {.skip_rows = feed.format.skip_rows,
                    .comment = feed.format.comment.value_or('\0'),
                    .record_size = limits.record_size,
                    .field_size = limits.field_size,
                    .all_text = feed.drift != project::Drift::kFreeze};
  compiled.xml = {
      .encoding =
          format::parse_encoding(project::to_string(feed.format.encoding)).value_or(format::Encoding::kAuto),
      .depth = static_cast<std::uint32_t>(limits.depth),
      .attributes = static_cast<std::uint32_t>(limits.columns)};
}

}  // namespace

Result<CompiledFeed> CompiledFeed::compile(const project::FeedSpec& feed, std::size_t position) {
  CompiledFeed compiled;
  compiled.spec = &feed;
  compiled.position = position;
  for (const project::ColumnSpec& column : feed.columns) {
    TARN_ASSIGN_OR_RETURN(auto converter, Converter::compile(column, feed.format, use_of(feed, column)));
    compiled.columns.push_back({.converter = std::move(converter), .list = std::nullopt});
    compiled.column_names.push_back(*column.name);
    if (*feed.format.type == project::FormatType::kFixed) {
      TARN_ASSIGN_OR_RETURN(const format::FixedRange range, format::parse_fixed_range(*column.from));
      compiled.fixed_columns.push_back({range, false});
    }
  }
  set_options(compiled, feed);
  if (*feed.format.type == project::FormatType::kXml) TARN_RETURN_IF_ERROR(compile_xml(compiled, feed));
  return compiled;
}

}  // namespace tarn::ingest
