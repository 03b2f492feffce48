#include "ingest/read/arrival_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "format/archive.h"
#include "format/encoding.h"
#include "ingest/errors.h"
#include "ingest/read/delimited_member.h"
#include "ingest/read/xml_member.h"

namespace tarn::ingest {
namespace {

using MemberReader = std::variant<XmlMemberReader, DelimitedMemberReader>;

// Memory that one huge member needed is given back above this.
constexpr std::size_t kKeptBufferBytes = std::size_t{16} << 20;
// From here on threads that have nothing else to do help with a member.
constexpr std::size_t kLargeMemberBytes = std::size_t{8} << 20;

}  // namespace

struct ArrivalParser::State {
  std::span<const CompiledFeed> feeds;
  const TableSchemas& schemas;
  const SpillRule& spill;
  std::vector<MemberReader> readers;  // by position of the feed
  format::ZipArchive zip;
  format::GzipReader gzip;
  format::Buffer buffer;

  State(std::span<const CompiledFeed> compiled, const TableSchemas& tables, const SpillRule& rule)
      : feeds(compiled), schemas(tables), spill(rule) {}

  Result<FeedRows*> rows_of(std::size_t feed, WorkerRows& rows) const;
  Status read_member(const ArrivalInput& input, std::string_view bytes, const RowOrigin& origin,
                     const std::vector<std::size_t>& takers, std::span<WorkerRows> rows,
                     ArrivalOutcome& outcome);
  Status read_delimited(std::size_t feed, std::string_view bytes, const RowOrigin& origin,
                        const ArrivalInput& input, std::span<WorkerRows> rows, ArrivalOutcome& outcome);
  Status read_zip(const ArrivalInput& input, RowOrigin& origin, std::span<WorkerRows> rows,
                  ArrivalOutcome& outcome);
  void note_delivered(const MemberSink& sink, std::size_t feed, ArrivalOutcome& outcome) const;
  void note_readable(const MemberSink& sink, std::size_t feed, const RowOrigin& origin,
                     const ArrivalInput& input, ArrivalOutcome& outcome) const;
  std::vector<std::size_t> takers_of(const ArrivalInput& input, std::string_view member, bool& ignored) const;
  bool is_others(const ArrivalInput& input, std::string_view member) const;
};

namespace {

bool asks_for_member(const ReplayFilter* replay, const std::string& member) {
  if (replay == nullptr || replay->whole_file || !replay->feeds.empty() || replay->members.contains(member))
    return true;
  const auto names_member = [&member](const ReplayFilter::FeedMember& key) { return key.second == member; };
  return std::ranges::any_of(replay->feed_members, names_member) ||
         std::ranges::any_of(replay->records, [&](const auto& entry) { return names_member(entry.first); });
}

// Counts a refusal that concerns no single feed's record: a member or the whole file.
void refuse_unit(const Refusal& refusal, const RowOrigin& origin, const CompiledFeed* feed, bool again,
                 ArrivalOutcome& outcome) {
  if (again) return;  // the entry that a replay asked for stays open
  ++outcome.settlement.records.arrived;
  ++outcome.settlement.records.quarantined;
  outcome.quarantine.push_back(quarantine_entry(refusal, origin, feed));
}

Refusal unit_refusal(const Error& error, state::QuarantineLevel level, std::string_view raw) {
  Refusal refusal{.code = &error.code(), .level = level, .reason = error.message(), .raw = raw};
  if (error.span()) {
    refusal.line = error.span()->line;
    refusal.column = error.span()->column;
  }
  return refusal;
}

// The smallest of the feeds' limits holds for a file that several share.
format::ArchiveLimits limits_of(std::span<const CompiledFeed> feeds, const ArrivalInput& input) {
  format::ArchiveLimits limits = feeds[input.feeds.front()].archive_limits;
  for (const std::size_t feed : input.feeds) {
    const format::ArchiveLimits& other = feeds[feed].archive_limits;
    limits.members = std::min(limits.members, other.members);
    limits.member_size = std::min(limits.member_size, other.member_size);
    limits.total_size = std::min(limits.total_size, other.total_size);
    limits.ratio = std::min(limits.ratio, other.ratio);
  }
  return limits;
}

// As it came, before anything is inflated; the smallest of the feeds' limits here, too.
Status check_file_size(std::span<const CompiledFeed> feeds, const ArrivalInput& input) {
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  for (const std::size_t feed : input.feeds) limit = std::min(limit, feeds[feed].spec->limits.file_size);
  if (input.bytes.size() <= limit) return ok_status();
  return Error(kFileTooLarge,
               fmt::format("the file has {} bytes, more than the {} that `limits: file_size` allows",
                           input.bytes.size(), limit));
}

// What has no record at all is no delivery of nothing, but a mistake.
void refuse_empty_deliveries(std::span<const CompiledFeed> feeds, const ArrivalInput& input,
                             RowOrigin& origin, ArrivalOutcome& outcome) {
  origin.member.reset();
  for (const std::size_t feed : input.feeds) {
    const auto found = outcome.delivered.find(*feeds[feed].spec->name);
    if (found == outcome.delivered.end() || found->second.accepted + found->second.refused > 0) continue;
    refuse_unit({.code = &kEmptyDelivery, .level = state::QuarantineLevel::kFile, .rule = "mode: replace"},
                origin, &feeds[feed], input.replay != nullptr, outcome);
    if (input.replay != nullptr || input.feeds.size() > 1) continue;
    outcome.settlement.error_code = std::string(kEmptyDelivery.name);
    outcome.settlement.error_message = std::string(kEmptyDelivery.meaning);
  }
}

bool named_as_zip(std::string_view path) {
  constexpr std::string_view kEnding = ".zip";
  return path.size() >= kEnding.size() &&
         std::ranges::equal(path.substr(path.size() - kEnding.size()), kEnding,
                            [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

}  // namespace

Result<FeedRows*> ArrivalParser::State::rows_of(std::size_t feed, WorkerRows& rows) const {
  const auto [at, added] = rows.try_emplace(feed);
  if (added) {
    const CompiledFeed& compiled = feeds[feed];
    TARN_ASSIGN_OR_RETURN(auto own, TableBuilder::make(schemas[feed][0], compiled.column_names));
    at->second.tables.push_back(std::move(own));
    for (std::size_t i = 0; i < compiled.children.size(); ++i) {
      TARN_ASSIGN_OR_RETURN(auto child,
                            TableBuilder::make(schemas[feed][i + 1], compiled.children[i].column_names));
      at->second.tables.push_back(std::move(child));
    }
  }
  return &at->second;
}

std::vector<std::size_t> ArrivalParser::State::takers_of(const ArrivalInput& input, std::string_view member,
                                                         bool& ignored) const {
  std::vector<std::size_t> takers;
  ignored = false;
  for (const std::size_t feed : input.feeds) {
    if (feeds[feed].ignores(member))
      ignored = true;
    else if (feeds[feed].takes_member(member))
      takers.push_back(feed);
  }
  return takers;
}

// A feed that gets the file by another arrival (it had the content before, or it is blocked) takes the
// member.
bool ArrivalParser::State::is_others(const ArrivalInput& input, std::string_view member) const {
  const std::string& folder = *feeds[input.feeds.front()].spec->source.folder;
  return std::ranges::any_of(feeds, [&](const CompiledFeed& feed) {
    return *feed.spec->source.folder == folder && feed.takes_file(input.path) && feed.takes_member(member);
  });
}

namespace {

// The parts of a large text count and quarantine apart, and are put together in their order.
void join(ArrivalOutcome& whole, ArrivalOutcome& part) {
  state::RecordCounts& counts = whole.settlement.records;
  counts.arrived += part.settlement.records.arrived;
  counts.committed += part.settlement.records.committed;
  counts.quarantined += part.settlement.records.quarantined;
  std::ranges::move(part.quarantine, std::back_inserter(whole.quarantine));
  whole.accepted_records.merge(part.accepted_records);
}

}  // namespace

Status ArrivalParser::State::read_delimited(std::size_t feed, std::string_view bytes, const RowOrigin& origin,
                                            const ArrivalInput& input, std::span<WorkerRows> rows,
                                            ArrivalOutcome& outcome) {
  if (bytes.size() < kLargeMemberBytes) rows = rows.first(1);
  std::vector<ArrivalOutcome> outcomes(rows.size() - 1);
  std::vector<MemberSink> sinks;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(FeedRows* const feed_rows, rows_of(feed, rows[i]));
    ArrivalOutcome& counted = i == 0 ? outcome : outcomes[i - 1];
    sinks.emplace_back(
        MemberSink::Target{feeds[feed], *feed_rows, counted, input.replay, spill, schemas[feed]}, origin);
  }
  TARN_RETURN_IF_ERROR(std::get<DelimitedMemberReader>(readers[feed]).read(bytes, sinks));
  for (ArrivalOutcome& part : outcomes) join(outcome, part);
  for (const MemberSink& sink : sinks) note_delivered(sink, feed, outcome);
  note_readable(sinks.front(), feed, origin, input, outcome);
  return ok_status();
}

void ArrivalParser::State::note_delivered(const MemberSink& sink, std::size_t feed,
                                          ArrivalOutcome& outcome) const {
  if (*feeds[feed].spec->mode != project::LoadMode::kReplace) return;
  Delivered& delivered = outcome.delivered[*feeds[feed].spec->name];
  delivered.accepted += sink.delivered().accepted;
  delivered.refused += sink.delivered().refused;
}

void ArrivalParser::State::note_readable(const MemberSink& sink, std::size_t feed, const RowOrigin& origin,
                                         const ArrivalInput& input, ArrivalOutcome& outcome) const {
  if (input.replay == nullptr || sink.refused_member()) return;
  outcome.readable_members.emplace(*feeds[feed].spec->name, origin.member.value_or(""));
}

Status ArrivalParser::State::read_member(const ArrivalInput& input, std::string_view bytes,
                                         const RowOrigin& origin, const std::vector<std::size_t>& takers,
                                         std::span<WorkerRows> rows, ArrivalOutcome& outcome) {
  ++outcome.settlement.members;
  outcome.settlement.bytes_raw += bytes.size();
  for (const std::size_t feed : takers) {
    auto* const xml = std::get_if<XmlMemberReader>(&readers[feed]);
    if (xml == nullptr) {
      TARN_RETURN_IF_ERROR(read_delimited(feed, bytes, origin, input, rows, outcome));
      continue;
    }
    TARN_ASSIGN_OR_RETURN(FeedRows* const feed_rows, rows_of(feed, rows.front()));
    MemberSink sink({feeds[feed], *feed_rows, outcome, input.replay, spill, schemas[feed]}, origin);
    TARN_RETURN_IF_ERROR(xml->read(bytes, sink));
    note_delivered(sink, feed, outcome);
    note_readable(sink, feed, origin, input, outcome);
  }
  return ok_status();
}

Status ArrivalParser::State::read_zip(const ArrivalInput& input, RowOrigin& origin,
                                      std::span<WorkerRows> rows, ArrivalOutcome& outcome) {
  const auto members = zip.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    origin.member = std::string(members[i].name);
    if (!asks_for_member(input.replay, *origin.member)) continue;
    if (input.passed_over != nullptr && input.passed_over->contains(*origin.member)) continue;
    bool ignored = false;
    const std::vector<std::size_t> takers = takers_of(input, members[i].name, ignored);
    if (takers.empty() && (ignored || is_others(input, members[i].name))) continue;
    const CompiledFeed* const only = takers.size() == 1 ? &feeds[takers.front()] : nullptr;
    const bool again = input.replay != nullptr && !input.replay->whole_file;
    Status status = members[i].problem != nullptr ? Status(zip.member_error(i)) : zip.read(i, buffer);
    const bool inflated = status.ok();
    if (inflated) status = format::check_not_nested(buffer.view());
    if (!status.ok()) {
      ++outcome.settlement.members;
      const std::string_view raw = inflated ? buffer.view() : std::string_view();
      for (const std::size_t feed : takers) {
        if (*feeds[feed].spec->mode == project::LoadMode::kReplace)
          ++outcome.delivered[*feeds[feed].spec->name].refused;
      }
      refuse_unit(unit_refusal(status.error(), state::QuarantineLevel::kMember, raw), origin, only, again,
                  outcome);
      continue;
    }
    if (takers.empty()) {
      ++outcome.settlement.members;
      refuse_unit({.code = &kNoFeedForMember,
                   .level = state::QuarantineLevel::kMember,
                   .rule = "source.members",
                   .reason = fmt::format("no feed takes the member `{}`", members[i].name),
                   .raw = buffer.view()},
                  origin, nullptr, again, outcome);
      continue;
    }
    TARN_RETURN_IF_ERROR(read_member(input, buffer.view(), origin, takers, rows, outcome));
    if (buffer.capacity() > kKeptBufferBytes) buffer.shrink(kKeptBufferBytes);
  }
  return ok_status();
}

ArrivalParser::ArrivalParser(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArrivalParser::ArrivalParser(ArrivalParser&&) noexcept = default;
ArrivalParser::~ArrivalParser() = default;

Result<ArrivalParser> ArrivalParser::make(std::span<const CompiledFeed> feeds, const TableSchemas& schemas,
                                          const SpillRule& spill) {
  auto state = std::make_unique<State>(feeds, schemas, spill);
  for (const CompiledFeed& feed : feeds) {
    if (*feed.spec->format.type == project::FormatType::kXml) {
      state->readers.emplace_back(XmlMemberReader(feed));
      continue;
    }
    TARN_ASSIGN_OR_RETURN(auto reader, DelimitedMemberReader::make(feed));
    state->readers.emplace_back(std::move(reader));
  }
  return ArrivalParser(std::move(state));
}

Result<ArrivalOutcome> ArrivalParser::parse(const ArrivalInput& input, std::span<WorkerRows> rows) {
  State& state = *state_;
  ArrivalOutcome outcome;
  state::Settlement& settlement = outcome.settlement;
  settlement.id = input.id;
  RowOrigin origin{std::make_shared<const RowOrigin::File>(input.path, input.sha256, input.id)};

  const format::ArchiveKind kind = format::detect_archive(input.bytes);
  Status readable = check_file_size(state.feeds, input);
  if (readable.ok()) readable = format::check_archive_kind(input.bytes);
  std::string_view content = input.bytes;
  if (readable.ok() && kind == format::ArchiveKind::kZip) {
    readable = state.zip.open(input.bytes, limits_of(state.feeds, input));
  } else if (readable.ok() && kind == format::ArchiveKind::kGzip) {
    readable = state.gzip.read(input.bytes, limits_of(state.feeds, input), state.buffer);
    content = state.buffer.view();
  } else if (readable.ok() && named_as_zip(input.path)) {
    readable = Error(kNotAZip, fmt::format("`{}` is named as a zip and is none", input.path));
  }
  if (readable.ok() && kind != format::ArchiveKind::kZip) readable = format::check_archive_kind(content);
  if (readable.ok()) {
    outcome.readable_file = true;
    if (kind == format::ArchiveKind::kZip) {
      TARN_RETURN_IF_ERROR(state.read_zip(input, origin, rows, outcome));
    } else {
      TARN_RETURN_IF_ERROR(state.read_member(input, content, origin, input.feeds, rows, outcome));
    }
  } else {
    const CompiledFeed* const only = input.feeds.size() == 1 ? &state.feeds[input.feeds.front()] : nullptr;
    refuse_unit(unit_refusal(readable.error(), state::QuarantineLevel::kFile, content), origin, only,
                input.replay != nullptr, outcome);
    settlement.error_code = std::string(readable.error().name());
    settlement.error_message = readable.error().message();
  }
  refuse_empty_deliveries(state.feeds, input, origin, outcome);
  const bool nothing_admitted = settlement.records.committed == 0 && settlement.records.quarantined > 0;
  settlement.state = nothing_admitted ? state::ArrivalState::kQuarantined : state::ArrivalState::kCommitted;
  return outcome;
}

}  // namespace tarn::ingest
