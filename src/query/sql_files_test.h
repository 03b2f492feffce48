#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "query/lake_test.h"

/// Runs tests/sql/*.test. A file is blocks parted by blank lines, `#` begins a comment line:
///
///   table curated.encounter        then a line `name type [required]` for each column
///   append curated.encounter       then a SELECT
///   delete curated.encounter 1 0,3 rows 0 and 3 of the first data file of the test
///   rename | add | widen | drop | tag  TABLE ARGUMENTS
///   writes VERSION                 from now on SQL may write; new tables are of this format version
///   query                          then a script; `----`; a line of cells joined by ` | ` for each row
///   error CODE                     then a script; optionally `----` and a text that the hint or message
///   holds
///   … own                          at the end of these two: by the owner at the command line, whatever the
///                                  door
///   … session                      needs what a former one left in its session, or leaves something
///
/// `${2}` is the id of the second snapshot of the test; `${folder}` the lake's folder.
namespace tarn::query {

struct Block {
  std::size_t line = 0;
  std::vector<std::string> words;
  std::string body;
  std::vector<std::string> expected;
};

inline std::vector<Block> read_blocks(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Block> blocks;
  std::string line;
  bool open = false;
  bool expecting = false;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      open = false;
      continue;
    }
    if (!open) {
      Block& block = blocks.emplace_back();
      block.line = number;
      std::istringstream words(line);
      for (std::string word; words >> word;) block.words.push_back(word);
      open = true;
      expecting = false;
    } else if (line == "----") {
      expecting = true;
    } else if (expecting) {
      blocks.back().expected.push_back(line);
    } else {
      blocks.back().body += line + "\n";
    }
  }
  return blocks;
}

/// How statements get to a session, and what they answer: the rows of the last one as lines of cells joined
/// by " | ", or its error.
class Door {
 public:
  explicit Door(TestLake& lake) : lake_(lake) {}
  virtual ~Door() = default;
  virtual Result<std::vector<std::string>> query(const std::string& script) { return lake_.query(script); }
  /// Checks that an error is what the test names.
  virtual void expect(const Error& error, const std::string& code, const std::vector<std::string>& parts) {
    EXPECT_EQ(error.name(), code) << error.to_string();
    const std::string rendered = render_diagnostic(error, false);
    for (const std::string& part : parts) EXPECT_NE(rendered.find(part), std::string::npos) << rendered;
  }
  virtual void expect_rows(const std::vector<std::string>& rows, const std::vector<std::string>& expected) {
    EXPECT_EQ(rows, expected);
  }
  /// Whether one query finds what the one before left in its session.
  virtual bool keeps_sessions() const { return true; }
  /// From now on sessions write, and make tables of this version.
  virtual void let_write(std::int32_t format_version) { lake_.let_write(format_version); }

 protected:
  TestLake& lake_;
};

/// Runs the blocks of a file on one lake.
class Runner {
 public:
  Runner(TestLake& lake, Door& door) : lake_(lake), door_(door), own_(lake) {}

  void run(const Block& block) {
    const std::string& verb = block.words[0];
    if (verb == "query") {
      Door& door = door_of(block);
      const auto lines = door.query(fill(block.body));
      ASSERT_TRUE(lines.ok()) << lines.error().to_string();
      door.expect_rows(*lines, block.expected);
    } else if (verb == "error") {
      expect_error(block);
    } else if (verb == "writes") {
      door_.let_write(std::stoi(block.words.at(1)));
    } else {
      change(block);
    }
  }

 private:
  Door& door_of(const Block& block) {
    const std::string& last = block.words.back();
    const bool is_own = last == "own" || (last == "session" && !door_.keeps_sessions());
    return is_own ? own_ : door_;
  }

  static TableName table_of(const std::string& text) {
    const std::size_t dot = text.rfind('.');
    return {text.substr(0, dot), text.substr(dot + 1)};
  }

  std::string fill(std::string text) const {
    for (std::size_t at = 0; (at = text.find("${", at)) != std::string::npos;) {
      const std::size_t end = text.find('}', at);
      const std::string key = text.substr(at + 2, end - at - 2);
      text.replace(
          at, end + 1 - at,
          key == "folder" ? lake_.folder() : std::to_string(lake_.snapshots().at(std::stoul(key) - 1)));
    }
    return text;
  }

  void expect_error(const Block& block) {
    Door& door = door_of(block);
    const auto lines = door.query(fill(block.body));
    ASSERT_FALSE(lines.ok()) << "it worked";
    door.expect(lines.error(), block.words.at(1), block.expected);
  }

  void change(const Block& block) {
    const std::string& verb = block.words[0];
    const TableName table = table_of(block.words.at(1));
    const auto word = [&](std::size_t i) { return block.words.at(i); };
    if (verb == "table") {
      lake_.create(table, schema_of(block.body));
    } else if (verb == "append") {
      lake_.append(table, block.body);
    } else if (verb == "delete") {
      std::vector<std::int64_t> positions;
      std::istringstream numbers(word(3));
      for (std::string number; std::getline(numbers, number, ',');) positions.push_back(std::stoll(number));
      lake_.remove(table, std::stoul(word(2)), positions);
    } else if (verb == "rename") {
      lake_.evolve(table, [&](auto& update) { return update.rename(word(2), word(3)); });
    } else if (verb == "add") {
      lake_.evolve(table, [&](auto& update) {
        return update.add({.name = word(2), .type = must(iceberg::Type::parse(word(3)))});
      });
    } else if (verb == "widen") {
      lake_.evolve(table,
                   [&](auto& update) { return update.widen(word(2), must(iceberg::Type::parse(word(3)))); });
    } else if (verb == "drop") {
      lake_.evolve(table, [&](auto& update) { return update.drop(word(2)); });
    } else if (verb == "tag") {
      lake_.tag(table, word(2));
    } else {
      FAIL() << "there is no directive `" << verb << "`";
    }
  }

  static iceberg::Schema schema_of(const std::string& body) {
    iceberg::Schema::Parts parts;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string name;
      std::string type;
      std::string required;
      words >> name >> type >> required;
      parts.fields.push_back({.id = static_cast<std::int32_t>(parts.fields.size()) + 1,
                              .name = name,
                              .required = required == "required",
                              .type = must(iceberg::Type::parse(type))});
    }
    return must(iceberg::Schema::make(parts));
  }

  TestLake& lake_;
  Door& door_;
  Door own_;
};

/// The names of the files in `folder`, without their ending.
inline std::vector<std::string> sql_files(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path().stem().string());
  }
  return files;
}

inline void run_sql_file(const std::filesystem::path& path, TestLake& lake, Door& door) {
  Runner runner(lake, door);
  for (const Block& block : read_blocks(path)) {
    SCOPED_TRACE(path.string() + ":" + std::to_string(block.line));
    runner.run(block);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace tarn::query
