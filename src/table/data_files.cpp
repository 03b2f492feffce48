#include "table/data_files.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/hash.h"
#include "base/parallel.h"
#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/compute.h"
#include "table/partition.h"

namespace tarn::table {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// Rows are gathered into one piece of at most this size: string columns hold at most 2 GiB.
constexpr std::int64_t kMaxRoundBytes = std::int64_t{1} << 30;
// Rows that are neither partitioned nor sorted go into several files at a time, of at least so much memory.
constexpr std::int64_t kPlainStretchBytes = std::int64_t{48} << 20;
// A folder's name is at most this long; file systems allow 255 bytes.
constexpr std::size_t kFolderNameBytes = 120;

std::string safe_folder(std::string_view name) {
  std::string safe(name);
  std::ranges::replace(safe, '%', '_');
  if (safe.size() <= kFolderNameBytes) return safe;
  std::size_t cut = kFolderNameBytes;
  while (cut > 0 && (static_cast<unsigned char>(safe[cut]) & 0xC0U) == 0x80U)
    --cut;  // not within a character
  const std::uint64_t hash = xxh3_64(name);
  return safe.substr(0, cut) + "-" +
         to_hex(std::string_view(reinterpret_cast<const char*>(&hash), sizeof(hash)));
}

std::string without_trailing_slash(const std::string& location) {
  return location.ends_with('/') ? location.substr(0, location.size() - 1) : location;
}

/// Writes batches as they come, or gathered, partitioned and sorted.
class FilesWriter {
 public:
  FilesWriter(io::ObjectStore& store, const DataFilesRequest& request)
      : store_(store), request_(request), next_number_(request.first_number) {}

  Result<WrittenFiles> write(std::span<const Batch> batches) {
    const bool plain = request_.spec.is_unpartitioned() && request_.order.is_unsorted();
    TARN_RETURN_IF_ERROR(plain ? write_plain(batches) : write_rounds(batches));
    if (request_.rows && cursor_.next_row < request_.rows->size())
      return Error(kBadChange, "a row to write lies behind the last batch");
    return std::move(written_);
  }

 private:
  /// A place in the input.
  struct Cursor {
    std::size_t next_row = 0;    // into request_.rows
    std::int64_t first_row = 0;  // of the next batch
  };

  /// The chosen rows of the next batch, conforming to the schema; nothing when there are none.
  Result<std::optional<Batch>> select(const Batch& batch, Cursor& cursor) const {
    const std::int64_t end = cursor.first_row + batch->num_rows();
    Batch chosen = batch;
    if (request_.rows) {
      std::vector<std::uint32_t> rows;
      for (std::size_t& next = cursor.next_row; next < request_.rows->size() && (*request_.rows)[next] < end;
           ++next) {
        const std::int64_t row = (*request_.rows)[next];
        if (row < cursor.first_row || (next > 0 && row <= (*request_.rows)[next - 1]))
          return Error(kBadChange, "the rows to write are not in ascending order");
        rows.push_back(static_cast<std::uint32_t>(row - cursor.first_row));
      }
      if (static_cast<std::int64_t>(rows.size()) < batch->num_rows()) {
        TARN_ASSIGN_OR_RETURN(chosen, take_rows(batch, rows));
      }
    }
    cursor.first_row = end;
    if (chosen->num_rows() == 0) return std::optional<Batch>();
    TARN_ASSIGN_OR_RETURN(chosen, conform_batch(chosen, request_.schema, Dictionaries::kKeep));
    return std::optional(std::move(chosen));
  }

  void tell_written(std::size_t first, std::size_t end) const {
    for (std::size_t i = first; request_.written && i < end; ++i) request_.written(i);
  }

  /// Gathers batches up to the size of a round, and writes each round partitioned and sorted.
  Status write_rounds(std::span<const Batch> batches) {
    std::vector<Batch> round;
    std::int64_t bytes = 0;
    std::size_t first = 0;  // of the round
    const auto write = [&](std::size_t end) -> Status {
      if (round.empty()) return ok_status();
      TARN_RETURN_IF_ERROR(unify_dictionaries(round));
      TARN_RETURN_IF_ERROR(write_round(round));
      round.clear();
      bytes = 0;
      tell_written(first, end);
      first = end;
      return ok_status();
    };
    for (std::size_t i = 0; i < batches.size(); ++i) {
      TARN_ASSIGN_OR_RETURN(std::optional<Batch> chosen, select(batches[i], cursor_));
      if (!chosen) continue;
      TARN_ARROW_ASSIGN_OR_RETURN(const std::int64_t size, arrow::util::ReferencedBufferSize(**chosen));
      if (bytes + size > std::min(request_.round_bytes, kMaxRoundBytes)) TARN_RETURN_IF_ERROR(write(i));
      bytes += size;
      round.push_back(*std::move(chosen));
    }
    return write(batches.size());
  }

