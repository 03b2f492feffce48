#pragma once

#include <optional>
#include <utility>

#include "base/result.h"
#include "catalog/errors.h"

namespace tarn::catalog {

/// For whoever walks a listing: what was dropped or renamed since is nothing instead of an error.
template <class T>
Result<std::optional<T>> if_present(Result<T> loaded) {
  if (loaded.ok()) return std::optional<T>(*std::move(loaded));
  const std::string_view code = loaded.error().name();
  if (code == kTableNotFound.name || code == kViewNotFound.name) return std::optional<T>();
  return std::move(loaded).error();
}

}  // namespace tarn::catalog
