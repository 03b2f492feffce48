#include "discover/sampling/delimited_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "discover/column_names.h"
#include "discover/errors.h"
#include "discover/sampling/dialect.h"
#include "discover/sampling/encoding_guess.h"
#include "discover/sampling/fixed_layout.h"
#include "format/values.h"

namespace tarn::discover {
namespace {

constexpr std::size_t kDialectBytes = std::size_t{1} << 20;

/// A column before its type is guessed.
struct RawColumn {
  std::string name;
  std::string from;
  ColumnProfile profile;
};

class DelimitedDraft {
 public:
  DelimitedDraft(const SampleSet& samples, const ProposeOptions& options, FeedDraft& draft)
      : samples_(samples), options_(options), draft_(draft) {}

  Status run() {
    const std::string text = decoded(samples_.documents.front(), true);
    const std::string_view head = std::string_view(text).substr(0, kDialectBytes);
    if (format::trim_blanks(head).empty()) return Error(kNoData, "the sample holds nothing but blanks");
    if (const auto dialect = detect_dialect(head)) {
      take_dialect(*dialect);
    } else if (const auto layout = detect_fixed(head)) {
      take_layout(*layout);
    } else {
      take_single(head);
    }
    read_documents();
    if (draft_.records == 0) return Error(kNoData, "the sample holds a header at most, and no record");
    finish();
    return ok_status();
  }

 private:
  /// The document as UTF-8, without a cut last line.
  std::string decoded(const Document& document, bool is_first) {
    std::string_view bytes = document.bytes;
    const bool is_cut = bytes.size() > options_.max_bytes;
    bytes = bytes.substr(0, options_.max_bytes);
    if (is_first) {
      EncodingGuess guess = guess_encoding(bytes);
      encoding_ = guess.encoding;
      if (guess.encoding == format::Encoding::kLatin1)
        draft_.feed.format.encoding = project::Encoding::kLatin1;
      if (guess.encoding == format::Encoding::kWindows1252)
        draft_.feed.format.encoding = project::Encoding::kWindows1252;
      for (const std::string& remark : guess.remarks) draft_.remark("format", remark);
    }
    std::string buffer;
    std::string text(format::without_end_mark(format::decode_text(bytes, encoding_, buffer).text));
    if (is_cut && text.rfind('\n') != std::string::npos) text.resize(text.rfind('\n') + 1);
    return text;
  }

  void add_column(const std::string& source_name, std::string from) {
    const std::string wanted = snake_case(source_name);
    columns_.push_back({take_name(names_, wanted), std::move(from), {}});
  }

  void take_dialect(const Dialect& dialect) {
    project::FormatSpec& format = draft_.feed.format;
    format.type = project::FormatType::kCsv;
    csv_ = dialect.options;
    format.delimiter = csv_.delimiter;
    format.quote = csv_.quote == '\0' ? std::nullopt : std::optional(csv_.quote);
    format.escape = csv_.escape == '\0' ? '"' : csv_.escape;
    if (csv_.comment != '\0') format.comment = csv_.comment;
    format.skip_rows = csv_.skip_rows;
    format.header = has_header_ = dialect.header;
    for (const std::string& remark : dialect.remarks) draft_.remark("format", remark);
    const std::size_t count = std::min<std::size_t>(dialect.columns, 4096);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name =
          i < dialect.names.size() ? std::string(format::trim_blanks(dialect.names[i])) : "";
      const bool by_name = dialect.header;
      add_column(name.empty() ? fmt::format("column_{}", i + 1) : name,
                 by_name ? name : std::to_string(i + 1));
    }
  }

  void take_layout(const FixedLayout& layout) {
    project::FormatSpec& format = draft_.feed.format;
    format.type = project::FormatType::kFixed;
    format.skip_rows = layout.skip_rows;
    ranges_ = layout.ranges;
    draft_.remark("format", "lines of one length: positions are where blanks part all of them, make sure");
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      const bool named = i < layout.names.size() && !layout.names[i].empty();
      add_column(named ? layout.names[i] : fmt::format("column_{}", i + 1),
                 fmt::format("{}-{}", ranges_[i].first, ranges_[i].last));
    }
  }

