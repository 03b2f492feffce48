// Any bytes as a manifest and as a manifest list; what was read must be writable or refused, and read back
// the same.
#include <cstdint>
#include <string_view>

#include "iceberg/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::iceberg;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto files = read_manifest_list(bytes); files.ok())
    (void)write_manifest_list(files.value(), {.snapshot_id = 1, .sequence_number = 1});
  const auto manifest = read_manifest(bytes, {.sequence_number = 7, .added_snapshot_id = 1});
  if (!manifest.ok()) return 0;
  auto writer = ManifestWriter::make(
      {.schema = manifest->schema, .spec = manifest->spec, .content = manifest->content, .snapshot_id = 1});
  if (!writer.ok()) return 0;
  for (const ManifestEntry& entry : manifest->entries) (void)writer->add(entry);
  const auto written = std::move(writer).value().finish();
  if (!written.ok() || !read_manifest(written->bytes, written->file).ok()) __builtin_trap();
  return 0;
}
