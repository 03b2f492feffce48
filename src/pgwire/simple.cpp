#include <fmt/format.h>

#include "net/errors.h"
#include "pgwire/backend.h"
#include "pgwire/errors.h"

/// The simple query protocol (PostgreSQL 15, "Simple Query").
namespace tarn::pgwire {

Status Backend::simple_query(std::string_view sql) {
  const std::string script(sql);  // Good until the last statement was run.
  portals_.erase("");
  prepared_.erase("");
  const std::vector<query::StatementText> statements = query::split_statements(script);
  if (statements.empty()) out_.begin('I').end();
  for (std::size_t i = 0; i < statements.size(); ++i) {
    Status done = run_simple(statements[i], statements.size() > 1);
    if (done.ok() && i + 1 == statements.size()) done = end_implicit();
    if (!done.ok()) {
      if (done.error().name().starts_with("net.")) return done;
      fail(done.error(), script);
      break;  // The rest of the message is as if it had not been sent.
    }
  }
  if (transaction_ == Transaction::kNone) end_transaction();
  write_ready(out_, transaction_letter());
  return messages_.flush();
}

Status Backend::run_simple(const query::StatementText& statement, bool among_others) {
  TARN_ASSIGN_OR_RETURN(const std::optional<OwnStatement> own, read_own_statement(statement.text()));
  TARN_RETURN_IF_ERROR(check_transaction(own));
  if (own) return run_own(*own, statement, {}, true);
  if (among_others) TARN_RETURN_IF_ERROR(begin_implicit());
  TARN_ASSIGN_OR_RETURN(std::optional<CopyStatement> copy, read_copy(statement.text()));
  if (copy && copy->is_from) return receive_copy(statement.text(), *copy);
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  return run_in_turn([lake] { lake->interrupt(); },
                     [&]() -> Status {
                       if (copy) {
                         const query::StatementText query{copy->query, 0, copy->query.size()};
                         TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, lake->run(query, {}));
                         return send_copy(*copy, std::move(rows));
                       }
                       Portal portal;
                       TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, lake->run(statement, {}));
                       portal.open = std::make_unique<OpenRows>(std::move(rows));
                       const bool has_rows = portal.open->rows().has_rows();
                       if (has_rows)
                         write_row_description(out_, wire_columns(portal.open->rows().columns()), {});
                       std::int64_t sent = 0;
                       TARN_ASSIGN_OR_RETURN(const bool more, send_rows(portal, 0, sent));
                       (void)more;  // All were asked for.
                       complete(statement.text(), has_rows, sent);
                       return ok_status();
                     });
}

}  // namespace tarn::pgwire
