#pragma once

#include <string>
#include <string_view>

#include "iceberg/types.h"
#include "project/access_spec.h"

namespace tarn::query {

/// A mask over a value as the engine computes it.
struct MaskSql {
  std::string sql;
  bool is_text = false;  ///< The result is text, whatever the value's type was.
};

/// `value` is an expression of type `type`, which may stand in the result more than once. A mask that does
/// not fit the type gives NULL of that type. `key` is that of MaskKind::kHash, which is the first half of
/// HMAC-SHA-256 over the value's text, in hexadecimal digits: not to be told from a random one without the
/// key.
MaskSql mask_sql(std::string_view value, const iceberg::Type& type, const project::MaskSpec& mask,
                 std::string_view key);

/// Masks from the one that shows most to the one that shows least: the higher, the stricter.
int strictness(project::MaskKind kind);

}  // namespace tarn::query
