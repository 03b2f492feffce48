#include "ingest/read/delimited_member.h"

#include <fmt/format.h>

#include <deque>
#include <future>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "format/csv.h"
#include "format/encoding.h"
#include "format/errors.h"
#include "format/fixed_width.h"
#include "ingest/errors.h"
#include "ingest/read/field_binding.h"

namespace tarn::ingest {
namespace {

// A text is read in parts of at least this many bytes.
constexpr std::size_t kPartBytes = std::size_t{4} << 20;

/// Makes rows of records, into one sink. One thread at a time.
class RowMaker {
 public:
  explicit RowMaker(const FieldBinding& binding) : binding_(binding), feed_(binding.feed) {}

  template <typename Record>
  Status take(const Record& record, std::int64_t number, MemberSink& sink) {
    if (!sink.wants(number)) return ok_status();
    if (record.problem != nullptr) {
      sink.refuse({.code = record.problem,
                   .record = number,
                   .line = static_cast<std::int64_t>(record.line),
                   .column = static_cast<std::int64_t>(record.problem_column),
                   .rule = rule_of(*record.problem),
                   .reason = record.error().message(),
                   .raw = record.raw});
      return ok_status();
    }
    if constexpr (std::is_same_v<Record, format::CsvRecord>) {
      if (is_ragged(record, number, sink)) return ok_status();
    }
    arena_.reset();
    if (!convert(record, number, sink)) return ok_status();
    return sink.accept(number, cells_, extra_values_, no_children_);
  }

 private:
  std::string rule_of(const ErrorCode& problem) const;
  bool is_ragged(const format::CsvRecord& record, std::int64_t number, MemberSink& sink) const;
  bool is_cut(std::size_t column, std::string_view text) const;
  void refuse_cut(std::size_t column, const format::FixedRecord& record, std::int64_t number,
                  MemberSink& sink) const;
  template <typename Record>
  bool convert(const Record& record, std::int64_t number, MemberSink& sink);

  const FieldBinding& binding_;
  const CompiledFeed& feed_;
  Arena arena_;
  RecordCells cells_;
  ChildRows no_children_;
  std::vector<TableBuilder::ExtraValue> extra_values_;
};

// Text outside of the columns is a column that the contract does not know. It has no name, so that no drift
// can add it.
std::string RowMaker::rule_of(const ErrorCode& problem) const {
  if (&problem != &format::kFixedLongLine && &problem != &format::kFixedTextBetween) return {};
  return fmt::format("drift: {}", project::to_string(feed_.spec->drift));
}

bool RowMaker::is_ragged(const format::CsvRecord& record, std::int64_t number, MemberSink& sink) const {
  const std::size_t count = record.fields.size();
  // Without a header, fields beyond the contract's are columns it does not know.
  const bool ragged = feed_.spec->format.header || feed_.spec->drift == project::Drift::kQuarantine
                          ? count != binding_.expected_fields
                          : count < binding_.expected_fields;
  if (!ragged) return false;
  sink.refuse(
      {.code = &kRagged,
       .record = number,
       .line = static_cast<std::int64_t>(record.line),
       .rule = fmt::format("fields: {}", binding_.expected_fields),
       .reason = fmt::format("the row has {} fields where {} are expected", count, binding_.expected_fields),
       .raw = record.raw});
  return true;
}

// A line that ends inside a text may have lost blanks only; a number or a time that is cut would be another
// value.
bool RowMaker::is_cut(std::size_t column, std::string_view text) const {
  if (feed_.spec->columns[column].type->kind == project::TypeKind::kString) return false;
  const format::FixedRange& range = feed_.fixed_columns[column].range;
  return format::count_characters(text) < range.last - range.first + 1;
}

void RowMaker::refuse_cut(std::size_t column, const format::FixedRecord& record, std::int64_t number,
                          MemberSink& sink) const {
  const project::ColumnSpec& spec = feed_.spec->columns[column];
  sink.refuse({.code = &format::kFixedShortLine,
               .record = number,
               .line = static_cast<std::int64_t>(record.line),
               .field = *spec.name,
               .rule = "from: " + *spec.from,
               .reason = fmt::format("the line ends inside `{}`, whose value may be cut", *spec.name),
               .raw = record.raw});
}

template <typename Record>
bool RowMaker::convert(const Record& record, std::int64_t number, MemberSink& sink) {
  cells_.clear();
  cells_.columns.resize(feed_.columns.size());
  const bool trims = feed_.spec->format.trims();
  for (std::size_t column = 0; column < feed_.columns.size(); ++column) {
    const Converter& converter = feed_.columns[column].converter;
    const std::size_t field = binding_.field_of_column[column];
    Cell& cell = cells_.columns[column];
    bool present = field < record.fields.size();
    if constexpr (requires { record.fields[0].present; }) {
      present = present && record.fields[field].present;
      if (present && is_cut(column, record.fields[field].text)) {
        refuse_cut(column, record, number, sink);
        return false;
      }
    }
    const Violation violation =
        present ? converter.convert(trims ? trimmed(record.fields[field].text) : record.fields[field].text,
                                    arena_, cell)
                : converter.absent(arena_, cell);
    if (!violation) continue;
    sink.refuse({.code = violation.code,
                 .record = number,
                 .line = static_cast<std::int64_t>(record.line),
                 .field = std::string(violation.column),
                 .rule = std::string(violation.rule),
                 .reason = reason_of(violation),
                 .raw = record.raw});
    return false;
  }
  extra_values_.clear();
  for (const FieldBinding::Extra& extra : binding_.extras) {
    if (extra.field < record.fields.size() && !record.fields[extra.field].text.empty())
      extra_values_.push_back({extra.source, extra.name, record.fields[extra.field].text});
  }
  return true;
}

/// A stretch of a text between two records, and a reader that stands at its beginning.
template <typename Reader>
struct Part {
  Reader reader;
  std::int64_t records_before = 0;
  std::uint64_t end = 0;  ///< Records that begin here or later are the next part's.
};

constexpr std::uint64_t kTextEnd = std::numeric_limits<std::uint64_t>::max();

template <typename Record, typename Reader>
Status read_until(Reader& reader, std::int64_t records_before, std::uint64_t end, RowMaker& rows,
                  MemberSink& sink) {
  Record record;
  while (reader.next(record) && record.begin < end)
    TARN_RETURN_IF_ERROR(rows.take(record, ++records_before, sink));
  return ok_status();
}

}  // namespace

struct DelimitedMemberReader::State {
  const CompiledFeed& feed;
  std::optional<format::CsvReader> csv;
  std::optional<format::FixedWidthReader> fixed;
  std::string decoded;
  FieldBinding binding;
  std::deque<RowMaker> makers;  // one a thread

