#include "ingest/read/delimited_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "format/csv.h"
#include "format/encoding.h"
#include "format/errors.h"
#include "format/fixed_width.h"
#include "ingest/errors.h"

namespace tarn::ingest {
namespace {

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string folded(std::string_view text) {
  std::string lower(trimmed(text));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string reason_unknown(const format::CsvRecord& header, std::size_t field) {
  const format::CsvField& name = header.fields[field];
  if (!trimmed(name.text).empty())
    return fmt::format("the header has a column `{}` that the contract does not know", name.text);
  const bool trails = field > 0 && field + 1 == header.fields.size() && !name.quoted;
  return fmt::format("the header's column {} has no name{}", field + 1,
                     trails ? ": a delimiter ends the line" : "");
}

// The column name that a header's text becomes when drift adds it.
std::string drift_name(std::string_view header) {
  std::string name;
  for (const char c : trimmed(header)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0)
      name += static_cast<char>(std::tolower(byte));
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name.insert(0, "column_");
  return name;
}

}  // namespace

struct DelimitedMemberReader::State {
  const CompiledFeed& feed;
  std::optional<format::CsvReader> csv;
  std::optional<format::FixedWidthReader> fixed;
  std::string decoded;
  Arena arena;
  RecordCells cells;
  ChildRows no_children;
  // Where the fields of a record go: for each column of the contract the position of its field, or kAbsent.
  std::vector<std::size_t> field_of_column;
  struct Extra {
    std::size_t field = 0;
    std::string name;
  };
  std::vector<Extra> extras;
  std::vector<TableBuilder::ExtraValue> extra_values;
  std::size_t expected_fields = 0;

  explicit State(const CompiledFeed& compiled) : feed(compiled) {}

