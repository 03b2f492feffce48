#include "cli/sql/prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/sql/line_reader.h"
#include "engine/source_place.h"

namespace tarn::cli {
namespace {

constexpr std::string_view kHelp =
    "  \\d            list the tables          \\d TABLE    describe a table\n"
    "  \\dt           list the tables          \\x          one line a column, on or off\n"
    "  \\timing       show times, on or off    \\o FILE     answers into a file; \\o alone: here again\n"
    "  \\q            leave                    \\?          this\n"
    "  A statement ends with `;` and may have many lines. Tab completes keywords, tables and columns.\n"
    "  Ctrl-C cancels a statement. `FROM t AT (VERSION => n)` reads a former snapshot; see ops.snapshots.\n";

constexpr std::array<std::string_view, 58> kKeywords = {"SELECT",
                                                        "FROM",
                                                        "WHERE",
                                                        "GROUP BY",
                                                        "ORDER BY",
                                                        "HAVING",
                                                        "LIMIT",
                                                        "OFFSET",
                                                        "JOIN",
                                                        "LEFT JOIN",
                                                        "USING",
                                                        "ON",
                                                        "AS",
                                                        "AND",
                                                        "OR",
                                                        "NOT",
                                                        "NULL",
                                                        "IS",
                                                        "IN",
                                                        "BETWEEN",
                                                        "LIKE",
                                                        "ILIKE",
                                                        "CASE",
                                                        "WHEN",
                                                        "THEN",
                                                        "ELSE",
                                                        "END",
                                                        "DISTINCT",
                                                        "UNION ALL",
                                                        "EXCEPT",
                                                        "WITH",
                                                        "VALUES",
                                                        "DESCRIBE",
                                                        "SUMMARIZE",
                                                        "SHOW TABLES",
                                                        "EXPLAIN",
                                                        "EXPLAIN ANALYZE",
                                                        "PIVOT",
                                                        "UNPIVOT",
                                                        "QUALIFY",
                                                        "OVER",
                                                        "PARTITION BY",
                                                        "COUNT",
                                                        "SUM",
                                                        "AVG",
                                                        "MIN",
                                                        "MAX",
                                                        "CAST",
                                                        "COALESCE",
                                                        "DATE",
                                                        "TIMESTAMP",
                                                        "INTERVAL",
                                                        "AT (VERSION =>",
                                                        "AT (TIMESTAMP =>",
                                                        "COPY",
                                                        "CREATE TEMP TABLE",
                                                        "GROUP BY ALL",
                                                        "ORDER BY ALL"};

bool starts_with_folded(std::string_view text, std::string_view prefix) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return text.size() >= prefix.size() &&
         std::ranges::equal(text.substr(0, prefix.size()), prefix, {}, fold, fold);
}

/// The text with a semicolon at the end of a statement, outside of strings and comments.
bool is_complete(const std::string& text) {
  const std::vector<query::StatementText> statements = query::split_statements(text);
  return !statements.empty() && statements.back().terminated;
}

}  // namespace

PromptCommand parse_prompt_command(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line[begin] != '\\') return {};
  line.remove_prefix(begin + 1);
  while (line.ends_with(' ') || line.ends_with(';')) line.remove_suffix(1);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::size_t rest = line.find_first_not_of(" \t", end);
  return {std::string(line.substr(0, end)),
          rest == std::string_view::npos ? "" : std::string(line.substr(rest))};
}

void Prompt::report(const Error& error) {
  context_.note(render_diagnostic(error, context_.err().color));
}

void Prompt::execute(const std::string& script, const query::Parameters& parameters) {
  const Status done = printer_.run_script(script, {.parameters = parameters, .source = "prompt"}, answer_);
  if (!done.ok()) report(done.error());
}

bool Prompt::obey(const PromptCommand& command) {
  if (command.name == "q" || command.name == "quit") return false;
  if (command.name == "?" || command.name == "h" || command.name == "help") {
    context_.note(kHelp);
  } else if (command.name == "dt" || (command.name == "d" && command.argument.empty())) {
    execute("SHOW TABLES", {});
  } else if (command.name == "d") {
    execute("DESCRIBE " + command.argument, {});
  } else if (command.name == "x") {
    answer_.render.expanded = !answer_.render.expanded;
    context_.note(answer_.render.expanded ? "One line a column." : "One line a row.");
  } else if (command.name == "timing") {
    answer_.timing = !answer_.timing;
    context_.note(answer_.timing ? "Times are shown." : "Times are not shown.");
  } else if (command.name == "o") {
    answer_.to = command.argument;
    context_.note(answer_.to.empty() ? "Answers are shown here."
                                     : fmt::format("The next answers go into {}.", answer_.to));
  } else {
    context_.note(fmt::format("There is no command `\\{}`; `\\?` lists them.", printable(command.name)));
  }
  return true;
}

std::vector<std::string> Prompt::complete(std::string_view text) {
  const std::string_view word = text.substr(last_word(text));
  std::vector<std::string> words;
  const Result<std::vector<std::string>> tables = session_.table_names();
  if (!tables.ok()) return words;
  for (const std::string& table : *tables) {
    if (!word.empty() && starts_with_folded(table, word)) words.push_back(table);
  }
  if (word.empty()) return words;
  // Columns of the tables that the line names already.
  for (const std::string& table : *tables) {
    if (text.find(table) == std::string_view::npos) continue;
    const Result<std::vector<std::string>> columns = session_.column_names(table);
    if (!columns.ok()) continue;
    for (const std::string& column : *columns) {
      if (starts_with_folded(column, word)) words.push_back(query::sql_name(column));
    }
  }
  for (const std::string_view keyword : kKeywords) {
    if (starts_with_folded(keyword, word)) words.emplace_back(keyword);
  }
  std::ranges::sort(words);
  const auto repeated = std::ranges::unique(words);
  words.erase(repeated.begin(), repeated.end());
  return words;
}

Result<int> Prompt::run(const std::string& history_file, const query::Parameters& parameters) {
  LineReader reader(history_file, [this](std::string_view text) { return complete(text); });
  context_.note("SQL over the lake. `\\?` helps, `\\d` lists the tables, `\\q` leaves.");
  std::string script;
  while (true) {
    const LineReader::Read read = reader.read(script.empty() ? "tarn> " : "  ... ");
    if (read.event == LineReader::Event::kEnd) break;
    if (read.event == LineReader::Event::kInterrupted) {
      script.clear();
      continue;
    }
    if (script.empty()) {
      if (const PromptCommand command = parse_prompt_command(read.line); !command.name.empty()) {
        reader.remember(read.line);
        if (!obey(command)) return kExitDone;
        continue;
      }
    }
    script += read.line + "\n";
    if (query::split_statements(script).empty() && !is_complete(script)) {
      // Nothing but blanks and comments so far, or the middle of a string: go on only where something is
      // open.
      if (script.find_first_not_of(" \t\n") == std::string::npos) script.clear();
      continue;
    }
    if (!is_complete(script)) continue;
    reader.remember(script);
    execute(script, parameters);
    script.clear();
  }
  context_.note("");
  return kExitDone;
}

}  // namespace tarn::cli
