#include "discover/column_profile.h"

#include "format/values.h"

namespace tarn::discover {

void ColumnProfile::add(std::string_view text) {
  ++present_;
  if (format::trim_blanks(text).size() != text.size()) ++padded_;
  ++values_[std::string(text.substr(0, kMaxValue))];
}

ColumnProfile ColumnProfile::trimmed() const {
  ColumnProfile out;
  out.present_ = present_;
  out.absent_ = absent_;
  for (const auto& [text, count] : values_) out.values_[std::string(format::trim_blanks(text))] += count;
  return out;
}

}  // namespace tarn::discover
