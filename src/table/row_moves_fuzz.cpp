// Any bytes as a file of moves: with a checksum that fits, so that the content is reached.
#include <cstdint>
#include <string>

#include "base/hash.h"
#include "table/maintenance/row_moves.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::table;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)moves_from_bytes(bytes);
  bytes.insert(0, "TRNMOVE1");
  const std::uint64_t checksum = tarn::xxh3_64(bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  (void)moves_from_bytes(bytes);
  return 0;
}
