#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "project/load.h"
#include "query/access/access_editor.h"
#include "query/lexer.h"
#include "query/rewrite.h"
#include "query/statement_rules.h"
#include "query/table_references.h"
#include "query/writes/write_statement.h"

namespace {

/// What a statement says of users and roles can be kept and read again, whatever it says.
void keep_rules(std::string_view sql) {
  const auto statement = tarn::query::read_access_statement(sql);
  if (!statement.ok() || !*statement) return;
  tarn::project::AccessSpec files;
  files.roles.emplace_back().name = std::string("r");
  files.users.emplace_back().name = std::string("u");
  const auto document = tarn::query::edited_rules(**statement, "", files);
  if (!document.ok()) return;
  TARN_CHECK(tarn::query::edited_rules({}, *document, files).ok());
  (void)tarn::project::load(
      {{"tarn.yaml", "project: x"},
       {std::string(tarn::project::kRulesBySql), tarn::query::effective_rules(*document, files)}},
      nullptr);
}

}  // namespace

/// Any bytes as SQL: tokens lie in the text in order, statements too, and a rewrite that changes nothing is
/// the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  std::size_t end = 0;
  for (const tarn::query::Token& token : tarn::query::tokenize(sql)) {
    TARN_CHECK(token.begin >= end && token.end > token.begin && token.end <= sql.size());
    end = token.end;
  }
  for (const tarn::query::StatementText& statement : tarn::query::split_statements(sql)) {
    const std::string_view text = statement.text();
    keep_rules(text);
    (void)tarn::query::read_write_statement(text);
    const std::set<std::string> temporary = {"mine"};
    (void)tarn::query::check_statement(text, {.temporary_objects = true}, temporary);
    (void)tarn::query::created_temporary(text);
    const auto chains = tarn::query::find_names(text);
    if (!chains.ok()) continue;
    tarn::query::Rewrite rewrite(text);
    for (const tarn::query::NameChain& chain : *chains) {
      rewrite.replace(chain.begin, chain.end, text.substr(chain.begin, chain.end - chain.begin));
      if (chain.has_at)
        rewrite.replace(chain.at_begin, chain.at_end,
                        text.substr(chain.at_begin, chain.at_end - chain.at_begin));
    }
    TARN_CHECK(rewrite.finish() == text);
    TARN_CHECK(rewrite.to_original(0) == 0);
  }
  return 0;
}