  /// Columns of text have one representation in all batches, and one dictionary.
  static Status unify_dictionaries(std::vector<Batch>& batches) {
    bool unify = false;
    for (int i = 0; !batches.empty() && i < batches[0]->num_columns(); ++i) {
      const auto is_encoded = [i](const Batch& batch) {
        return is_text_dictionary(*batch->column(i)->type());
      };
      const auto encoded = std::ranges::count_if(batches, is_encoded);
      unify = unify || encoded > 1;
      if (encoded == 0 || encoded == std::ssize(batches)) continue;
      for (Batch& batch : batches) {
        if (!is_encoded(batch)) continue;
        TARN_ASSIGN_OR_RETURN(const auto decoded, cast_array(batch->column(i), arrow::utf8()));
        const auto field = batch->schema()->field(i)->WithType(arrow::utf8());
        TARN_ARROW_ASSIGN_OR_RETURN(batch, batch->SetColumn(i, field, decoded));
      }
    }
    if (!unify) return ok_status();
    TARN_ARROW_ASSIGN_OR_RETURN(auto table, arrow::Table::FromRecordBatches(batches));
    TARN_ARROW_ASSIGN_OR_RETURN(table, arrow::DictionaryUnifier::UnifyTable(*table));
    arrow::TableBatchReader reader(std::move(table));
    TARN_ARROW_ASSIGN_OR_RETURN(batches, reader.ToRecordBatches());
    return ok_status();
  }

  Result<std::unique_ptr<ParquetWriter>> open_file(const iceberg::PartitionTuple& tuple, std::uint32_t number,
                                                   std::int64_t rows) const {
    const std::string name = file_name_prefix(request_.batch_id) + std::to_string(number) + ".parquet";
    ParquetOptions options = request_.parquet;
    options.expected_rows = rows;
    return ParquetWriter::open(
        store_, {.location = data_file_location(request_.table_location, request_.spec.path_of(tuple), name),
                 .schema = request_.schema,
                 .options = options,
                 .sort_order_id = request_.order.order_id});
  }

  Result<NewFile> close_file(ParquetWriter& writer, const iceberg::PartitionTuple& tuple) const {
    TARN_ASSIGN_OR_RETURN(iceberg::DataFile file, writer.finish());
    file.partition = tuple;
    return NewFile{std::move(file), request_.spec.spec_id};
  }

  /// Consecutive batches that go into one file.
  struct Stretch {
    std::size_t begin = 0;  // of the batches
    std::size_t end = 0;
    Cursor cursor;
    std::int64_t rows = 0;  // written
    std::optional<NewFile> file;
  };

  /// As many stretches of about the same size as there are threads, if they are worth a file each.
  Result<std::vector<Stretch>> stretches_of(std::span<const Batch> batches) const {
    std::vector<std::int64_t> ends;  // in bytes
    for (const Batch& batch : batches) {
      TARN_ARROW_ASSIGN_OR_RETURN(const std::int64_t size, arrow::util::ReferencedBufferSize(*batch));
      ends.push_back((ends.empty() ? 0 : ends.back()) + size);
    }
    const std::int64_t total = ends.empty() ? 0 : ends.back();
    const auto most = static_cast<std::int64_t>(std::max<std::size_t>(1, request_.threads));
    const std::int64_t count = std::clamp<std::int64_t>(total / kPlainStretchBytes, 1, most);
    std::vector<Stretch> stretches(1);
    Cursor cursor;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (i > 0 && ends[i - 1] >= total * std::ssize(stretches) / count)
        stretches.push_back({.begin = i, .end = i, .cursor = cursor, .rows = 0, .file = std::nullopt});
      cursor.first_row += batches[i]->num_rows();
      while (request_.rows && cursor.next_row < request_.rows->size() &&
             (*request_.rows)[cursor.next_row] < cursor.first_row)
        ++cursor.next_row;
      stretches.back().end = i + 1;
    }
    return stretches;
  }

  Status write_plain(std::span<const Batch> batches) {
    TARN_ASSIGN_OR_RETURN(std::vector<Stretch> stretches, stretches_of(batches));
    TARN_RETURN_IF_ERROR(run_parallel(stretches.size(), [&](std::size_t i) {
      return write_stretch(batches, stretches[i], next_number_ + static_cast<std::uint32_t>(i));
    }));
    for (Stretch& stretch : stretches) {
      cursor_ = stretch.cursor;
      if (!stretch.file) continue;
      const auto file = static_cast<std::uint32_t>(written_.files.size());
      for (std::int64_t row = 0; request_.want_places && row < stretch.rows; ++row)
        written_.places.push_back({file, row});
      written_.files.push_back(*std::move(stretch.file));
    }
    return ok_status();
  }

  Status write_stretch(std::span<const Batch> batches, Stretch& stretch, std::uint32_t number) const {
    std::unique_ptr<ParquetWriter> writer;
    std::int64_t rows = 0;
    for (std::size_t i = stretch.begin; i < stretch.end; ++i) rows += batches[i]->num_rows();
    for (std::size_t i = stretch.begin; i < stretch.end; ++i) {
      TARN_ASSIGN_OR_RETURN(const std::optional<Batch> chosen, select(batches[i], stretch.cursor));
      if (chosen) {
        if (!writer) {
          TARN_ASSIGN_OR_RETURN(writer, open_file({}, number, rows));
        }
        TARN_RETURN_IF_ERROR(writer->write(*chosen));
      }
      tell_written(i, i + 1);
    }
    if (!writer) return ok_status();
    stretch.rows = writer->rows();
    TARN_ASSIGN_OR_RETURN(stretch.file, close_file(*writer, {}));
    return ok_status();
  }

