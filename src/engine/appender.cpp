#include "engine/appender.h"

#include <fmt/format.h>

#include <utility>

#include "engine/duckdb/connection_impl.h"
#include "engine/duckdb/failure.h"
#include "engine/duckdb/handles.h"
#include "engine/utf8.h"

namespace tarn::engine {

struct Appender::Impl {
  internal::OwnedAppender handle;
  bool failed = false;

  duckdb_appender get() const { return handle.get(); }
  void note(duckdb_state state) { failed = failed || state != DuckDBSuccess; }
  Status check(duckdb_state state) {
    note(state);
    return internal::check_appender(get(), failed ? DuckDBError : DuckDBSuccess);
  }
};

Appender::Appender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Appender::Appender(Appender&&) noexcept = default;
Appender& Appender::operator=(Appender&&) noexcept = default;
Appender::~Appender() = default;

Result<Appender> Connection::append_to(const TableName& table) {
  auto impl = std::make_unique<Appender::Impl>();
  const duckdb_state state = duckdb_appender_create(impl_->handle.get(), table.schema.c_str(),
                                                    table.name.c_str(), impl->handle.out());
  TARN_RETURN_IF_ERROR(impl->check(state));
  return Appender(std::move(impl));
}

Appender& Appender::null() {
  impl_->note(duckdb_append_null(impl_->get()));
  return *this;
}
Appender& Appender::boolean(bool value) {
  impl_->note(duckdb_append_bool(impl_->get(), value));
  return *this;
}
Appender& Appender::int64(std::int64_t value) {
  impl_->note(duckdb_append_int64(impl_->get(), value));
  return *this;
}
Appender& Appender::float64(double value) {
  impl_->note(duckdb_append_double(impl_->get(), value));
  return *this;
}
Appender& Appender::text(std::string_view value) {
  const std::string valid = to_valid_utf8(value);
  impl_->note(duckdb_append_varchar_length(impl_->get(), valid.data(), valid.size()));
  return *this;
}
Appender& Appender::binary(std::string_view value) {
  impl_->note(duckdb_append_blob(impl_->get(), value.data(), value.size()));
  return *this;
}
Appender& Appender::timestamp_us(std::int64_t value) {
  impl_->note(duckdb_append_timestamp(impl_->get(), {value}));
  return *this;
}
Appender& Appender::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}
Appender& Appender::int64_or_null(std::optional<std::int64_t> value) {
  return value ? int64(*value) : null();
}

Status Appender::end_row() {
  return impl_->check(duckdb_appender_end_row(impl_->get()));
}

Status Appender::close() {
  return impl_->check(duckdb_appender_close(impl_->get()));
}

}  // namespace tarn::engine
