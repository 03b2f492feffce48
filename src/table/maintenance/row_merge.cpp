#include "table/maintenance/row_merge.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "table/columns/arrow_result.h"
#include "table/columns/compute.h"
#include "table/partition.h"
#include "table/rows/spilled_rows.h"

namespace tarn::table {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

Result<std::shared_ptr<arrow::RecordBatch>> joined(const arrow::RecordBatchVector& batches) {
  if (batches.size() == 1) return batches[0];
  TARN_ARROW_ASSIGN_OR_RETURN(auto whole, arrow::ConcatenateRecordBatches(batches));
  return whole;
}

// Rows of a sorted piece that are merged at once.
constexpr std::int64_t kPieceRows = 8192;

/// Reads a sorted piece little by little, from memory or from where it waits.
class PieceReader final : public DataFileReader {
 public:
  PieceReader(std::shared_ptr<arrow::RecordBatch> rows, std::vector<std::uint32_t> positions,
              std::shared_ptr<const SpilledRows> spilled)
      : rows_(std::move(rows)), positions_(std::move(positions)), spilled_(std::move(spilled)) {}

  Result<std::optional<FileRows>> next() override {
    const std::int64_t count = std::min(kPieceRows, rows_->num_rows() - next_);
    if (count == 0) return std::optional<FileRows>();
    FileRows rows{rows_->Slice(next_, count), {}};
    if (spilled_ != nullptr) {
      // Copied, so that the mapped pages can go.
      std::vector<std::uint32_t> numbers(static_cast<std::size_t>(count));
      std::iota(numbers.begin(), numbers.end(), 0U);
      TARN_ASSIGN_OR_RETURN(rows.batch, take_rows(rows.batch, numbers));
      spilled_->forget_pages();
    }
    const auto begin = positions_.begin() + next_;
    rows.positions.assign(begin, begin + count);
    next_ += count;
    return std::optional(std::move(rows));
  }

 private:
  std::shared_ptr<arrow::RecordBatch> rows_;
  std::vector<std::uint32_t> positions_;
  std::shared_ptr<const SpilledRows> spilled_;  // null: in memory
  std::int64_t next_ = 0;
};

}  // namespace

std::int64_t RowMerge::Source::rows() const {
  return batch == nullptr ? 0 : batch->num_rows();
}

Result<std::vector<std::uint32_t>> RowOrder::ordered(const arrow::RecordBatch& batch) const {
  return curve != nullptr ? curve->ordered_rows(batch, schema) : ordered_rows(batch, schema, sort, nullptr);
}

Status RowMerge::add(std::unique_ptr<DataFileReader> reader, bool is_ordered) {
  if (!order_.is_unordered() && !is_ordered) {
    TARN_RETURN_IF_ERROR(add_sorted(std::move(reader)));
  } else {
    sources_.emplace_back();
    sources_.back().reader = std::move(reader);
    sources_.back().number = added_;
  }
  ++added_;
  return ok_status();
}

/// In pieces of a quarter of the memory, each a source of its own.
Status RowMerge::add_sorted(std::unique_ptr<DataFileReader> reader) {
  const std::int64_t most = spill_.folder.empty() ? std::numeric_limits<std::int64_t>::max()
                                                  : std::max<std::int64_t>(1, spill_.memory_bytes / 4);
  for (bool more = true; more;) {
    arrow::RecordBatchVector batches;
    std::vector<std::uint32_t> positions;
    for (std::int64_t bytes = 0; bytes < most;) {
      TARN_ASSIGN_OR_RETURN(auto rows, reader->next());
      more = rows.has_value();
      if (!more) break;
      bytes += arrow::util::TotalBufferSize(*rows->batch);
      batches.push_back(std::move(rows->batch));
      for (const std::int64_t position : rows->positions)
        positions.push_back(static_cast<std::uint32_t>(position));
    }
    if (batches.empty()) continue;
    TARN_ASSIGN_OR_RETURN(auto piece, joined(batches));
    batches.clear();
    TARN_ASSIGN_OR_RETURN(const auto order, order_.ordered(*piece));
    TARN_ASSIGN_OR_RETURN(piece, take_rows(piece, order));
    std::vector<std::uint32_t> ordered_positions;
    ordered_positions.reserve(order.size());
    for (const std::uint32_t row : order) ordered_positions.push_back(positions[row]);
    TARN_RETURN_IF_ERROR(keep_sorted(std::move(piece), std::move(ordered_positions)));
  }
  return ok_status();
}

/// In memory while there is room.
Status RowMerge::keep_sorted(std::shared_ptr<arrow::RecordBatch> piece,
                             std::vector<std::uint32_t> positions) {
  const std::int64_t bytes = arrow::util::TotalBufferSize(*piece);
  std::shared_ptr<const SpilledRows> spilled;
  if (!spill_.folder.empty() && held_bytes_ + bytes > spill_.memory_bytes / 2) {
    const std::string path = spill_.folder + "/piece-" + std::to_string(spilled_++);
    TARN_ASSIGN_OR_RETURN(spilled, SpilledRows::write(*piece, path));
    piece = spilled->rows();
  } else {
    held_bytes_ += bytes;
  }
  sources_.emplace_back();
  sources_.back().number = added_;
  sources_.back().reader =
      std::make_unique<PieceReader>(std::move(piece), std::move(positions), std::move(spilled));
  return ok_status();
}

