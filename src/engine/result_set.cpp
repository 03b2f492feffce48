#include "engine/result_set.h"

#include <utility>

#include "engine/duckdb/failure.h"
#include "engine/duckdb/result_impl.h"

namespace tarn::engine {

Chunk::Chunk(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Chunk::Chunk(Chunk&&) noexcept = default;
Chunk& Chunk::operator=(Chunk&&) noexcept = default;
Chunk::~Chunk() = default;

std::size_t Chunk::rows() const {
  return impl_->rows;
}
std::size_t Chunk::columns() const {
  return impl_->columns.size();
}
Cell Chunk::cell(std::size_t column, std::size_t row) const {
  TARN_CHECK(column < impl_->columns.size() && row < impl_->rows);
  return Cell(&impl_->columns[column], row);
}

ResultSet::ResultSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ResultSet::ResultSet(ResultSet&&) noexcept = default;
ResultSet& ResultSet::operator=(ResultSet&&) noexcept = default;
ResultSet::~ResultSet() = default;

const std::vector<Column>& ResultSet::columns() const {
  return impl_->columns;
}
bool ResultSet::has_rows() const {
  return impl_->has_rows;
}

void ResultSet::become_count() {
  impl_->has_rows = false;
}

Result<internal::OwnedChunk> ResultSet::Impl::fetch_unwatched() {
  internal::OwnedChunk fetched(duckdb_fetch_chunk(*result.get()));
  if (fetched.get() != nullptr && duckdb_data_chunk_get_size(fetched.get()) != 0) return fetched;
  ended = true;
  if (const char* message = duckdb_result_error(result.get()); message != nullptr)
    return internal::make_failure(duckdb_result_error_type(result.get()), message, *source);
  return internal::OwnedChunk();
}

Result<internal::OwnedChunk> ResultSet::Impl::fetch() {
  if (ended) return internal::OwnedChunk();
  Result<internal::OwnedChunk> fetched = fetch_unwatched();
  if (!watcher) return fetched;
  Step step{.is_end = ended, .error = fetched.ok() ? nullptr : &fetched.error()};
  if (!ended) {
    step.rows = static_cast<std::int64_t>(duckdb_data_chunk_get_size(fetched->get()));
    // The only cell of what has no rows is a count.
    if (!has_rows && types->size() == 1 && step.rows == 1) {
      const internal::VectorView view =
          internal::open_vector((*types)[0], duckdb_data_chunk_get_vector(fetched->get(), 0));
      step.rows = Cell(&view, 0).as_int64().value_or(0);
    }
  }
  watcher(step);
  return fetched;
}

void ResultSet::watch(Watcher watcher) {
  impl_->watcher = std::move(watcher);
}

Result<std::optional<Chunk>> ResultSet::next() {
  TARN_ASSIGN_OR_RETURN(internal::OwnedChunk fetched, impl_->fetch());
  if (fetched.get() == nullptr) return std::optional<Chunk>();
  auto chunk = std::make_unique<Chunk::Impl>();
  chunk->rows = duckdb_data_chunk_get_size(fetched.get());
  chunk->types = impl_->types;
  chunk->columns.reserve(impl_->types->size());
  for (std::size_t i = 0; i < impl_->types->size(); ++i) {
    chunk->columns.push_back(
        internal::open_vector((*impl_->types)[i], duckdb_data_chunk_get_vector(fetched.get(), i)));
  }
  chunk->chunk = std::move(fetched);
  return std::optional<Chunk>(Chunk(std::move(chunk)));
}

Result<std::vector<std::vector<std::optional<std::string>>>> read_texts(ResultSet& rows) {
  std::vector<std::vector<std::optional<std::string>>> texts;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::optional<Chunk> chunk, rows.next());
    if (!chunk) return texts;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      auto& cells = texts.emplace_back();
      for (std::size_t column = 0; column < chunk->columns(); ++column) {
        const Cell cell = chunk->cell(column, row);
        cells.push_back(cell.is_null() ? std::nullopt : std::optional(cell.text()));
      }
    }
  }
}

}  // namespace tarn::engine
