#include "discover/sampling/xml_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "discover/column_names.h"
#include "discover/errors.h"
#include "discover/sampling/xml_shape.h"
#include "discover/xml_columns.h"
#include "format/xml_path.h"

namespace tarn::discover {
namespace {

/// Namespaces of elements (by uri, with the prefix first written) and whether any is written with a prefix.
struct NamespaceUse {
  std::vector<std::pair<std::string, std::string>> uris;  ///< uri, prefix; in the order first seen.
  bool has_prefix = false;

  void add(const std::string& uri, const std::string& prefix) {
    has_prefix = has_prefix || !prefix.empty();
    if (uri.empty()) return;
    const bool known = std::ranges::any_of(uris, [&](const auto& entry) { return entry.first == uri; });
    if (!known) uris.emplace_back(uri, prefix);
  }
  void add(const ShapeNode& node) {
    add(node.uri, node.prefix);
    for (const ShapeNode::Attribute& attribute : node.attributes) add(attribute.uri, attribute.prefix);
    for (const auto& child : node.children) add(*child);
  }
};

class XmlDraft {
 public:
  XmlDraft(const SampleSet& samples, const ProposeOptions& options, FeedDraft& draft)
      : samples_(samples), options_(options), draft_(draft) {}

  Status run() {
    draft_.feed.format.type = project::FormatType::kXml;
    TARN_RETURN_IF_ERROR(read_structure());
    const RecordPlace place = find_record(root_);
    choose_prefixes();
    std::string path;
    for (const ShapeNode* step : place.steps) path += "/" + step_of(step->local, step->uri, prefixes_);
    if (place.steps.size() > 1) draft_.feed.format.record = path;
    draft_.remark("format", place.reason);
    TARN_RETURN_IF_ERROR(read_records(path));
    take();
    return ok_status();
  }

 private:
  Status read_structure() {
    std::optional<Error> first_error;
    std::size_t bad = 0;
    ShapeLimits limits;
    std::uint64_t bytes = 0;
    for (const Document& document : samples_.documents) {
      if (bytes > options_.max_bytes) break;
      bytes += document.bytes.size();
      format::XmlDocument xml;
      Status parsed = xml.parse(document.bytes, {});
      if (!parsed.ok()) {
        ++bad;
        if (!first_error) first_error = std::move(parsed).error();
        continue;
      }
      if (root_.seen > 0 && (xml.local_name(xml.root()) != root_.local || xml.uri(xml.root()) != root_.uri))
        continue;
      good_.push_back(&document);
      add_shape(xml, xml.root(), KeepValues::kNo, root_, limits);
    }
    if (good_.empty()) {
      return Error(kNotWellFormed, fmt::format("no sample is well-formed XML: {}", first_error->message()))
          .with_hint(std::string(first_error->code().mend));
    }
    if (bad > 0) {
      draft_.remark("format", fmt::format("{} of the documents cannot be read ({}): they go to quarantine",
                                          bad, first_error->name()));
    }
    return ok_status();
  }

  void choose_prefixes() {
    NamespaceUse use;
    use.add(root_);
    if (use.uris.empty()) return;
    if (use.uris.size() == 1 && !use.has_prefix) {
      draft_.remark("format",
                    fmt::format("all elements are in {}; steps match by local name", use.uris.front().first));
      return;
    }
    std::set<std::string> taken;
    for (const auto& [uri, prefix] : use.uris) {
      const std::string chosen = take_name(taken, prefix.empty() ? "doc" : snake_case(prefix));
      prefixes_[uri] = chosen;
      draft_.feed.format.namespaces[chosen] = uri;
    }
  }

  Status read_records(const std::string& path) {
    format::XmlNamespaces namespaces;
    for (const auto& [prefix, uri] : draft_.feed.format.namespaces) namespaces.emplace_back(prefix, uri);
    auto compiled = format::XmlPath::compile(path, namespaces);
    if (!compiled.ok()) return Error(kNotText, fmt::format("`{}` cannot be written as a path", path));
    ShapeLimits limits;
    for (const Document* document : good_) {
      if (draft_.records >= options_.max_records) break;
      format::XmlDocument xml;
      TARN_RETURN_IF_ERROR(xml.parse(document->bytes, {}));
      std::vector<format::XmlNode> nodes;
      compiled->select(xml, xml.root(), nodes);
      for (const format::XmlNode node : nodes) {
        if (draft_.records >= options_.max_records) break;
        ++draft_.records;
        add_shape(xml, node, KeepValues::kYes, record_, limits);
      }
    }
    if (draft_.records == 0) return Error(kNoData, "the samples hold no record");
    if (limits.left_out > 0) left_out_ = true;
    return ok_status();
  }

  void take() {
    XmlColumns columns = make_xml_columns(record_, prefixes_);
    for (ColumnGuess& guess : columns.columns) {
      const auto members = columns.members.find(*guess.column.name);
      if (members == columns.members.end()) continue;
      const std::string place = fmt::format("columns.{}.columns", *guess.column.name);
      for (ColumnGuess& member : members->second) {
        set_null_markers(draft_.feed.format.null_markers, member);
        remark_column(place, member, draft_);
        guess.column.columns.push_back(std::move(member.column));
      }
    }
    std::vector<std::pair<std::string, std::string>> lists;
    for (const ColumnGuess& guess : columns.columns) {
      if (guess.column.type->is_list_of_struct()) lists.emplace_back(*guess.column.name, *guess.column.from);
    }
    if (columns.columns.empty()) columns.columns.push_back(empty_record());
    take_columns(std::move(columns.columns), draft_);
    for (const auto& [name, from] : lists) suggest_child(name, from);
    tell_dropped(columns.dropped);
  }

  /// A record of nothing but what no column holds: its own text at least.
  static ColumnGuess empty_record() {
    ColumnGuess guess;
    guess.column.name = std::string("text");
    guess.column.from = std::string(".");
    return guess;
  }

  void suggest_child(const std::string& name, const std::string& from) {
    const std::string key = draft_.feed.key.empty() ? " (the feed needs a key)" : "";
    draft_.remark(
        "columns." + name,
        fmt::format(
            "as a table of its own{}: move it to\nchildren:\n  - table: {}_{}\n    from: {}\n    columns: …",
            key, draft_.feed.table->to_string(), name, from));
  }

  void tell_dropped(const std::vector<std::string>& dropped) {
    if (dropped.empty() && !left_out_) return;
    constexpr std::size_t kShown = 20;
    draft_.feed.drift = project::Drift::kFreeze;
    std::string text =
        "not everything in the samples has a column, and `quarantine` would refuse such records:";
    for (std::size_t i = 0; i < std::min(dropped.size(), kShown); ++i) text += "\n  " + dropped[i];
    if (dropped.size() > kShown) text += fmt::format("\n  … and {} more", dropped.size() - kShown);
    if (left_out_) text += "\n  … and more places than a contract should have";
    draft_.remark("drift", text);
  }

  const SampleSet& samples_;
  const ProposeOptions& options_;
  FeedDraft& draft_;
  ShapeNode root_;
  ShapeNode record_;
  PathPrefixes prefixes_;
  std::vector<const Document*> good_;
  bool left_out_ = false;
};

}  // namespace

Status draft_xml(const SampleSet& samples, const ProposeOptions& options, FeedDraft& draft) {
  return XmlDraft(samples, options, draft).run();
}

}  // namespace tarn::discover
