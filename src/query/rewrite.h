#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::query {

/// A statement with some parts replaced, that still knows where each byte came from.
class Rewrite {
 public:
  explicit Rewrite(std::string_view original) : original_(original) {}

  /// Replaces [begin, end) of the original. Calls must come in order and not overlap.
  void replace(std::size_t begin, std::size_t end, std::string_view text);
  /// Call once, after the last replace().
  const std::string& finish();

  const std::string& text() const { return text_; }
  /// The byte of the original that a byte of text() comes from; of replaced parts their beginning.
  std::size_t to_original(std::size_t position) const;

 private:
  struct Part {
    std::size_t text_begin;
    std::size_t original_begin;
    bool copied;
  };
  void copy_until(std::size_t end);

  std::string_view original_;
  std::string text_;
  std::size_t copied_ = 0;
  std::vector<Part> parts_;
};

}  // namespace tarn::query
