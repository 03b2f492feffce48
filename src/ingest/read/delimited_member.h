#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "ingest/read/compiled_feed.h"
#include "ingest/read/member_sink.h"

namespace tarn::ingest {

/// Reads csv and fixed-width members of one feed, record by record. Keeps its buffers; one thread at a time.
class DelimitedMemberReader {
 public:
  /// Errors: csv.bad_options.
  static Result<DelimitedMemberReader> make(const CompiledFeed& feed);
  DelimitedMemberReader(DelimitedMemberReader&&) noexcept;
  ~DelimitedMemberReader();

  /// Reads `bytes`. A large text is read by as many threads as there are sinks (one at least), each of which
  /// gets one stretch of the records, in their order. Errors are Tarn's own (out of memory); what is wrong
  /// with the data goes to the sinks.
  Status read(std::string_view bytes, std::span<MemberSink> sinks);

 private:
  struct State;
  explicit DelimitedMemberReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn::ingest
