#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "discover/propose.h"

namespace tarn::discover {

/// One text to learn from: a plain file, what a gzip file holds, or a member of a zip.
struct Document {
  std::string file;    ///< The sample it came in.
  std::string member;  ///< Its name in the zip; empty for others.
  std::string bytes;
};

/// The documents that are alike and taken, and what was seen on the way to them.
struct SampleSet {
  bool is_xml = false;
  bool from_zip = false;
  std::string root;                  ///< Of XML: the root element, as written.
  std::vector<Document> documents;   ///< In the order of the samples; not empty.
  std::string members;               ///< The pattern for `source: members:`; empty: all.
  std::vector<std::string> remarks;  ///< For the head of the contract.
};

/// Opens the samples, groups the documents that are alike (kind, folder in the archive, extension, and header
/// line or root element) and takes the group with the most documents. Errors as propose().
Result<SampleSet> open_samples(std::span<const SampleFile> samples, const ProposeOptions& options);

/// "adt" of "in/adt_2024-01-02.csv": the letters a file's name begins with, without a number, date or
/// extension.
std::string name_stem(std::string_view path);
/// ".csv", with the dot; empty for none. The extension before ".gz" where that is the last.
std::string extension_of(std::string_view path);

}  // namespace tarn::discover
