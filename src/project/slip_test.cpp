#include <gtest/gtest.h>
#include <re2/re2.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "project/load.h"

// One slip of the pen is one error, with its mend: what only follows from it is not said.
namespace tarn::project {
namespace {

std::string good_contract() {
  std::ifstream in(std::filesystem::path(TARN_TEST_DATA) / "golden/project/good_everything.yaml");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// "columns" → "coluns", "key" → "keyy".
std::string misspelt(std::string_view word) {
  std::string slip(word);
  if (slip.size() > 4)
    slip.erase(slip.size() / 2, 1);
  else
    slip += slip.back();
  return slip;
}

/// The contract with one word misspelt, for each place where `pattern`'s group stands; returns how many.
int misspell_each(const RE2& pattern) {
  const std::string text = good_contract();
  re2::StringPiece rest(text);
  re2::StringPiece word;
  int slips = 0;
  while (RE2::FindAndConsume(&rest, pattern, &word)) {
    const auto at = static_cast<std::size_t>(word.data() - text.data());
    std::string broken = text;
    broken.replace(at, word.size(), misspelt({word.data(), word.size()}));
    const auto environment = [](std::string_view) { return std::optional<std::string>("inbox"); };
    const FeedOutcome outcome = load_feed({"feeds/x.yaml", broken}, environment);
    std::string told;
    for (const Error& error : outcome.errors) told += render_diagnostic(error, false);
    EXPECT_EQ(outcome.errors.size(), 1u) << "`" << word << "` at " << at << ":\n" << told;
    ++slips;
  }
  return slips;
}

TEST(Slip, OfAKeyIsOneError) {
  EXPECT_GT(misspell_each(RE2("[\n {]([a-z_]{3,}):[ \n]")), 60);
}

TEST(Slip, OfAWordIsOneError) {
  EXPECT_GT(
      misspell_each(RE2(": (upsert|xml|move|evolve|windows-1252|string|long|timestamptz?|double|boolean|"
                        "binary|hex|uuid|date|time|free_text|identifier)[,}\n]")),
      20);
}

TEST(Slip, OfAColumnsNameIsOneError) {
  EXPECT_EQ(misspell_each(RE2("name: (encounter_id|facility_id|updated_at|admitted_at)[,\n]")), 4);
}

}  // namespace
}  // namespace tarn::project
