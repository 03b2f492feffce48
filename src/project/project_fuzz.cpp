#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "project/load.h"
#include "project/render.h"

// A contract of any bytes is read or refused; one that is read is written and read back equal. The first byte
// chooses between a feed and tarn.yaml.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::project;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  const EnvironmentLookup environment = [](std::string_view name) {
    return name == "SET" ? std::optional<std::string>("value") : std::nullopt;
  };
  if (text.starts_with("project:")) {
    render_outcome(load({{"tarn.yaml", text}}, environment), true);
    return 0;
  }
  const FeedOutcome outcome = load_feed({"feeds/fuzz.yaml", text}, environment);
  for (const tarn::Error& error : outcome.errors) render_diagnostic(error, false);
  for (const tarn::Error& warning : outcome.warnings) render_warning(warning, false);
  if (!outcome.feed) return 0;
  const std::string rendered = render_feed_yaml(*outcome.feed, {{"", "head\nline"}, {"table", text}});
  const FeedOutcome again = load_feed({"feeds/fuzz.yaml", rendered}, environment);
  if (!again.feed || *again.feed != *outcome.feed) std::abort();
  if (contract_fingerprint(*again.feed) != contract_fingerprint(*outcome.feed)) std::abort();
  return 0;
}
