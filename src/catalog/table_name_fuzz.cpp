#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "catalog/names.h"

// Whatever is accepted as a name is harmless as a folder; whatever is refused has a message for a terminal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::catalog;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = text.find('\n');
  const tarn::TableName name = {std::string(text.substr(0, half)),
                                half == std::string_view::npos ? "" : std::string(text.substr(half + 1))};
  const tarn::Status checked = check_table_name(name);
  if (!checked.ok()) {
    TARN_CHECK(checked.error().message().find('\x1b') == std::string::npos);
    TARN_CHECK(checked.error().message().find('\n') == std::string::npos);
    return 0;
  }
  for (const std::string& part : {name.schema, name.name}) {
    const std::string folder = folder_name(part);
    TARN_CHECK(!folder.empty() && folder.size() <= 200 && folder.find('/') == std::string::npos);
    TARN_CHECK(folder.find("..") == std::string::npos && folder != ".");
    TARN_CHECK(folder_name(folder) == folder);
  }
  return 0;
}
