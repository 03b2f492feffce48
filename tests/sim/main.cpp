// The simulator's command: runs seeds, and says of each that went wrong what and how to see it again.
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.h"

namespace {

constexpr std::string_view kUsage =
    "Usage: tarn_sim --seeds FIRST..LAST [--plant FAULT] [--expect-violation] [--trace]\n"
    "Runs each seed's world and holds it against what its senders sent. --trace tells what happens.\n"
    "--plant breaks something on purpose: store-never-syncs, disk-never-syncs, store-loses-writes.\n";

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
  tarn::sim::Plant plant = tarn::sim::Plant::kNothing;
  bool expect_violation = false;
  bool trace = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Arguments> parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--expect-violation") {
      arguments.expect_violation = true;
    } else if (word == "--trace") {
      arguments.trace = true;
    } else if (word == "--plant" && i + 1 < words.size()) {
      const auto plant = tarn::sim::parse_plant(words[++i]);
      if (!plant) return std::nullopt;
      arguments.plant = *plant;
    } else if (word == "--seeds" && i + 1 < words.size()) {
      const std::string& range = words[++i];
      const std::size_t dots = range.find("..");
      const auto first = number(std::string_view(range).substr(0, dots));
      const auto last = dots == std::string::npos ? first : number(std::string_view(range).substr(dots + 2));
      if (!first || !last) return std::nullopt;
      arguments.first = *first;
      arguments.last = *last;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse({argv + 1, argv + argc});
  if (!arguments) {
    std::cerr << kUsage;
    return 2;
  }
  // Memory, where the machine has some for files: state and index are synced thousands of times.
  const std::filesystem::path memory = "/dev/shm";
  const auto base = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  const std::string folder = (base / ("tarn-sim-" + std::to_string(::getpid()))).string();
  std::uint64_t violated = 0;
  for (std::uint64_t seed = arguments->first; seed <= arguments->last; ++seed) {
    if (arguments->trace) std::cout << "seed " << seed << "\n";
    tarn::sim::World world(seed, arguments->plant, folder, arguments->trace ? &std::cout : nullptr);
    const std::vector<std::string> violations = world.run();
    if (violations.empty()) continue;
    ++violated;
    for (const std::string& violation : violations) std::cout << "seed " << seed << ": " << violation << "\n";
    if (arguments->expect_violation) break;
  }
  std::cout << arguments->last - arguments->first + 1 << " seeds, " << violated << " violated\n";
  return (violated > 0) == arguments->expect_violation ? 0 : 1;
}
