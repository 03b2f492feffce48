#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace tarn::cli {

/// A generated page: its file name in docs/reference and its Markdown.
struct ReferencePage {
  std::string file;
  std::string text;
};

/// Every page: commands, error codes, contract keys. The same bytes every time for the same code.
std::vector<ReferencePage> reference_pages(const CLI::App& app);

}  // namespace tarn::cli
