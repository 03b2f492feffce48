#include "ingest/read/xml_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "format/errors.h"
#include "format/values.h"
#include "ingest/drift/drift_columns.h"
#include "ingest/errors.h"

namespace tarn::ingest {

struct XmlMemberReader::State {
  const CompiledFeed& feed;
  format::XmlDocument document;
  std::vector<format::XmlNode> records;
  format::XmlExtraction extraction;
  format::XmlExtraction nested;
  std::vector<format::XmlLeaf> leaves;
  std::deque<std::string> extra_names;
  std::vector<TableBuilder::ExtraValue> extras;
  Arena arena;
  RecordCells cells;
  ChildRows children;
  std::string field_rule;

  explicit State(const CompiledFeed& compiled)
      : feed(compiled), field_rule(fmt::format("limits: field_size: {}", compiled.spec->limits.field_size)) {
    children.children.resize(compiled.children.size());
  }

  bool trims() const { return feed.spec->format.trims(); }
  std::string_view trimmed(std::string_view text) const { return trims() ? format::trim_blanks(text) : text; }
  bool is_too_long(std::string_view text) const { return text.size() > feed.spec->limits.field_size; }
  Refusal refusal(const ErrorCode& code, format::XmlNode record, std::int64_t number);
  Violation convert(const Converter& converter, const format::XmlValue& value, Cell& cell);
  bool read_columns(format::XmlNode record, std::int64_t number, MemberSink& sink);
  bool read_group(const CompiledGroup& group, format::XmlNode element, format::XmlNode record,
                  std::int64_t number, std::vector<Cell>& out, MemberSink& sink);
  bool read_children(format::XmlNode record, std::int64_t number, MemberSink& sink);
  bool check_drift(format::XmlNode record, std::int64_t number, MemberSink& sink);
  std::string why_no_record();
  Status read_record(format::XmlNode record, std::int64_t number, MemberSink& sink);
};

Refusal XmlMemberReader::State::refusal(const ErrorCode& code, format::XmlNode record, std::int64_t number) {
  const format::TextPlace place = document.place(record);
  return {.code = &code,
          .record = number,
          .line = static_cast<std::int64_t>(place.line),
          .column = static_cast<std::int64_t>(place.column),
          .raw = document.raw(record)};
}

Violation XmlMemberReader::State::convert(const Converter& converter, const format::XmlValue& value,
                                          Cell& cell) {
  if (!value.present() || value.nil) return converter.absent(arena, cell);
  if (value.count > 1)
    return {
        .code = &kRepeated, .column = converter.column(), .rule = "at most one", .value = {}, .detail = {}};
  if (is_too_long(value.text)) {
    return {.code = &format::kXmlFieldTooLarge,
            .column = converter.column(),
            .rule = field_rule,
            .value = {},
            .detail = {}};
  }
  return converter.convert(trimmed(value.text), arena, cell);
}

bool XmlMemberReader::State::read_group(const CompiledGroup& group, format::XmlNode element,
                                        format::XmlNode record, std::int64_t number, std::vector<Cell>& out,
                                        MemberSink& sink) {
  group.paths.extract(document, element, nested);
  if (!nested.unknown.empty() && feed.spec->drift != project::Drift::kFreeze) {
    Refusal refused = refusal(kUnknownColumn, record, number);
    refused.rule = fmt::format("drift: {}", project::to_string(feed.spec->drift));
    refused.reason = fmt::format(
        "the repeated element `{}` has `{}`, which the contract does not know{}",
        document.path(element, record), format::path_of(document, nested.unknown.front(), element),
        feed.spec->drift == project::Drift::kEvolve ? " (drift adds columns, not members of lists)" : "");
    sink.refuse(refused);
    return false;
  }
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    Cell cell;
    if (const Violation violation = convert(group.members[i], nested.values[i], cell)) {
      Refusal refused = refusal(*violation.code, record, number);
      refused.field = fmt::format("{}/{}", document.path(element, record), violation.column);
      refused.rule = std::string(violation.rule);
      refused.reason = reason_of(violation);
      sink.refuse(refused);
      return false;
    }
    out.push_back(cell);
  }
  return true;
}

bool XmlMemberReader::State::read_columns(format::XmlNode record, std::int64_t number, MemberSink& sink) {
  cells.clear();
  cells.columns.resize(feed.columns.size());
  for (std::size_t i = 0; i < feed.columns.size(); ++i) {
    const CompiledColumn& column = feed.columns[i];
    Cell& cell = cells.columns[i];
    Violation violation;
    if (!column.list) {
      violation = convert(column.converter, extraction.values[column.extraction], cell);
    } else if (const auto& elements = extraction.nodes[column.extraction]; elements.empty()) {
      violation = column.converter.absent(arena, cell);
    } else {
      cell.is_null = false;
      cell.first = static_cast<std::uint32_t>(cells.elements.size());
      cell.count = static_cast<std::uint32_t>(elements.size());
      for (const format::XmlNode element : elements) {
        if (!read_group(*column.list, element, record, number, cells.elements, sink)) return false;
      }
    }
    if (!violation) continue;
    Refusal refused = refusal(*violation.code, record, number);
    refused.field = std::string(violation.column);
    refused.rule = std::string(violation.rule);
    refused.reason = reason_of(violation);
    sink.refuse(refused);
    return false;
  }
  return true;
}

bool XmlMemberReader::State::read_children(format::XmlNode record, std::int64_t number, MemberSink& sink) {
  for (std::size_t i = 0; i < feed.children.size(); ++i) {
    ChildRows::Rows& rows = children.children[i];
    rows.cells.clear();
    rows.count = 0;
    for (const format::XmlNode element : extraction.nodes[feed.children[i].extraction]) {
      if (!read_group(feed.children[i].group, element, record, number, rows.cells, sink)) return false;
      ++rows.count;
    }
  }
  return true;
}

