#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "pgwire/values/copy_in.h"

/// Any bytes as the data of COPY … FROM STDIN: the same rows come out in whatever pieces it is sent. The
/// first byte says in which format and pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t kind = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  tarn::pgwire::CopyStatement copy;
  copy.is_from = true;
  copy.table = "t";
  if ((kind & 1) != 0) {
    copy.style = tarn::pgwire::CopyStatement::Style::kCsv;
    copy.delimiter = ',';
    copy.null_text = "";
    copy.escape = (kind & 2) != 0 ? '\\' : '"';
  }
  if ((kind & 3) == 2) copy.style = tarn::pgwire::CopyStatement::Style::kBinary;
  copy.header = (kind & 4) != 0;
  const auto hash_in_pieces = [&](std::size_t piece) {
    std::size_t hash = 0;
    // int4, text, numeric, bytea
    const auto reader = tarn::pgwire::make_copy_reader(
        copy, {23, 25, 1700, 17}, [&](tarn::pgwire::CopyFields fields, std::int64_t line) {
          hash = hash * 31 + static_cast<std::size_t>(line);
          for (const auto& field : fields)
            hash = hash * 31 + (field ? std::hash<std::string_view>()(*field) : std::size_t{1});
          return tarn::ok_status();
        });
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      if (!reader->add(bytes.substr(at, piece)).ok()) return std::size_t{1};
    }
    return reader->finish().ok() ? hash : std::size_t{1};
  };
  if (hash_in_pieces(1 + kind / 8) != hash_in_pieces(1 + bytes.size())) __builtin_trap();
  return 0;
}
