// Any bytes as an Avro file: every record is walked by its own schema.
#include <cstdint>
#include <string_view>

#include "iceberg/binary/avro.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::iceberg;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)read_avro_file(
      bytes, [](const AvroHeader&) { return tarn::ok_status(); },
      [](AvroDecoder& in, const AvroNode& record) -> tarn::Status {
        in.skip(record);
        return {};
      });
  return 0;
}
