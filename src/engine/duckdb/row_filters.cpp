#include "engine/duckdb/row_filters.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/errors.h"

namespace tarn::engine {

RowFilterUse::~RowFilterUse() {
  if (filters_ != nullptr) filters_->remove(number_);
}

namespace internal {
namespace {

using OwnedExpression = Owned<duckdb_expression, duckdb_destroy_expression>;
using OwnedContext = Owned<duckdb_client_context, duckdb_destroy_client_context>;
using SharedFilter = std::shared_ptr<RowFilter>;
using SharedFilters = std::shared_ptr<RowFilters>;

template <typename T>
void destroy(void* pointer) {
  delete static_cast<T*>(pointer);
}

void* copy_filter(void* pointer) {
  return new SharedFilter(*static_cast<SharedFilter*>(pointer));
}

/// The first argument, where it is a number that stands in the statement.
std::optional<std::uint64_t> number_of(duckdb_bind_info info) {
  const OwnedExpression argument(duckdb_scalar_function_bind_get_argument(info, 0));
  if (argument.get() == nullptr || !duckdb_expression_is_foldable(argument.get())) return std::nullopt;
  OwnedContext context;
  duckdb_scalar_function_get_client_context(info, context.out());
  OwnedValue value;
  OwnedErrorData failed(duckdb_expression_fold(context.get(), argument.get(), value.out()));
  if (duckdb_error_data_has_error(failed.get()) || value.get() == nullptr ||
      duckdb_is_null_value(value.get()))
    return std::nullopt;
  return duckdb_get_uint64(value.get());
}

void bind(duckdb_bind_info info) {
  auto& filters = *static_cast<SharedFilters*>(duckdb_scalar_function_bind_get_extra_info(info));
  const auto number = number_of(info);
  SharedFilter filter = number ? filters->find(*number) : nullptr;
  if (filter == nullptr) {
    duckdb_scalar_function_bind_set_error(info, "there is no such filter of rows");
    return;
  }
  duckdb_scalar_function_set_bind_data(info, new SharedFilter(std::move(filter)), destroy<SharedFilter>);
  duckdb_scalar_function_set_bind_data_copy(info, copy_filter);
}

template <typename T>
std::span<const T> values_of(duckdb_data_chunk chunk, idx_t column, std::size_t count) {
  return {static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column))), count};
}

/// Whether all are the same, without a branch in the loop, so that it takes several at once.
bool is_one_file(std::span<const std::uint64_t> files) {
  std::uint64_t differs = 0;
  for (const std::uint64_t file : files) differs |= file ^ files.front();
  return differs == 0;
}

/// Rows of one file mostly come together.
Status find_live(RowFilter& filter, duckdb_data_chunk input, std::span<bool> live) {
  const auto files = values_of<std::uint64_t>(input, 1, live.size());
  const auto rows = values_of<std::int64_t>(input, 2, live.size());
  const bool is_one = is_one_file(files);
  for (std::size_t begin = 0; begin < live.size();) {
    std::size_t end = is_one ? live.size() : begin + 1;
    while (end < live.size() && files[end] == files[begin]) ++end;
    TARN_ASSIGN_OR_RETURN(const auto gone, filter.gone(files[begin]));
    for (const auto& set : gone)
      set->mark_gone(rows.subspan(begin, end - begin), live.subspan(begin, end - begin));
    begin = end;
  }
  return ok_status();
}

void is_live(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const std::span live(static_cast<bool*>(duckdb_vector_get_data(output)), duckdb_data_chunk_get_size(input));
  std::ranges::fill(live, true);
  auto& filter = *static_cast<SharedFilter*>(duckdb_scalar_function_get_bind_data(info));
  const Status found = find_live(*filter, input, live);
  if (!found.ok())
    duckdb_scalar_function_set_error(info, (std::string(kFilterFailed) + found.error().message()).c_str());
}

}  // namespace

std::uint64_t RowFilters::add(std::shared_ptr<RowFilter> filter) {
  const std::lock_guard lock(mutex_);
  by_number_.emplace(++last_, std::move(filter));
  return last_;
}

void RowFilters::remove(std::uint64_t number) {
  std::shared_ptr<RowFilter> gone;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (const auto found = by_number_.find(number); found != by_number_.end()) {
    gone = std::move(found->second);
    by_number_.erase(found);
  }
}

std::shared_ptr<RowFilter> RowFilters::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

Status define_is_live(duckdb_connection connection, const std::shared_ptr<RowFilters>& filters) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  OwnedLogicalType boolean(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  OwnedLogicalType unsigned_number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  OwnedLogicalType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_scalar_function_set_name(function, std::string(kIsLive).c_str());
  duckdb_scalar_function_add_parameter(function, unsigned_number.get());
  duckdb_scalar_function_add_parameter(function, unsigned_number.get());
  duckdb_scalar_function_add_parameter(function, number.get());
  duckdb_scalar_function_set_return_type(function, boolean.get());
  duckdb_scalar_function_set_extra_info(function, new SharedFilters(filters), destroy<SharedFilters>);
  duckdb_scalar_function_set_bind(function, bind);
  duckdb_scalar_function_set_function(function, is_live);
  const duckdb_state defined = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (defined == DuckDBSuccess) return ok_status();
  return Error(kOpenFailed, "the engine refuses a function of Tarn's own");
}

}  // namespace internal
}  // namespace tarn::engine
