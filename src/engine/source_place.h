#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tarn::engine {

/// The place of the byte `offset` in `text`: line and column from 1 (columns count characters), with the
/// whole line. `length_bytes` is what to underline, cut at the line's end; 0 underlines the word or the
/// character there. An offset beyond the end is the end.
SourceSpan span_at(std::string_view text, std::size_t offset, std::size_t length_bytes,
                   std::string_view source);

/// The byte offset of a span's line and column in `text`; the text's size when it is not in it.
std::size_t offset_of(std::string_view text, const SourceSpan& span);

/// `name` with double quotes, inner ones doubled.
std::string quote_identifier(std::string_view name);
/// `text` as an SQL string literal.
std::string quote_literal(std::string_view text);

}  // namespace tarn::engine
