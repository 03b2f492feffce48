#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/encoding.h"

namespace tarn::discover {

/// The encoding to write into the contract (kAuto where the mark or UTF-8 speaks for itself), and what there
/// is to say about it.
struct EncodingGuess {
  format::Encoding encoding = format::Encoding::kAuto;
  std::vector<std::string> remarks;
};
EncodingGuess guess_encoding(std::string_view bytes);

}  // namespace tarn::discover
