#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::query::postgres {

/// The elements of `{1,NULL,"a b"}` (PostgreSQL 15, "Array Input and Output Syntax"). Nothing for other
/// texts, and for arrays of more than one dimension.
std::optional<std::vector<std::optional<std::string>>> parse_array(std::string_view text);

}  // namespace tarn::query::postgres