  /// Lines that nothing parts: one column, a list of values.
  void take_single(std::string_view head) {
    draft_.remark("format", "no delimiter was found: each line is one value");
    std::vector<std::vector<std::string>> rows;
    for (const std::string_view line : lines_of(head, 200)) rows.push_back({std::string(line)});
    const std::vector<std::vector<std::string>> rest(rows.begin() + 1, rows.end());
    has_header_ = rest.size() > 1 && is_header(rows.front(), rest);
    draft_.feed.format.header = has_header_;
    const std::string name = has_header_ ? rows.front().front() : "";
    add_column(name.empty() ? "line" : name, has_header_ ? std::string(format::trim_blanks(name)) : "1");
  }

  void read_documents() {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < samples_.documents.size(); ++i) {
      if (draft_.records >= options_.max_records || bytes >= options_.max_bytes) break;
      const std::string text = decoded(samples_.documents[i], false);
      bytes += text.size();
      if (*draft_.feed.format.type == project::FormatType::kFixed)
        read_fixed(text);
      else
        read_csv(text);
    }
  }

  void read_csv(std::string_view text) {
    auto reader = format::CsvReader::create(csv_);
    if (!reader.ok()) return;
    reader->reset(text, false);
    format::CsvRecord record;
    if (has_header_) reader->next(record);
    while (draft_.records < options_.max_records && reader->next(record)) {
      if (record.problem != nullptr) {
        ++bad_;
        continue;
      }
      if (record.fields.size() != columns_.size()) {
        ++ragged_;
        continue;
      }
      ++draft_.records;
      for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].profile.add(record.fields[i].text);
    }
  }

  void read_fixed(std::string_view text) {
    std::uint32_t skip = draft_.feed.format.skip_rows;
    for (const std::string_view line : lines_of(text, options_.max_records + 1)) {
      if (skip > 0) {
        --skip;
        continue;
      }
      ++draft_.records;
      for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].profile.add(cut(line, ranges_[i]));
    }
  }

  void finish() {
    if (bad_ > 0)
      draft_.remark("format", fmt::format("{} records do not parse: they go to quarantine", bad_));
    if (ragged_ > 0) {
      draft_.remark("format", fmt::format("{} records do not have {} fields: they go to quarantine", ragged_,
                                          columns_.size()));
    }
    trim_padded();
    GuessContext context;
    std::vector<ColumnGuess> guesses = guess_all(context);
    const bool month_first =
        std::ranges::any_of(guesses, [](const ColumnGuess& guess) { return guess.month_is_sure; });
    if (month_first) guesses = guess_all({.month_first = true});
    take_columns(std::move(guesses), draft_);
  }

  /// Blanks around values are trimmed where they are the rule in some column.
  void trim_padded() {
    if (*draft_.feed.format.type == project::FormatType::kFixed) return;
    const bool padded = std::ranges::any_of(columns_, [](const RawColumn& column) {
      return column.profile.padded() * 4 > column.profile.records();
    });
    if (!padded) return;
    draft_.feed.format.trim = true;
    draft_.remark("format", "many values have blanks around them, which are trimmed");
    for (RawColumn& column : columns_) column.profile = column.profile.trimmed();
  }

  std::vector<ColumnGuess> guess_all(const GuessContext& context) const {
    std::vector<ColumnGuess> guesses;
    for (const RawColumn& column : columns_) {
      guesses.push_back(guess_column(column.name, column.profile, context));
      guesses.back().column.from = column.from;
    }
    return guesses;
  }

  const SampleSet& samples_;
  const ProposeOptions& options_;
  FeedDraft& draft_;
  format::Encoding encoding_ = format::Encoding::kAuto;
  format::CsvOptions csv_;
  bool has_header_ = false;
  std::vector<project::CharacterRange> ranges_;
  std::vector<RawColumn> columns_;
  std::set<std::string> names_;
  std::uint64_t bad_ = 0;
  std::uint64_t ragged_ = 0;
};

}  // namespace

Status draft_delimited(const SampleSet& samples, const ProposeOptions& options, FeedDraft& draft) {
  return DelimitedDraft(samples, options, draft).run();
}

}  // namespace tarn::discover