Status RowMerge::read_more(Source& source) const {
  TARN_ASSIGN_OR_RETURN(auto rows, source.reader->next());
  if (!rows) {
    source.reader.reset();
    return ok_status();
  }
  if (source.rows() == 0) {
    source.batch = std::move(rows->batch);
  } else {
    TARN_ASSIGN_OR_RETURN(source.batch, joined({source.batch, rows->batch}));
  }
  for (const std::int64_t position : rows->positions)
    source.positions.push_back(static_cast<std::uint32_t>(position));
  return ok_status();
}

Result<std::optional<MergedRows>> RowMerge::next() {
  if (order_.is_unordered()) return next_in_sequence();
  std::int64_t most = 1;
  for (const Source& source : sources_) most = std::max(most, source.rows());
  bool any = false;
  for (Source& source : sources_) {
    // Filled up to about the same length, the sources go through the keys abreast.
    while (source.reader != nullptr && source.rows() < (most + 1) / 2)
      TARN_RETURN_IF_ERROR(read_more(source));
    any = any || source.rows() > 0;
  }
  if (!any) return std::optional<MergedRows>();
  std::size_t bound = kNone;
  TARN_ASSIGN_OR_RETURN(const auto chosen, choose(bound));
  TARN_ASSIGN_OR_RETURN(MergedRows rows, emit(chosen, bound));
  return std::optional(std::move(rows));
}

Result<std::optional<MergedRows>> RowMerge::next_in_sequence() {
  for (; current_ < sources_.size(); ++current_) {
    Source& source = sources_[current_];
    TARN_RETURN_IF_ERROR(read_more(source));
    if (source.reader == nullptr) continue;
    MergedRows rows{std::move(source.batch), {}};
    for (const std::uint32_t position : source.positions) rows.origins.push_back({source.number, position});
    source.batch.reset();
    source.positions.clear();
    return std::optional(std::move(rows));
  }
  return std::optional<MergedRows>();
}

/// Of the sources with more to read, the one whose rows at hand end first bounds what may be emitted: what
/// nobody has read yet lies behind it. Chosen are the sources with rows before that bound. `bound` becomes
/// that source, or kNone when everything is at hand.
Result<std::vector<std::size_t>> RowMerge::choose(std::size_t& bound) const {
  std::vector<std::size_t> with_rows;
  arrow::RecordBatchVector ends;  // the first and the last row of each
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].rows() == 0) continue;
    with_rows.push_back(i);
    ends.push_back(sources_[i].batch->Slice(0, 1));
    ends.push_back(sources_[i].batch->Slice(sources_[i].rows() - 1, 1));
  }
  TARN_ASSIGN_OR_RETURN(const auto all, joined(ends));
  TARN_ASSIGN_OR_RETURN(const auto order, order_.ordered(*all));
  std::vector<std::size_t> chosen;
  for (const std::uint32_t row : order) {
    const std::size_t source = with_rows[row / 2];
    if (row % 2 == 0) {
      chosen.push_back(source);
    } else if (sources_[source].reader != nullptr) {
      bound = source;
      // One that claims the order and does not keep it may end before it begins.
      if (std::ranges::find(chosen, source) == chosen.end()) chosen.push_back(source);
      break;
    }
  }
  std::ranges::sort(chosen);
  return chosen;
}

Result<MergedRows> RowMerge::emit(const std::vector<std::size_t>& chosen, std::size_t bound) {
  arrow::RecordBatchVector batches;
  std::vector<RowOrigin> origins;  // here with the row at hand, not yet the position in the file
  std::uint32_t last_of_bound = 0;
  for (const std::size_t i : chosen) {
    batches.push_back(sources_[i].batch);
    for (std::uint32_t row = 0; row < sources_[i].rows(); ++row)
      origins.push_back({static_cast<std::uint32_t>(i), row});
    if (i == bound) last_of_bound = static_cast<std::uint32_t>(origins.size() - 1);
  }
  TARN_ASSIGN_OR_RETURN(const auto whole, joined(batches));
  TARN_ASSIGN_OR_RETURN(auto order, order_.ordered(*whole));
  if (bound != kNone)
    order.resize(static_cast<std::size_t>(std::ranges::find(order, last_of_bound) - order.begin()) + 1);
  MergedRows rows;
  std::vector<RowOrigin> emitted;
  for (const std::uint32_t row : order) {
    const RowOrigin origin = origins[row];
    emitted.push_back(origin);
    const Source& source = sources_[origin.source];
    rows.origins.push_back({source.number, source.positions[origin.position]});
  }
  TARN_ASSIGN_OR_RETURN(rows.batch, take_rows(whole, order));
  TARN_RETURN_IF_ERROR(keep_rest(chosen, emitted));
  return rows;
}

Status RowMerge::keep_rest(const std::vector<std::size_t>& chosen, const std::vector<RowOrigin>& emitted) {
  std::vector<std::vector<bool>> gone(sources_.size());
  for (const std::size_t i : chosen) gone[i].resize(static_cast<std::size_t>(sources_[i].rows()));
  for (const RowOrigin& origin : emitted) gone[origin.source][origin.position] = true;
  for (const std::size_t i : chosen) {
    Source& source = sources_[i];
    std::vector<std::uint32_t> rest;
    std::vector<std::uint32_t> positions;
    for (std::uint32_t row = 0; row < gone[i].size(); ++row) {
      if (gone[i][row]) continue;
      rest.push_back(row);
      positions.push_back(source.positions[row]);
    }
    source.positions = std::move(positions);
    if (rest.empty()) {
      source.batch.reset();
    } else {
      TARN_ASSIGN_OR_RETURN(source.batch, take_rows(source.batch, rest));
    }
  }
  return ok_status();
}

}  // namespace tarn::table
