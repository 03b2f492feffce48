#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "format/csv.h"
#include "ingest/read/compiled_feed.h"
#include "ingest/read/member_sink.h"

namespace tarn::ingest {

/// Without the blanks and tabs around it.
std::string_view trimmed(std::string_view text);

/// Where the fields of a delimited record go.
struct FieldBinding {
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
  struct Extra {
    std::size_t field = 0;
    std::string source;  ///< As DriftSource's.
    std::string name;
  };

  explicit FieldBinding(const CompiledFeed& compiled) : feed(compiled) {}
  /// By the contract's field numbers: for text without a header.
  void bind_numbers();
  /// By the header's names, in any order. False: the sink was told why the member is refused.
  bool bind_header(const format::CsvRecord& header, MemberSink& sink);

  const CompiledFeed& feed;
  std::vector<std::size_t> field_of_column;  ///< For each column of the contract its field, or kAbsent.
  std::vector<Extra> extras;                 ///< Fields that drift adds.
  std::size_t expected_fields = 0;

 private:
  bool check_unknown(const format::CsvRecord& header, const std::vector<bool>& used, MemberSink& sink);
  bool check_missing(const format::CsvRecord& header, MemberSink& sink);
};

}  // namespace tarn::ingest
