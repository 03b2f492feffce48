#include "ingest/read/field_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "ingest/drift/drift_columns.h"
#include "ingest/errors.h"

namespace tarn::ingest {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

namespace {

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

}  // namespace

void FieldBinding::bind_numbers() {
  field_of_column.clear();
  extras.clear();
  expected_fields = 0;
  for (const project::ColumnSpec& column : feed.spec->columns) {
    const std::size_t number = project::parse_column_number(*column.from).value_or(1);
    field_of_column.push_back(number - 1);
    expected_fields = std::max(expected_fields, number);
  }
}

bool FieldBinding::bind_header(const format::CsvRecord& header, MemberSink& sink) {
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

bool FieldBinding::check_missing(const format::CsvRecord& header, MemberSink& sink) {
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

bool FieldBinding::check_unknown(const format::CsvRecord& header, const std::vector<bool>& used,
                                 MemberSink& sink) {
  std::set<std::string> sources;
  for (std::size_t field = 0; field < header.fields.size(); ++field) {
    if (used[field] || feed.spec->drift == project::Drift::kFreeze) continue;
    const std::string_view name = header.fields[field].text;
    if (feed.spec->drift == project::Drift::kEvolve) {
      std::size_t nth = 1;
      while (!sources.insert(repeated_source(trimmed(name), nth)).second) ++nth;
      extras.push_back({field, repeated_source(trimmed(name), nth), drift_name(name, "column_")});
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

}  // namespace tarn::ingest
