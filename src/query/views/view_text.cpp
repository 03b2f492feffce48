#include "query/views/view_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/names.h"
#include "query/errors.h"

namespace tarn::query {

Result<ViewText> view_text(const iceberg::ViewMetadata& metadata) {
  const iceberg::ViewVersion* const version = metadata.version_by_id(metadata.current_version_id);
  if (version == nullptr) return Error(kUnreadableTable, "its metadata has no current version");
  std::string dialects;
  for (const iceberg::ViewRepresentation& one : version->representations) {
    if (one.dialect == kViewDialect)
      return ViewText{one.sql, fmt::format("{}", fmt::join(version->default_namespace, ".")),
                      version->default_catalog.value_or("")};
    dialects += (dialects.empty() ? "" : ", ") + one.dialect;
  }
  return Error(kUnreadableTable, fmt::format("it is written in the dialect of {}", dialects))
      .with_hint("CREATE OR REPLACE VIEW writes it for Tarn");
}

const iceberg::Schema& view_schema(const iceberg::ViewMetadata& metadata) {
  static const iceberg::Schema kNone;
  const iceberg::ViewVersion* const version = metadata.version_by_id(metadata.current_version_id);
  if (version == nullptr) return kNone;
  const auto found = std::ranges::find(metadata.schemas, version->schema_id, &iceberg::Schema::id);
  return found == metadata.schemas.end() ? kNone : *found;
}

iceberg::ViewVersion version_of(const ViewText& text) {
  iceberg::ViewVersion version;
  version.summary = {{"engine-name", "tarn"}};
  version.representations = {{text.sql, std::string(kViewDialect)}};
  if (!text.default_schema.empty())
    version.default_namespace = catalog::namespace_levels(text.default_schema);
  if (!text.database.empty()) version.default_catalog = text.database;
  return version;
}

}  // namespace tarn::query
