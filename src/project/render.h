#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "project/feed_spec.h"
#include "project/project_spec.h"

namespace tarn::project {

/// Remarks to write into a contract as comments, by place: "" is the head of the file, "format.delimiter" a
/// key, "columns.mrn" a column, "columns.mrn.type" a key of a column. A remark on a column stands above it,
/// one on a key behind it when it is short. Line breaks are kept.
using Comments = std::map<std::string, std::string>;

/// Writes a contract as a person would: keys in the reference's order, defaults left out, one blank line
/// between blocks. load_feed() reads it back to an equal FeedSpec.
std::string render_feed_yaml(const FeedSpec& feed, const Comments& comments = {});

/// tarn.yaml, likewise.
std::string render_project_yaml(const ProjectSpec& project, const Comments& comments = {});

/// A hash of what a contract means for the data: equal for contracts that differ in layout, order of keys,
/// comments, descriptions or owner; different when a column, format, rule, key or mode differs. 32
/// hexadecimal digits. Stable across runs, machines and versions of Tarn that know the same keys; a key added
/// later counts only where it is used. The source (where files lie), limits and contract_version do not
/// count.
std::string contract_fingerprint(const FeedSpec& feed);

}  // namespace tarn::project
