#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarn::query {

/// Names in quotes are kept where the engine has understood the statement. In one that was refused they may
/// be texts whose writer took the wrong quotes.
enum class QuotedNames : std::uint8_t { kKept, kHidden };

/// A statement for the audit: without the values in it, texts as `'?'` and numbers as `?`, without comments,
/// on one line, and cut where it is very long.
std::string redacted(std::string_view sql, QuotedNames names);

}  // namespace tarn::query
