#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "ingest/read/compiled_feed.h"
#include "ingest/read/member_sink.h"

namespace tarn::ingest {

/// Reads XML members of one feed, record by record. Keeps its buffers; one thread at a time.
class XmlMemberReader {
 public:
  explicit XmlMemberReader(const CompiledFeed& feed);
  XmlMemberReader(XmlMemberReader&&) noexcept;
  ~XmlMemberReader();

  /// Reads a document into the sink; a malformed one refuses the member. Errors are Tarn's own (out of
  /// memory).
  Status read(std::string_view bytes, MemberSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tarn::ingest