  Status read_csv(const format::DecodedText& text, MemberSink& sink);
  Status read_fixed(const format::DecodedText& text, MemberSink& sink);
  bool bind_header(const format::CsvRecord& header, MemberSink& sink);
  void bind_numbers();
  bool check_unknown(const format::CsvRecord& header, const std::vector<bool>& used, MemberSink& sink);
  bool check_missing(const format::CsvRecord& header, MemberSink& sink);
  bool is_cut(std::size_t column, std::string_view text) const;
  void refuse_cut(std::size_t column, const format::FixedRecord& record, std::int64_t number,
                  MemberSink& sink) const;
  template <typename Record>
  Status take(const Record& record, std::int64_t number, MemberSink& sink);
  template <typename Record>
  bool convert(const Record& record, std::int64_t number, MemberSink& sink);
};

void DelimitedMemberReader::State::bind_numbers() {
  field_of_column.clear();
  extras.clear();
  expected_fields = 0;
  for (const project::ColumnSpec& column : feed.spec->columns) {
    const std::size_t number = project::parse_column_number(*column.from).value_or(1);
    field_of_column.push_back(number - 1);
    expected_fields = std::max(expected_fields, number);
  }
}

bool DelimitedMemberReader::State::bind_header(const format::CsvRecord& header, MemberSink& sink) {
  std::vector<bool> used(header.fields.size(), false);
  field_of_column.assign(feed.columns.size(), kAbsent);
  extras.clear();
  expected_fields = header.fields.size();
  const auto refuse = [&](const ErrorCode& code, std::string field, std::string reason) {
    sink.refuse({.code = &code,
                 .level = state::QuarantineLevel::kMember,
                 .line = static_cast<std::int64_t>(header.line),
                 .field = std::move(field),
                 .reason = std::move(reason),
                 .raw = header.raw});
    return false;
  };
  for (std::size_t column = 0; column < feed.columns.size(); ++column) {
    const std::string& wanted = *feed.spec->columns[column].from;
    std::size_t found = kAbsent;
    for (const bool exact : {true, false}) {
      for (std::size_t field = 0; field < header.fields.size(); ++field) {
        const std::string_view name = header.fields[field].text;
        if (exact ? name != wanted : folded(name) != folded(wanted)) continue;
        if (found != kAbsent) {
          return refuse(kDuplicateColumn, *feed.spec->columns[column].name,
                        fmt::format("the header names `{}` twice", wanted));
        }
        found = field;
      }
      if (found != kAbsent) break;
    }
    field_of_column[column] = found;
    if (found != kAbsent) used[found] = true;
  }
  return check_missing(header, sink) && check_unknown(header, used, sink);
}

bool DelimitedMemberReader::State::check_missing(const format::CsvRecord& header, MemberSink& sink) {
  for (std::size_t column = 0; column < feed.columns.size(); ++column) {
    if (field_of_column[column] != kAbsent) continue;
    const project::ColumnSpec& spec = feed.spec->columns[column];
    const bool needed = spec.required && !spec.default_value;
    if (!needed && (feed.spec->drift != project::Drift::kQuarantine || spec.default_value)) continue;
    sink.refuse({.code = &kMissingColumn,
                 .level = state::QuarantineLevel::kMember,
                 .line = static_cast<std::int64_t>(header.line),
                 .field = *spec.name,
                 .rule = needed ? "required" : "drift: quarantine",
                 .reason = fmt::format("the header has no column `{}`", *spec.from),
                 .raw = header.raw});
    return false;
  }
  return true;
}

bool DelimitedMemberReader::State::check_unknown(const format::CsvRecord& header,
                                                 const std::vector<bool>& used, MemberSink& sink) {
  for (std::size_t field = 0; field < header.fields.size(); ++field) {
    if (used[field] || feed.spec->drift == project::Drift::kFreeze) continue;
    const std::string_view name = header.fields[field].text;
    if (feed.spec->drift == project::Drift::kEvolve) {
      std::string column = drift_name(name);
      // An unknown header may sanitise to the name of a column that is there.
      const auto taken = [&] {
        return std::ranges::find(feed.column_names, column) != feed.column_names.end() ||
               std::ranges::find(extras, column, &Extra::name) != extras.end();
      };
      while (taken()) column += "_2";
      extras.push_back({field, std::move(column)});
      continue;
    }
    sink.refuse({.code = &kUnknownColumn,
                 .level = state::QuarantineLevel::kMember,
                 .line = static_cast<std::int64_t>(header.line),
                 .rule = "drift: quarantine",
                 .reason = reason_unknown(header, field),
                 .raw = header.raw});
    return false;
  }
  return true;
}

// A line that ends inside a text may have lost blanks only; a number or a time that is cut would be another
// value.
bool DelimitedMemberReader::State::is_cut(std::size_t column, std::string_view text) const {
  if (feed.spec->columns[column].type->kind == project::TypeKind::kString) return false;
  const format::FixedRange& range = feed.fixed_columns[column].range;
  return format::count_characters(text) < range.last - range.first + 1;
}

void DelimitedMemberReader::State::refuse_cut(std::size_t column, const format::FixedRecord& record,
                                              std::int64_t number, MemberSink& sink) const {
  const project::ColumnSpec& spec = feed.spec->columns[column];
  sink.refuse({.code = &format::kFixedShortLine,
               .record = number,
               .line = static_cast<std::int64_t>(record.line),
               .field = *spec.name,
               .rule = "from: " + *spec.from,
               .reason = fmt::format("the line ends inside `{}`, whose value may be cut", *spec.name),
               .raw = record.raw});
}

template <typename Record>
bool DelimitedMemberReader::State::convert(const Record& record, std::int64_t number, MemberSink& sink) {
  cells.clear();
  cells.columns.resize(feed.columns.size());
  const bool trims = feed.spec->format.trims();
  for (std::size_t column = 0; column < feed.columns.size(); ++column) {
    const Converter& converter = feed.columns[column].converter;
    const std::size_t field = field_of_column[column];
    Cell& cell = cells.columns[column];
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
                                    arena, cell)
                : converter.absent(arena, cell);
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
  extra_values.clear();
  for (const Extra& extra : extras) {
    if (extra.field < record.fields.size() && !record.fields[extra.field].text.empty()) {
      extra_values.push_back({extra.name, record.fields[extra.field].text});
    }
  }
  return true;
}

template <typename Record>
Status DelimitedMemberReader::State::take(const Record& record, std::int64_t number, MemberSink& sink) {
  if (!sink.wants(number)) return ok_status();
  if (record.problem != nullptr) {
    sink.refuse({.code = record.problem,
                 .record = number,
                 .line = static_cast<std::int64_t>(record.line),
                 .column = static_cast<std::int64_t>(record.problem_column),
                 .reason = record.error().message(),
                 .raw = record.raw});
    return ok_status();
  }
  arena.reset();
  if (!convert(record, number, sink)) return ok_status();
  return sink.accept(number, cells, extra_values, no_children);
}

Status DelimitedMemberReader::State::read_csv(const format::DecodedText& text, MemberSink& sink) {
  csv->reset(text.text, text.is_clean);
  format::CsvRecord record;
  std::int64_t number = 0;
  if (!feed.spec->format.header) {
    bind_numbers();
  } else {
    if (!csv->next(record)) {
      sink.refuse(
          {.code = &kNoHeader, .level = state::QuarantineLevel::kMember, .line = 1, .raw = text.text});
      return ok_status();
    }
    if (record.problem != nullptr) {
      sink.refuse({.code = record.problem,
                   .level = state::QuarantineLevel::kMember,
                   .line = static_cast<std::int64_t>(record.line),
                   .column = static_cast<std::int64_t>(record.problem_column),
                   .reason = "the header: " + record.error().message(),
                   .raw = record.raw});
      return ok_status();
    }
    if (!bind_header(record, sink)) return ok_status();
  }
  while (csv->next(record)) {
    ++number;
    const std::size_t count = record.fields.size();
    // Without a header, fields beyond the contract's are columns it does not know.
    const bool ragged = feed.spec->format.header || feed.spec->drift == project::Drift::kQuarantine
                            ? count != expected_fields
                            : count < expected_fields;
    if (record.problem == nullptr && ragged && sink.wants(number)) {
      sink.refuse(
          {.code = &kRagged,
           .record = number,
           .line = static_cast<std::int64_t>(record.line),
           .rule = fmt::format("fields: {}", expected_fields),
           .reason = fmt::format("the row has {} fields where {} are expected", count, expected_fields),
           .raw = record.raw});
      continue;
    }
    TARN_RETURN_IF_ERROR(take(record, number, sink));
  }
  return ok_status();
}

Status DelimitedMemberReader::State::read_fixed(const format::DecodedText& text, MemberSink& sink) {
  fixed->reset(text.text, text.is_clean);
  format::FixedRecord record;
  std::int64_t number = 0;
  while (fixed->next(record)) TARN_RETURN_IF_ERROR(take(record, ++number, sink));
  return ok_status();
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
    for (std::size_t i = 0; i < feed.columns.size(); ++i) state->field_of_column.push_back(i);
  }
  return DelimitedMemberReader(std::move(state));
}

Status DelimitedMemberReader::read(std::string_view bytes, MemberSink& sink) {
  const auto encoding = format::parse_encoding(project::to_string(state_->feed.spec->format.encoding));
  const format::DecodedText text =
      format::decode_text(bytes, encoding.value_or(format::Encoding::kAuto), state_->decoded);
  return state_->csv ? state_->read_csv(text, sink) : state_->read_fixed(text, sink);
}

}  // namespace tarn::ingest
