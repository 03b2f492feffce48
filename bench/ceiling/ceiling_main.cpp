/// What this machine can do with the zips of `tarn demo make`: read, inflate, check the CRC, parse, convert
/// to types and encode as Parquet, written by hand for these five feeds and for nothing else. No error
/// handling, ledger, landing copy, order, audit columns, fsync or commit. `bench/ingest` runs it beside Tarn,
/// so that the ratio is of one run.
///
///   ceiling INBOX OUTPUT [THREADS]     prints a line of JSON
#include <fmt/format.h>
#include <libdeflate.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ceiling/typed_table.h"

namespace {

namespace fs = std::filesystem;
using namespace ceiling;

/// Where a value of an encounter goes: the local name, with the attribute's, and the column.
struct Place {
  std::string_view element;
  std::string_view attribute;
  std::size_t column;
};
constexpr std::array kEncounter = {Place{"Encounter", "id", 0},    Place{"Encounter", "facility", 1},
                                   Place{"Encounter", "event", 2}, Place{"Encounter", "updated", 3},
                                   Place{"Patient", "id", 4},      Place{"Patient", "sex", 5},
                                   Place{"Family", "", 6},         Place{"Given", "", 7},
                                   Place{"BirthDate", "", 8},      Place{"Age", "", 9},
                                   Place{"Visit", "class", 10},    Place{"Visit", "department", 11},
                                   Place{"AdmittedAt", "", 12},    Place{"DischargedAt", "", 13},
                                   Place{"Disposition", "", 14},   Place{"Location", "ward", 15},
                                   Place{"Location", "bed", 16},   Place{"Attending", "", 17},
                                   Place{"Severity", "", 18},      Place{"TotalCost", "", 19},
                                   Place{"Note", "", 20}};
constexpr std::array kDiagnosis = {Place{"Diagnosis", "code", 1}, Place{"Diagnosis", "rank", 2},
                                   Place{"Name", "", 3}, Place{"PresentOnAdmission", "", 4}};

template <std::size_t N>
bool put(const std::array<Place, N>& places, std::string_view element, std::string_view attribute,
         std::string_view value, Fields& row) {
  for (const Place& place : places) {
    if (place.element != element || place.attribute != attribute) continue;
    row[place.column] = value;
    return true;
  }
  return false;
}

/// Tags in their order, without a tree and without entities.
void read_encounter(std::string_view text, Table& encounters, Table& diagnoses) {
  Fields row(kFeeds[0].kinds.size());
  Fields diagnosis;
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const char first = text[at + 1];
    std::size_t end = text.find('>', at);
    if (first == '/' || first == '?' || first == '!') {
      if (text.substr(at, end - at).ends_with("Diagnosis")) diagnoses.add(diagnosis);
      at = end;
      continue;
    }
    std::string_view tag = text.substr(at + 1, end - at - 1);
    std::string_view name = tag.substr(0, tag.find_first_of(" /\n"));
    std::size_t rest = name.size();
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos)
      name.remove_prefix(colon + 1);
    if (name == "Diagnosis") diagnosis.assign(kFeeds[1].kinds.size(), row[0]);
    for (std::size_t equal = tag.find('=', rest); equal != std::string_view::npos;
         equal = tag.find('=', rest)) {
      const std::size_t begin = tag.find_first_not_of(" \n\r\t", rest);
      const std::size_t close = tag.find(tag[equal + 1], equal + 2);
      const std::string_view attribute = tag.substr(begin, equal - begin);
      const std::string_view value = tag.substr(equal + 2, close - equal - 2);
      if (!put(kEncounter, name, attribute, value, row) && !diagnosis.empty())
        put(kDiagnosis, name, attribute, value, diagnosis);
      rest = close + 1;
    }
    const std::size_t next = text.find('<', end);
    if (next != std::string_view::npos && next > end + 1) {
      const std::string_view value = text.substr(end + 1, next - end - 1);
      if (!put(kEncounter, name, "", value, row) && !diagnosis.empty())
        put(kDiagnosis, name, "", value, diagnosis);
    }
    at = end;
  }
  encounters.add(row);
}

/// Separated by `delimiter`, doubled quotes left as they are.
void read_delimited(std::string_view text, char delimiter, Table& table) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Fields row;
  bool is_header = true;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    if (text[at] == '"' && delimiter == ',') {
      for (end = text.find('"', at + 1); end + 1 < text.size() && text[end + 1] == '"';)
        end = text.find('"', end + 2);
      row.push_back(text.substr(at + 1, end - at - 1));
      ++end;
    } else {
      while (end < text.size() && text[end] != delimiter && text[end] != '\n' && text[end] != '\r') ++end;
      row.push_back(text.substr(at, end - at));
    }
    if (end < text.size() && text[end] == delimiter) {
      at = end + 1;
      continue;
    }
    while (end < text.size() && (text[end] == '\r' || text[end] == '\n')) ++end;
    if (!is_header) table.add(row);
    is_header = false;
    row.clear();
    at = end;
  }
}

