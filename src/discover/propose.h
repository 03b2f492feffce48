#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "project/feed_spec.h"

/// From sample files to a proposed contract.
///
///   const SampleFile samples[] = {{"inbox/adt-0001.zip", bytes}};
///   TARN_ASSIGN_OR_RETURN(const Proposal proposal, propose(samples, {}));
///   std::cout << proposal.yaml;
///
/// Pure: no I/O, no clock; any thread. The same samples and options give the same text. Hostile bytes cost
/// bounded time and memory and at worst an error.
namespace tarn::discover {

/// A file as it lies there: text, gzip or zip. Views must outlive the call.
struct SampleFile {
  std::string path;  ///< For names and comments; `/` between the parts.
  std::string_view bytes;
};

struct ProposeOptions {
  std::string feed = "";         ///< Its name; empty: from the samples' names.
  std::string members = "";      ///< Pattern over the names of archive members; empty: the largest group.
  std::string folder = "inbox";  ///< `source: folder:` of the contract.
  std::uint64_t max_bytes = std::uint64_t{16} << 20;  ///< Of text that is looked at, in all.
  std::uint64_t max_records = 20'000;                 ///< Records that are looked at, in all.
};

struct Proposal {
  project::FeedSpec feed;  ///< As load_feed() reads `yaml`.
  std::string yaml;        ///< With comments.
};

/// Errors: discover.no_data, discover.not_text, discover.no_member, discover.not_well_formed, those of
/// archives, contract.bad_pattern for `members`.
Result<Proposal> propose(std::span<const SampleFile> samples, const ProposeOptions& options);

}  // namespace tarn::discover