  explicit State(const CompiledFeed& compiled) : feed(compiled), binding(compiled) {
    makers.emplace_back(binding);
  }

  bool pass_header(const format::DecodedText& text, MemberSink& sink);
  template <typename Record, typename Reader>
  Status read_records(Reader& reader, std::size_t text_bytes, std::span<MemberSink> sinks);
};

bool DelimitedMemberReader::State::pass_header(const format::DecodedText& text, MemberSink& sink) {
  format::CsvRecord record;
  if (!csv->next(record)) {
    sink.refuse({.code = &kNoHeader, .level = state::QuarantineLevel::kMember, .line = 1, .raw = text.text});
    return false;
  }
  if (record.problem == nullptr) return binding.bind_header(record, sink);
  sink.refuse({.code = record.problem,
               .level = state::QuarantineLevel::kMember,
               .line = static_cast<std::int64_t>(record.line),
               .column = static_cast<std::int64_t>(record.problem_column),
               .reason = "the header: " + record.error().message(),
               .raw = record.raw});
  return false;
}

// Where records begin is found by the same reader that reads them, so that a text gives the same records in
// however many parts. This thread looks for the ends of the parts, and then reads the last one.
template <typename Record, typename Reader>
Status DelimitedMemberReader::State::read_records(Reader& reader, std::size_t text_bytes,
                                                  std::span<MemberSink> sinks) {
  const std::size_t count = std::clamp<std::size_t>(text_bytes / kPartBytes, 1, sinks.size());
  // Nearly all texts are small: for them no reader is copied.
  if (count == 1) return read_until<Record>(reader, 0, kTextEnd, makers.front(), sinks.front());
  while (makers.size() < count) makers.emplace_back(binding);
  Part<Reader> part{reader, 0, kTextEnd};
  std::vector<std::future<Status>> others;
  Record record;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    Part<Reader> next = part;
    while (next.reader.next(record)) {
      ++next.records_before;
      if (record.end < text_bytes * (i + 1) / count) continue;
      part.end = record.end;
      break;
    }
    const bool is_last = part.end == kTextEnd;
    others.push_back(std::async(std::launch::async, [&, i, mine = std::move(part)]() mutable {
      return read_until<Record>(mine.reader, mine.records_before, mine.end, makers[i], sinks[i]);
    }));
    part = std::move(next);
    if (is_last) break;
  }
  const std::size_t last = others.size();
  Status outcome = read_until<Record>(part.reader, part.records_before, part.end, makers[last], sinks[last]);
  for (std::future<Status>& other : others) {
    Status status = other.get();
    if (outcome.ok()) outcome = std::move(status);
  }
  return outcome;
}

DelimitedMemberReader::DelimitedMemberReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
DelimitedMemberReader::DelimitedMemberReader(DelimitedMemberReader&&) noexcept = default;
DelimitedMemberReader::~DelimitedMemberReader() = default;

Result<DelimitedMemberReader> DelimitedMemberReader::make(const CompiledFeed& feed) {
  auto state = std::make_unique<State>(feed);
  if (*feed.spec->format.type == project::FormatType::kCsv) {
    TARN_ASSIGN_OR_RETURN(auto reader, format::CsvReader::create(feed.csv));
    state->csv.emplace(std::move(reader));
  } else {
    state->fixed.emplace(feed.fixed, feed.fixed_columns);
    for (std::size_t i = 0; i < feed.columns.size(); ++i) state->binding.field_of_column.push_back(i);
  }
  return DelimitedMemberReader(std::move(state));
}

Status DelimitedMemberReader::read(std::string_view bytes, std::span<MemberSink> sinks) {
  State& state = *state_;
  const auto encoding = format::parse_encoding(project::to_string(state.feed.spec->format.encoding));
  const format::DecodedText text =
      format::decode_text(bytes, encoding.value_or(format::Encoding::kAuto), state.decoded);
  const std::string_view content = format::without_end_mark(text.text);
  if (state.fixed) {
    state.fixed->reset(content, text.is_clean);
    return state.read_records<format::FixedRecord>(*state.fixed, content.size(), sinks);
  }
  state.csv->reset(content, text.is_clean);
  if (!state.feed.spec->format.header) {
    state.binding.bind_numbers();
  } else if (!state.pass_header(text, sinks.front())) {
    return ok_status();
  }
  return state.read_records<format::CsvRecord>(*state.csv, content.size(), sinks);
}

}  // namespace tarn::ingest
