#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/errors.h"
#include "catalog/names.h"
#include "catalog/staged.h"

// Tables that go, what becomes of their files, and how they come back.
namespace tarn::catalog {

Status Catalog::note_dropped(state::Transaction& transaction, const Table& table) {
  return state::note_dropped(transaction, {.name = table.name,
                                           .metadata_location = table.metadata_location,
                                           .location = table.metadata->location,
                                           .dropped_at_us = clock_.now_us()});
}

Status Catalog::drop_table(const TableName& name, Purge wanted) {
  if (wanted == Purge::kNo) return drop(name, Kind::kTable);
  const auto table = load_table(name);
  if (!table.ok()) {
    // Without its metadata nobody knows where its files are.
    if (table.error().name() == kMetadataNotFound.name) return drop(name, Kind::kTable);
    return table.error();
  }
  return write(database_, [&](state::Transaction& transaction) -> Status {
    TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(transaction, name));
    if (!pointer || pointer->kind != Kind::kTable) return no_entry(name, Kind::kTable);
    TARN_RETURN_IF_ERROR(state::remove_table(transaction, name));
    // Another one may have committed meanwhile; the folder is the same.
    return note_dropped(transaction, {name, pointer->metadata_location, table->metadata});
  });
}

Result<std::vector<state::DroppedTable>> Catalog::dropped_tables() {
  return state::dropped_tables(database_);
}

Result<Table> Catalog::restore_table(const state::DroppedTable& dropped, const TableName& name) {
  TARN_RETURN_IF_ERROR(check_table_name(name));
  auto metadata = read_metadata(dropped.metadata_location);
  if (!metadata.ok())
    return std::move(metadata).error().with_context("restoring the table " + dropped.name.to_string());
  TARN_RETURN_IF_ERROR(check_metadata_file({name, dropped.metadata_location, *metadata}));
  const auto give_name = [&](state::Transaction& transaction) -> Status {
    TARN_RETURN_IF_ERROR(state::forget_dropped(transaction, dropped.id));
    return swap_pointer(transaction, {.next = {name, dropped.metadata_location, *metadata}});
  };
  TARN_RETURN_IF_ERROR(write(database_, give_name));
  return Table{name, dropped.metadata_location, *std::move(metadata)};
}

Result<PurgeReport> Catalog::purge(const state::DroppedTable& dropped) {
  PurgeReport report;
  // Whatever has the name by now is another table.
  TARN_ASSIGN_OR_RETURN(const auto all_dropped, dropped_tables());
  // One that was dropped later is readable longer: this one waits for it.
  if (std::ranges::any_of(all_dropped, [&](const state::DroppedTable& other) {
        return other.id > dropped.id && is_below(other.metadata_location, dropped.location);
      }))
    return report;
  TARN_ASSIGN_OR_RETURN(const bool is_alone, is_alone_below({}, dropped.location));
  if (is_alone) {
    TARN_ASSIGN_OR_RETURN(const auto objects, store_.list(dropped.location));
    for (const io::ObjectInfo& object : objects) {
      if (!store_.remove(object.location).ok()) {
        ++report.files_left;
        continue;
      }
      ++report.files_removed;
      report.bytes_removed += static_cast<std::int64_t>(object.size_bytes);
    }
  }
  if (report.files_left > 0) return report;
  TARN_RETURN_IF_ERROR(write(database_, [&](state::Transaction& transaction) {
    return state::forget_dropped(transaction, dropped.id);
  }));
  return report;
}

}  // namespace tarn::catalog
