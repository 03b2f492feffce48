#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/data_files.h"
#include "table/deletes/delete_file.h"

struct ArrowSchema;
struct ArrowArray;

/// Rows as they come from an engine, by Arrow's C data interface.
namespace tarn::table {

/// What the columns of a stream are to a table.
enum class StreamColumns : std::uint8_t {
  kRows,           ///< The table's columns, by their names.
  kPlaces,         ///< Two columns: a text that tells a file, and a row's position in it.
  kPlacesAndRows,  ///< First the two, then the table's; a row without a place takes none away.
};

/// Writes a stream of rows into data files of a table, in rounds, so that memory holds no more than one. What
/// the engine gives for a `uuid` or a `fixed` is bytes. One thread.
///
///   TARN_ASSIGN_OR_RETURN(auto writer, RowStream::open(store, metadata, batch_id, StreamColumns::kRows,
///   described)); while (rows.next_arrow(array)) TARN_RETURN_IF_ERROR(writer->add(array));
///   TARN_RETURN_IF_ERROR(writer->finish());
///   … {.data_files = writer->files()}
class RowStream {
 public:
  /// `described` is released. Errors: table.unsupported_type.
  static Result<std::unique_ptr<RowStream>> open(io::ObjectStore& store,
                                                 const iceberg::TableMetadata& metadata, std::string batch_id,
                                                 StreamColumns columns, ::ArrowSchema& described);
  virtual ~RowStream() = default;

  /// `rows` is released. Errors: those of write_data_files(), table.null_in_required, table.batch_mismatch.
  virtual Status add(::ArrowArray& rows) = 0;
  /// Writes what is left. Errors: as of add().
  virtual Status finish() = 0;
  virtual std::int64_t rows() const = 0;
  /// What was written so far, after an error too.
  virtual const std::vector<NewFile>& files() const = 0;
  /// By the text that tells the file; ascending, each once.
  virtual const DeletedPositions& places() const = 0;
};

/// The schema of a stream, its fields numbered from 1. `described` is released. Errors:
/// table.unsupported_type, iceberg.bad_schema.
Result<iceberg::Schema> schema_of_stream(::ArrowSchema& described);

}  // namespace tarn::table
