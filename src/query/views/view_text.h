#pragma once

#include <string>

#include "base/result.h"
#include "iceberg/view_metadata.h"

namespace tarn::query {

/// The dialect of views that SQL makes, in their metadata (Iceberg view spec, "SQL representation").
inline constexpr std::string_view kViewDialect = "tarn";

/// What a view says.
struct ViewText {
  std::string sql;             ///< As it was written.
  std::string default_schema;  ///< Of names without one; empty: none.
  std::string database = {};   ///< That names may have in front; empty: none.
};

/// Of the present version. Errors: sql.unreadable_table for one in another engine's dialect.
Result<ViewText> view_text(const iceberg::ViewMetadata& metadata);

/// The columns of the present version.
const iceberg::Schema& view_schema(const iceberg::ViewMetadata& metadata);

/// A version that says this, made by `engine`.
iceberg::ViewVersion version_of(const ViewText& text);

}  // namespace tarn::query
