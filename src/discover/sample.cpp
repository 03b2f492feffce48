#include "discover/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "discover/errors.h"
#include "format/archive.h"
#include "format/encoding.h"
#include "format/values.h"
#include "project/glob.h"

namespace tarn::discover {
namespace {

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// The beginning of a document as text, enough to judge it by.
std::string head_of(std::string_view bytes) {
  std::string buffer;
  const auto text = format::decode_text(bytes.substr(0, 64 << 10), format::Encoding::kAuto, buffer);
  return std::string(text.text);
}

bool looks_like_xml(std::string_view head) {
  const std::string_view text = format::trim_blanks(head);
  return text.size() > 1 && text.front() == '<' &&
         (text[1] == '?' || text[1] == '!' || text[1] == '_' ||
          std::isalpha(static_cast<unsigned char>(text[1])) != 0 ||
          static_cast<unsigned char>(text[1]) >= 0x80);
}

bool looks_binary(std::string_view head) {
  const auto controls = std::ranges::count_if(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x0b && c != 0x1b;
  });
  const auto size = static_cast<std::ptrdiff_t>(head.size());
  return controls * 5 > size || std::ranges::count(head, '\0') * 50 > size;
}

/// The root element's name, or the header line: documents that agree on it are alike.
std::string structure_of(std::string_view head, bool is_xml, std::string_view name) {
  if (is_xml) {
    for (std::size_t at = head.find('<'); at != std::string_view::npos; at = head.find('<', at + 1)) {
      if (at + 1 >= head.size() || head[at + 1] == '?' || head[at + 1] == '!') continue;
      const std::size_t end = head.find_first_of(" \t\r\n/>", at + 1);
      return std::string(head.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
    }
    return "";
  }
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const bool has_digit = std::ranges::any_of(line, [](char c) { return c >= '0' && c <= '9'; });
  return has_digit || line.empty() ? name_stem(name) : std::string(line);
}

struct GroupKey {
  bool is_xml = false;
  std::string folder;
  std::string extension;
  std::string structure;
  auto operator<=>(const GroupKey&) const = default;
};

struct Group {
  std::vector<Document> documents;
  std::uint64_t bytes = 0;
};

class Opener {
 public:
  explicit Opener(const ProposeOptions& options) : options_(options) { limits_.total_size = kMaxInflated; }

  Status start() {
    if (options_.members.empty()) return ok_status();
    TARN_ASSIGN_OR_RETURN(wanted_, project::Pattern::compile(options_.members));
    return ok_status();
  }

  Status open(const SampleFile& sample) {
    const auto kind = format::detect_archive(sample.bytes);
    if (kind == format::ArchiveKind::kZip) return open_zip(sample);
    if (sample.bytes.empty()) {
      remarks_.push_back(fmt::format("{} is empty", base_name(sample.path)));
      return ok_status();
    }
    TARN_RETURN_IF_ERROR(format::check_archive_kind(sample.bytes));
    if (kind != format::ArchiveKind::kGzip) {
      add({sample.path, "", std::string(sample.bytes)});
      return ok_status();
    }
    format::GzipReader reader;
    format::Buffer buffer;
    TARN_RETURN_IF_ERROR(reader.read(sample.bytes, limits_, buffer));
    add({sample.path, "", std::string(buffer.view())});
    return ok_status();
  }

  Result<SampleSet> take() {
    if (groups_.empty()) return nothing();
    const auto best = std::ranges::max_element(groups_, [](const auto& a, const auto& b) {
      if (a.second.documents.size() != b.second.documents.size())
        return a.second.documents.size() < b.second.documents.size();
      return a.second.bytes < b.second.bytes;
    });
    SampleSet set;
    set.is_xml = best->first.is_xml;
    if (set.is_xml) set.root = best->first.structure.substr(best->first.structure.find(':') + 1);
    set.documents = std::move(best->second.documents);
    set.from_zip = !set.documents.front().member.empty();
    if (groups_.size() > 1) {
      remarks_.push_back(fmt::format("{} of {} groups of alike documents was taken{}; the others are:", 1,
                                     groups_.size(), set.from_zip ? " (choose with --members)" : ""));
      std::size_t listed = 0;
      for (const auto& [key, group] : groups_) {
        if (&key == &best->first || listed++ >= 8) continue;
        const Document& first = group.documents.front();
        remarks_.push_back(fmt::format("  {} like {}", group.documents.size(),
                                       first.member.empty() ? base_name(first.file) : first.member));
      }
    }
    if (set.from_zip) set.members = member_pattern(best->first, set);
    set.remarks = std::move(remarks_);
    return set;
  }

 private:
  static constexpr std::uint64_t kMaxInflated = std::uint64_t{1} << 30;

  Status open_zip(const SampleFile& sample) {
    format::ZipArchive zip;
    TARN_RETURN_IF_ERROR(zip.open(sample.bytes, limits_));
    format::Buffer buffer;
    for (std::size_t i = 0; i < zip.members().size(); ++i) {
      const format::ZipMember& member = zip.members()[i];
      if (wanted_ && !wanted_->matches(member.name)) continue;
      if (held_ > 16 * options_.max_bytes) {
        remarks_.push_back(fmt::format("not all members of {} were looked at", base_name(sample.path)));
        break;
      }
      Status status = zip.read(i, buffer);
      if (status.ok() && buffer.size() == 0) continue;
      if (status.ok()) status = format::check_not_nested(buffer.view());
      if (!status.ok()) {
        remarks_.push_back(
            fmt::format("{}: {} ({})", member.name, status.error().message(), status.error().name()));
        continue;
      }
      add({sample.path, std::string(member.name), std::string(buffer.view())});
    }
    return ok_status();
  }

  void add(Document document) {
    const std::string head = head_of(document.bytes);
    const std::string& name = document.member.empty() ? document.file : document.member;
    if (looks_binary(head)) {
      saw_binary_ = true;
      remarks_.push_back(fmt::format("{} is not text and was passed over", base_name(name)));
      return;
    }
    GroupKey key;
    key.is_xml = looks_like_xml(head);
    key.extension = extension_of(name);
    if (!document.member.empty()) key.folder = folder_of(document.member);
    key.structure = structure_of(head, key.is_xml, name);
    Group& group = groups_[key];
    group.bytes += document.bytes.size();
    held_ += document.bytes.size();
    group.documents.push_back(std::move(document));
  }

  Error nothing() const {
    if (wanted_) return Error(kNoMember, fmt::format("no readable member matches `{}`", options_.members));
    if (saw_binary_) return Error(kNotText, "the samples are not text");
    return Error(kNoData, "the samples are empty");
  }

  std::string member_pattern(const GroupKey& key, const SampleSet& set) const {
    if (wanted_) return options_.members;
    if (groups_.size() == 1) return "";
    const bool shares_place = std::ranges::any_of(groups_, [&](const auto& other) {
      return other.first != key && other.first.folder == key.folder && other.first.extension == key.extension;
    });
    const std::string stem = shares_place ? name_stem(set.documents.front().member) : "";
    const bool numbered = std::ranges::any_of(key.folder, [](char c) { return c >= '0' && c <= '9'; });
    const std::string folder = key.folder.empty() ? "" : numbered ? "**/" : key.folder + "/";
    return fmt::format("{}{}*{}", folder, stem, key.extension);
  }

  const ProposeOptions& options_;
  format::ArchiveLimits limits_;
  std::optional<project::Pattern> wanted_;
  std::map<GroupKey, Group> groups_;
  std::vector<std::string> remarks_;
  std::uint64_t held_ = 0;
  bool saw_binary_ = false;
};

}  // namespace

std::string extension_of(std::string_view path) {
  std::string_view name = base_name(path);
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return "";
  std::string extension(name.substr(dot));
  const bool plain = std::all_of(extension.begin() + 1, extension.end(),
                                 [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
  return plain ? extension : "";
}

std::string name_stem(std::string_view path) {
  std::string_view name = base_name(path);
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && dot > 0) name = name.substr(0, dot);
  std::size_t end = 0;
  const auto is_part = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  while (end < name.size() && is_part(name[end])) ++end;
  while (end > 0 && (name[end - 1] == '_' || name[end - 1] == '-')) --end;
  return std::string(name.substr(0, end));
}

Result<SampleSet> open_samples(std::span<const SampleFile> samples, const ProposeOptions& options) {
  Opener opener(options);
  TARN_RETURN_IF_ERROR(opener.start());
  for (const SampleFile& sample : samples) {
    Status opened = opener.open(sample);
    if (!opened.ok()) return std::move(opened).error().with_context(fmt::format("opening {}", sample.path));
  }
  return opener.take();
}

}  // namespace tarn::discover
