#pragma once

#include <optional>

#include "iceberg/literal.h"
#include "iceberg/manifest.h"
#include "iceberg/transform.h"

namespace tarn::iceberg {

/// Whether it is a NaN.
bool is_nan(const Literal& value);

/// What is known of some rows' values of a column, or of a transform of it.
struct ValueRange {
  std::optional<Literal> lower = {};  ///< No value but nulls and NaNs is below …
  std::optional<Literal> upper = {};  ///< … or above.
  bool only_nulls = false;
  bool no_nulls = false;
  bool only_nans = false;
  bool no_nans = false;

  /// What both know of values of this type; bounds of another one, such as a column had before it was
  /// widened, are left out.
  void narrow(const ValueRange& other, const Type& type);
  /// False when the value cannot be among them.
  bool may_hold(const Literal& value) const;
  /// True when all of them are this value.
  bool is_only(const Literal& value) const;
};

/// Of a column of this type, from a data file's metrics (Iceberg spec, "Manifests").
ValueRange range_of_metrics(const DataFile& file, std::int32_t column_id, const Type& type);
/// Of a column, from the range of its transform: the values that the transform takes there. Empty for
/// transforms that keep no order.
ValueRange range_before(const Transform& transform, const Type& source, const ValueRange& transformed);
/// Of a transform, from the range of its column.
ValueRange range_after(const Transform& transform, const ValueRange& source);

}  // namespace tarn::iceberg
