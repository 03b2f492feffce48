#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pgwire/own_statements.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/values/copy_out.h"
#include "pgwire/values/values.h"
#include "query/postgres/dialect.h"

/// Any bytes as messages, parameters and statements of a PostgreSQL client. The first byte says as what.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const char kind = static_cast<char>(data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  (void)tarn::pgwire::read_first_message(bytes);
  (void)tarn::pgwire::read_message(kind, bytes);
  for (const std::uint32_t oid :
       {16U, 17U, 20U, 23U, 26U, 701U, 1016U, 1082U, 1083U, 1114U, 1186U, 1700U, 2950U, 3802U}) {
    (void)tarn::pgwire::read_parameter(bytes, tarn::pgwire::Format::kBinary, oid);
    (void)tarn::pgwire::read_parameter(bytes, tarn::pgwire::Format::kText, oid);
  }
  (void)tarn::pgwire::read_own_statement(bytes);
  (void)tarn::pgwire::read_copy(bytes);
  const tarn::query::postgres::Identity identity{.user = "ann", .database = "tarn"};
  const auto relation_oid = [](std::string_view name) { return static_cast<std::int64_t>(name.size()); };
  (void)tarn::query::postgres::translate(bytes, relation_oid, identity, "curated");
  return 0;
}