  Status write_round(std::span<const Batch> batches) {
    Batch whole = batches[0];
    if (batches.size() > 1) {
      TARN_ARROW_ASSIGN_OR_RETURN(
          whole, arrow::ConcatenateRecordBatches(arrow::RecordBatchVector(batches.begin(), batches.end())));
    }
    TARN_ASSIGN_OR_RETURN(const Partitioning partitioning,
                          partition_rows(*whole, request_.schema, request_.spec));
    TARN_ASSIGN_OR_RETURN(const auto order,
                          ordered_rows(*whole, request_.schema, request_.order, &partitioning));
    std::vector<std::span<const std::uint32_t>> groups;
    for (std::size_t at = 0; groups.size() < partitioning.tuples.size();) {
      const std::size_t start = at;
      while (at < order.size() && partitioning.group_of_row[order[at]] == groups.size()) ++at;
      groups.push_back(std::span(order).subspan(start, at - start));
    }
    if (request_.want_places) add_places(order.size(), groups);
    return write_groups(whole, partitioning.tuples, groups);
  }

  void add_places(std::size_t rows, std::span<const std::span<const std::uint32_t>> groups) {
    auto file = static_cast<std::uint32_t>(written_.files.size());
    const std::size_t first_place = written_.places.size();
    written_.places.resize(first_place + rows);
    for (const std::span<const std::uint32_t> group : groups) {
      for (std::size_t i = 0; i < group.size(); ++i)
        written_.places[first_place + group[i]] = {file, static_cast<std::int64_t>(i)};
      ++file;
    }
  }

  /// One file for each group, several at a time.
  Status write_groups(const Batch& whole, std::span<const iceberg::PartitionTuple> tuples,
                      std::span<const std::span<const std::uint32_t>> groups) {
    const std::size_t first_file = written_.files.size();
    const std::uint32_t first_number = next_number_;
    next_number_ += static_cast<std::uint32_t>(groups.size());
    written_.files.resize(first_file + groups.size());
    std::atomic<std::size_t> next = 0;
    return run_parallel(
        std::min(std::max<std::size_t>(1, request_.threads), groups.size()), [&](std::size_t) -> Status {
          for (std::size_t i = next++; i < groups.size(); i = next++) {
            auto file =
                write_group(whole, tuples[i], groups[i], first_number + static_cast<std::uint32_t>(i));
            if (!file.ok()) {
              next = groups.size();
              return std::move(file).error();
            }
            written_.files[first_file + i] = *std::move(file);
          }
          return ok_status();
        });
  }

  Result<NewFile> write_group(const Batch& whole, const iceberg::PartitionTuple& tuple,
                              std::span<const std::uint32_t> rows, std::uint32_t number) const {
    Batch group;
    if (std::ranges::is_sorted(rows) && rows.back() - rows.front() + 1 == rows.size()) {
      group = whole->Slice(rows.front(), static_cast<std::int64_t>(rows.size()));
    } else {
      TARN_ASSIGN_OR_RETURN(group, take_rows(whole, rows));
    }
    TARN_ASSIGN_OR_RETURN(const auto writer, open_file(tuple, number, group->num_rows()));
    TARN_RETURN_IF_ERROR(writer->write(group));
    return close_file(*writer, tuple);
  }

  io::ObjectStore& store_;
  const DataFilesRequest& request_;
  std::uint32_t next_number_;
  Cursor cursor_;
  WrittenFiles written_;
};

}  // namespace

Result<WrittenFiles> write_data_files(io::ObjectStore& store, std::span<const Batch> batches,
                                      const DataFilesRequest& request) {
  return FilesWriter(store, request).write(batches);
}

std::string file_name_prefix(const std::string& batch_id) {
  return batch_id + "-";
}

std::string data_file_location(const std::string& table_location, const std::string& partition_path,
                               const std::string& file_name) {
  std::string location = without_trailing_slash(table_location) + "/data/";
  std::string_view rest = partition_path;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    location += safe_folder(rest.substr(0, slash)) + "/";
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  return location + file_name;
}

Result<std::int64_t> remove_files_of_batch(io::ObjectStore& store, const std::string& table_location,
                                           const std::string& batch_id) {
  TARN_ASSIGN_OR_RETURN(const auto objects, store.list(without_trailing_slash(table_location) + "/data"));
  const std::string prefix = file_name_prefix(batch_id);
  std::int64_t removed = 0;
  for (const io::ObjectInfo& object : objects) {
    const std::string_view name = std::string_view(object.location).substr(object.location.rfind('/') + 1);
    if (!name.starts_with(prefix)) continue;
    TARN_RETURN_IF_ERROR(store.remove(object.location));
    ++removed;
  }
  return removed;
}

}  // namespace tarn::table
