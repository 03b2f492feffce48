#include "query/rewrite.h"

#include "base/check.h"

namespace tarn::query {

void Rewrite::copy_until(std::size_t end) {
  TARN_CHECK(copied_ <= end && end <= original_.size());
  if (copied_ == end) return;
  parts_.push_back({text_.size(), copied_, true});
  text_ += original_.substr(copied_, end - copied_);
  copied_ = end;
}

void Rewrite::replace(std::size_t begin, std::size_t end, std::string_view text) {
  copy_until(begin);
  parts_.push_back({text_.size(), begin, false});
  text_ += text;
  copied_ = end;
}

const std::string& Rewrite::finish() {
  copy_until(original_.size());
  return text_;
}

std::size_t Rewrite::to_original(std::size_t position) const {
  std::size_t place = original_.size();
  for (const Part& part : parts_) {
    if (part.text_begin > position) break;
    place = part.copied ? part.original_begin + (position - part.text_begin) : part.original_begin;
  }
  return place;
}

}  // namespace tarn::query