void read_fixed(std::string_view text, Table& table) {
  static constexpr std::array<std::array<std::size_t, 2>, 9> kColumns = {
      {{0, 6}, {7, 4}, {13, 10}, {24, 3}, {28, 3}, {32, 3}, {36, 3}, {40, 3}, {44, 3}}};
  Fields row(kColumns.size());
  bool is_title = true;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (std::exchange(is_title, false) || line.empty() || line.front() == '#' || line.size() < 24) continue;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      std::string_view value =
          kColumns[i][0] < line.size() ? line.substr(kColumns[i][0], kColumns[i][1]) : std::string_view();
      while (value.starts_with(' ')) value.remove_prefix(1);
      while (value.ends_with(' ') || value.ends_with('\r')) value.remove_suffix(1);
      row[i] = value;
    }
    table.add(row);
  }
}

struct Totals {
  std::int64_t files = 0;
  std::int64_t raw_bytes = 0;
  std::int64_t rows = 0;
};

class Worker {
 public:
  Worker(const std::string& output, unsigned number) {
    for (const Feed& feed : kFeeds)
      tables_.emplace_back(feed, fmt::format("{}/{}-{}.parquet", output, feed.name, number));
  }
  ~Worker() { libdeflate_free_decompressor(inflater_); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void read_zip(const std::string& path) {
    const auto size = static_cast<std::size_t>(fs::file_size(path));
    zip_.resize(size);
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr || std::fread(zip_.data(), 1, size, file) != size) fail("cannot read " + path);
    std::fclose(file);
    // The end record has no comment in these files.
    const std::size_t end = size - 22;
    std::size_t at = number<std::uint32_t>(end + 16);
    for (unsigned left = number<std::uint16_t>(end + 10); left > 0; --left) {
      const std::size_t name_size = number<std::uint16_t>(at + 28);
      const std::string_view name(zip_.data() + at + 46, name_size);
      read_member(name, at);
      at += 46 + name_size + number<std::uint16_t>(at + 30) + number<std::uint16_t>(at + 32);
    }
  }

  Totals finish() {
    for (Table& table : tables_) totals_.rows += table.finish();
    return totals_;
  }

 private:
  template <typename T>
  T number(std::size_t at) const {
    T value = 0;
    std::memcpy(&value, zip_.data() + at, sizeof(value));
    return value;
  }

  void read_member(std::string_view name, std::size_t entry) {
    std::size_t feed = 0;
    while (feed < kFeeds.size() && (kFeeds[feed].folder.empty() || !name.starts_with(kFeeds[feed].folder)))
      ++feed;
    if (feed == kFeeds.size() || name.ends_with('/')) return;
    const std::size_t packed = number<std::uint32_t>(entry + 20);
    const std::size_t size = number<std::uint32_t>(entry + 24);
    const std::size_t local = number<std::uint32_t>(entry + 42);
    const std::size_t begin =
        local + 30 + number<std::uint16_t>(local + 26) + number<std::uint16_t>(local + 28);
    if (member_.size() < size) member_.resize(size);
    if (number<std::uint16_t>(entry + 10) == 0) {
      std::memcpy(member_.data(), zip_.data() + begin, size);
    } else if (libdeflate_deflate_decompress(inflater_, zip_.data() + begin, packed, member_.data(), size,
                                             nullptr) != LIBDEFLATE_SUCCESS) {
      fail("a member does not inflate");
    }
    if (libdeflate_crc32(0, member_.data(), size) != number<std::uint32_t>(entry + 16))
      fail("a member's CRC differs");
    const std::string_view text(member_.data(), size);
    ++totals_.files;
    totals_.raw_bytes += static_cast<std::int64_t>(size);
    if (feed == 0) return read_encounter(text, tables_[0], tables_[1]);
    if (kFeeds[feed].folder == "census") return read_fixed(text, tables_[feed]);
    read_delimited(text, kFeeds[feed].folder == "lab" ? '|' : ',', tables_[feed]);
  }

  libdeflate_decompressor* inflater_ = libdeflate_alloc_decompressor();
  std::string zip_;
  std::string member_;
  std::vector<Table> tables_;
  Totals totals_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) fail("ceiling INBOX OUTPUT [THREADS]");
  std::vector<std::string> zips;
  for (const auto& entry : fs::recursive_directory_iterator(argv[1]))
    if (entry.path().extension() == ".zip") zips.push_back(entry.path().string());
  fs::create_directories(argv[2]);
  const unsigned threads =
      argc > 3 ? static_cast<unsigned>(std::stoul(argv[3])) : std::thread::hardware_concurrency();
  const auto start = std::chrono::steady_clock::now();
  std::atomic<std::size_t> next = 0;
  std::vector<Totals> each(threads);
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i) {
      workers.emplace_back([&, i] {
        Worker worker(argv[2], i);
        for (std::size_t at = next++; at < zips.size(); at = next++) worker.read_zip(zips[at]);
        each[i] = worker.finish();
      });
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Totals all;
  for (const Totals& one : each) {
    all.files += one.files;
    all.raw_bytes += one.raw_bytes;
    all.rows += one.rows;
  }
  fmt::print("{{\"wall_s\": {:.3f}, \"files\": {}, \"raw_bytes\": {}, \"rows\": {}}}\n", seconds, all.files,
             all.raw_bytes, all.rows);
}
