#include "discover/propose.h"

#include <fmt/format.h>

#include <algorithm>

#include "discover/column_names.h"
#include "discover/errors.h"
#include "discover/feed_draft.h"
#include "discover/sample.h"
#include "discover/sampling/delimited_sample.h"
#include "discover/sampling/xml_sample.h"
#include "format/encoding.h"
#include "project/load.h"

namespace tarn::discover {
namespace {

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

/// What all stems begin with.
std::string common_stem(const std::vector<std::string>& names) {
  std::string stem = names.empty() ? "" : name_stem(names.front());
  for (const std::string& name : names) {
    const std::string other = name_stem(name);
    const auto [end, ignored] = std::ranges::mismatch(stem, other);
    stem.erase(end, stem.end());
  }
  while (!stem.empty() && (stem.back() == '_' || stem.back() == '-')) stem.pop_back();
  return stem;
}

std::string feed_name(const SampleSet& set, const ProposeOptions& options) {
  if (!options.feed.empty()) return snake_case(options.feed);
  // Not from the names of documents, which are often those of persons.
  if (set.is_xml && snake_case(set.root) != "column") return snake_case(set.root);
  std::vector<std::string> names;
  for (const Document& document : set.documents)
    names.push_back(document.member.empty() ? document.file : document.member);
  std::string stem = common_stem(names);
  if (stem.size() < 3 && !set.documents.front().member.empty())
    stem = common_stem({set.documents.front().file});
  if (stem.size() < 3) stem = name_stem(names.front());
  const std::string name = snake_case(stem);
  return name.size() < 2 || name == "column" ? "feed" : name;
}

/// Patterns are read as they stand: what means something in them is escaped by a `?`.
std::string literal(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return std::string_view("*?[]{}\\!,/").find(c) != std::string_view::npos; }, '?');
  return text;
}

Status set_source(const SampleSet& set, const ProposeOptions& options, FeedDraft& draft) {
  draft.feed.source.folder = options.folder;
  std::vector<std::string> files;
  for (const Document& document : set.documents) files.push_back(document.file);
  const std::string& file = files.front();
  const std::string name = base_name(file);
  const std::string tail = literal(extension_of(name)) + (name.ends_with(".gz") ? ".gz" : "");
  const std::string stem = set.is_xml || set.from_zip ? "" : common_stem(files);
  const std::string files_pattern = fmt::format("**/{}*{}", stem.size() >= 3 ? literal(stem) : "", tail);
  TARN_ASSIGN_OR_RETURN(project::Pattern pattern, project::Pattern::compile(files_pattern));
  draft.feed.source.files = {std::move(pattern)};
  if (set.members.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(project::Pattern members, project::Pattern::compile(set.members));
  draft.feed.source.members = {std::move(members)};
  return ok_status();
}

std::string head_of(const FeedDraft& draft, const SampleSet& set) {
  std::string text = fmt::format(
      "Proposed by `tarn discover` from {} records of {}{}.\nRead it through: samples show what is usual, "
      "not what is allowed.",
      draft.records, base_name(set.documents.front().file),
      set.documents.size() > 1 ? fmt::format(" and {} more", set.documents.size() - 1) : "");
  if (draft.records < 20)
    text += "\nSo few records prove little: types, keys and what may be null are guesses.";
  for (const std::string& line : draft.head) text += "\n" + line;
  for (const std::string& remark : set.remarks) text += "\n" + remark;
  return text;
}

/// A comment may hold what a sample held: only what YAML allows in one.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t good = format::find_bad_text(text);
    for (const char c : text.substr(0, good)) {
      const auto byte = static_cast<unsigned char>(c);
      out += (byte < 0x20 && c != '\n') || byte == 0x7f ? ' ' : c;
    }
    if (good == text.size()) break;
    out += '?';
    text.remove_prefix(good + 1);
  }
  return out;
}

}  // namespace

Result<Proposal> propose(std::span<const SampleFile> samples, const ProposeOptions& options) {
  TARN_ASSIGN_OR_RETURN(const SampleSet set, open_samples(samples, options));
  FeedDraft draft;
  const std::string name = feed_name(set, options);
  draft.feed.name = name;
  draft.feed.table = TableName{"raw", name};
  draft.feed.owner = "owner@example.org";
  draft.remark("owner", "who answers for this feed?");
  draft.feed.description = fmt::format("Records of {}; say what one is.", name);
  TARN_RETURN_IF_ERROR(set_source(set, options, draft));
  TARN_RETURN_IF_ERROR(set.is_xml ? draft_xml(set, options, draft) : draft_delimited(set, options, draft));
  project::Comments comments;
  for (const auto& [place, text] : draft.comments) comments[place] = printable(text);
  comments[""] = printable(head_of(draft, set));
  Proposal proposal;
  proposal.yaml = project::render_feed_yaml(draft.feed, comments);
  project::FeedOutcome outcome = project::load_feed({fmt::format("feeds/{}.yaml", name), proposal.yaml},
                                                    [](std::string_view) { return std::nullopt; });
  if (!outcome.feed) {
    return Error(kBadProposal, fmt::format("the proposal does not pass its check: {}",
                                           outcome.errors.empty() ? "" : outcome.errors.front().message()));
  }
  proposal.feed = *std::move(outcome.feed);
  return proposal;
}

}  // namespace tarn::discover
