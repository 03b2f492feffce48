#include "table/rows/spilled_rows.h"

#include <sys/mman.h>
#include <unistd.h>

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include "table/errors.h"

namespace tarn::table {
namespace {

arrow::Status write_file(const arrow::RecordBatch& rows, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::FileOutputStream::Open(path));
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeFileWriter(file, rows.schema()));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(rows));
  ARROW_RETURN_NOT_OK(writer->Close());
  return file->Close();
}

arrow::Status map_file(const std::string& path, std::shared_ptr<arrow::Buffer>& bytes,
                       std::shared_ptr<arrow::RecordBatch>& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(const std::int64_t size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(bytes, file->ReadAt(0, size));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  return reader->ReadRecordBatch(0).Value(&rows);
}

}  // namespace

Result<std::shared_ptr<const SpilledRows>> SpilledRows::write(const arrow::RecordBatch& rows,
                                                              const std::string& path) {
  std::shared_ptr<SpilledRows> spilled(new SpilledRows());
  arrow::Status status = write_file(rows, path);
  if (status.ok()) status = map_file(path, spilled->bytes_, spilled->rows_);
  ::unlink(path.c_str());  // what is mapped stays
  if (!status.ok()) return Error(kSpillFailed, "cannot keep rows in " + path + ": " + status.message());
  return std::shared_ptr<const SpilledRows>(std::move(spilled));
}

void SpilledRows::forget_pages() const {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes_->data()) / page * page;
  const std::uintptr_t end =
      reinterpret_cast<std::uintptr_t>(bytes_->data()) + static_cast<std::uintptr_t>(bytes_->size());
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace tarn::table
