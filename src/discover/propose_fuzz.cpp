#include <cstdint>
#include <cstdlib>

#include "discover/errors.h"
#include "discover/propose.h"

// Whatever the samples are, the proposal passes its own check or there is an error that names the sample.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const tarn::discover::SampleFile samples[] = {{"in/sample_1.csv", bytes}};
  const auto proposal = tarn::discover::propose(samples, {.max_records = 500});
  if (!proposal.ok() && proposal.error().name() == tarn::discover::kBadProposal.name) std::abort();
  return 0;
}