bool XmlMemberReader::State::check_drift(format::XmlNode record, std::int64_t number, MemberSink& sink) {
  extras.clear();
  extra_names.clear();
  if (extraction.unknown.empty() || feed.spec->drift == project::Drift::kFreeze) return true;
  if (feed.spec->drift == project::Drift::kQuarantine) {
    Refusal refused = refusal(kUnknownColumn, record, number);
    refused.rule = "drift: quarantine";
    refused.reason = fmt::format("the record has `{}`, which the contract does not know",
                                 format::path_of(document, extraction.unknown.front(), record));
    sink.refuse(refused);
    return false;
  }
  leaves.clear();
  for (const format::XmlHit& hit : extraction.unknown) {
    // Text directly inside the record: the record's elements are columns already.
    if (hit.element == record && !hit.attribute)
      leaves.push_back({"text", "text()", document.text(record)});
    else
      format::append_leaves(document, hit, record, leaves);
  }
  for (const format::XmlLeaf& leaf : leaves) {
    std::string name = drift_name(leaf.path, "element_");
    if (std::ranges::find(extras, leaf.source, &TableBuilder::ExtraValue::source) != extras.end()) {
      Refusal refused = refusal(kRepeated, record, number);
      refused.field = name;
      refused.rule = "drift: evolve";
      refused.reason = fmt::format("`{}`, which the contract does not know, comes several times", leaf.path);
      sink.refuse(refused);
      return false;
    }
    if (is_too_long(leaf.text)) {
      Refusal refused = refusal(format::kXmlFieldTooLarge, record, number);
      refused.field = name;
      refused.rule = field_rule;
      refused.reason = fmt::format("`{}` has {} bytes", leaf.path, leaf.text.size());
      sink.refuse(refused);
      return false;
    }
    extras.push_back({leaf.source, extra_names.emplace_back(std::move(name)), trimmed(leaf.text)});
  }
  return true;
}

// The names may be there and the namespace another one, which is hard to see.
std::string XmlMemberReader::State::why_no_record() {
  const std::string& wanted = *feed.spec->format.record;
  std::string reason = fmt::format("the document has no element at `{}`", wanted);
  if (feed.spec->format.namespaces.empty()) return reason;
  std::string plain;
  for (std::size_t at = 0; at < wanted.size();) {
    const std::size_t end = std::min(wanted.find('/', at), wanted.size());
    const std::size_t colon = wanted.find(':', at);
    plain += wanted.substr(colon < end ? colon + 1 : at, end - (colon < end ? colon + 1 : at));
    if (end < wanted.size()) plain += '/';
    at = end + 1;
  }
  const auto path = format::XmlPath::compile(plain);
  if (!path.ok()) return reason;
  path->select(document, document.root(), records);
  if (records.empty()) return reason;
  const std::string_view uri = document.uri(records.front());
  records.clear();
  return reason + (uri.empty() ? ": there it has no namespace"
                               : fmt::format(": there it has the namespace `{}`", uri));
}

Status XmlMemberReader::State::read_record(format::XmlNode record, std::int64_t number, MemberSink& sink) {
  if (!sink.wants(number)) return ok_status();
  const std::uint64_t limit = feed.spec->limits.record_size;
  if (const std::size_t size = document.raw(record).size(); size > limit) {
    Refusal refused = refusal(format::kXmlRecordTooLarge, record, number);
    refused.rule = fmt::format("limits: record_size: {}", limit);
    refused.reason = fmt::format("the record's element has {} bytes", size);
    sink.refuse(refused);
    return ok_status();
  }
  arena.reset();
  feed.paths.extract(document, record, extraction);
  if (!check_drift(record, number, sink) || !read_columns(record, number, sink) ||
      !read_children(record, number, sink)) {
    return ok_status();
  }
  return sink.accept(number, cells, extras, children);
}

XmlMemberReader::XmlMemberReader(const CompiledFeed& feed) : state_(std::make_unique<State>(feed)) {}
XmlMemberReader::XmlMemberReader(XmlMemberReader&&) noexcept = default;
XmlMemberReader::~XmlMemberReader() = default;

Status XmlMemberReader::read(std::string_view bytes, MemberSink& sink) {
  State& state = *state_;
  if (const Status parsed = state.document.parse(bytes, state.feed.xml); !parsed.ok()) {
    const Error& error = parsed.error();
    Refusal refused{.code = &error.code(),
                    .level = state::QuarantineLevel::kMember,
                    .reason = error.message(),
                    .raw = bytes};
    if (error.span()) {
      refused.line = error.span()->line;
      refused.column = error.span()->column;
    }
    sink.refuse(refused);
    return ok_status();
  }
  state.records.clear();
  if (state.feed.record) {
    state.feed.record->select(state.document, state.document.root(), state.records);
  } else {
    state.records.push_back(state.document.root());
  }
  if (state.records.empty()) {
    sink.refuse({.code = &kNoRecord,
                 .level = state::QuarantineLevel::kMember,
                 .line = 1,
                 .rule = "record: " + *state.feed.spec->format.record,
                 .reason = state.why_no_record(),
                 .raw = bytes});
    return ok_status();
  }
  std::int64_t number = 0;
  for (const format::XmlNode record : state.records) {
    TARN_RETURN_IF_ERROR(state.read_record(record, ++number, sink));
  }
  return ok_status();
}

}  // namespace tarn::ingest
