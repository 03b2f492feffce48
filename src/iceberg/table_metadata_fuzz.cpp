// Any text as table metadata; what was read is written and read back the same.
#include <cstdint>
#include <string_view>

#include "iceberg/table_metadata.h"
#include "iceberg/update.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::iceberg;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)update_from_json(text);
  (void)requirement_from_json(text);
  const auto table = TableMetadata::from_json(text);
  if (!table.ok()) return 0;
  const auto again = TableMetadata::from_json(table->to_json());
  if (!again.ok() || !(again.value() == table.value())) __builtin_trap();
  for (const PartitionSpec& spec : table->partition_specs) (void)spec.partition_type(table->current_schema());
  return 0;
}
