#include <fmt/format.h>

#include "engine/errors.h"
#include "pgwire/backend.h"
#include "pgwire/errors.h"
#include "pgwire/values/copy_in.h"

/// COPY … FROM STDIN (PostgreSQL 15, "COPY Operations").
namespace tarn::pgwire {

Status Backend::receive_copy(std::string_view sql, const CopyStatement& copy) {
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  std::unique_ptr<query::CopyIn> rows;
  const auto interrupt = [lake] { lake->interrupt(); };
  TARN_RETURN_IF_ERROR(run_in_turn(interrupt, [&]() -> Status {
    TARN_ASSIGN_OR_RETURN(rows, lake->begin_copy(sql, {.table = copy.table, .columns = copy.columns}));
    return ok_status();
  }));
  std::vector<std::uint32_t> types;
  for (const engine::ColumnType& type : rows->types()) types.push_back(query::postgres::wire_type(type).oid);
  const std::int16_t format = copy.style == CopyStatement::Style::kBinary ? 1 : 0;
  out_.begin('G').byte(static_cast<char>(format)).int16(static_cast<std::int16_t>(types.size()));
  for (std::size_t i = 0; i < types.size(); ++i) out_.int16(format);
  out_.end();
  TARN_RETURN_IF_ERROR(messages_.flush());
  // Others may run while the client is waited for.
  const auto reader = make_copy_reader(copy, std::move(types), [&](CopyFields fields, std::int64_t line) {
    return rows->add_row(fields, line);
  });
  while (true) {
    TARN_ASSIGN_OR_RETURN(const Message message, messages_.next(net::BlockingStream::kNoLimit));
    if (const auto* data = std::get_if<CopyData>(&message)) {
      TARN_RETURN_IF_ERROR(reader->add(data->bytes));
    } else if (std::holds_alternative<CopyDone>(message)) {
      break;
    } else if (const auto* failed = std::get_if<CopyFail>(&message)) {
      return Error(engine::kInterrupted, fmt::format("COPY from stdin failed: {}", failed->reason));
    } else if (!std::holds_alternative<Flush>(message) && !std::holds_alternative<Sync>(message)) {
      return Error(kBadMessage, "the message makes no sense during COPY from stdin");
    }
  }
  TARN_RETURN_IF_ERROR(reader->finish());
  std::int64_t count = 0;
  TARN_RETURN_IF_ERROR(run_in_turn(interrupt, [&]() -> Status {
    TARN_ASSIGN_OR_RETURN(count, rows->finish());
    return ok_status();
  }));
  write_complete(out_, fmt::format("COPY {}", count));
  return ok_status();
}

Status Backend::commit() {
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  return run_in_turn([lake] { lake->interrupt(); }, [lake] { return lake->commit(); });
}

Status Backend::begin_implicit() {
  if (transaction_ != Transaction::kNone || is_implicit_) return ok_status();
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  TARN_RETURN_IF_ERROR(lake->begin());
  is_implicit_ = true;
  return ok_status();
}

Status Backend::end_implicit() {
  if (!is_implicit_) return ok_status();
  is_implicit_ = false;
  return commit();
}

}  // namespace tarn::pgwire
