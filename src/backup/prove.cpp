#include "backup/prove.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "backup/errors.h"
#include "backup/inventory.h"
#include "catalog/catalog.h"
#include "table/errors.h"
#include "table/reader.h"
#include "table/scan.h"

namespace tarn::backup {
namespace {

/// Reads below a drill's folder what is asked for by its own location.
class DrillStore final : public io::ObjectStore {
 public:
  DrillStore(io::ObjectStore& store, const std::string& below) : store_(store), below_(below) {}

  Result<std::string> read(const std::string& location) override { return store_.read(of(location)); }
  Result<io::ObjectInfo> stat(const std::string& location) override { return store_.stat(of(location)); }
  Result<std::vector<io::ObjectInfo>> list(const std::string& prefix) override {
    return store_.list(of(prefix));
  }
  Status write(const std::string&, std::string_view, io::IfExists) override { return refuse(); }
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string&) override { return refuse(); }
  Status sync() override { return ok_status(); }
  Status remove(const std::string&) override { return refuse(); }
  Status make_folder(const std::string&) override { return refuse(); }

 private:
  std::string of(const std::string& location) const { return drill_location(below_, location); }
  static Error refuse() { return Error(kProofFailed, "a drill writes nothing"); }

  io::ObjectStore& store_;
  const std::string& below_;
};

Result<std::int64_t> count_rows(io::ObjectStore& store, const table::Scan& scan) {
  table::DeleteFileCache deletes(store);
  std::vector<std::int32_t> columns;
  for (const iceberg::NestedField& field : scan.schema.fields()) columns.push_back(field.id);
  std::int64_t rows = 0;
  for (const table::ScanTask& task : scan.tasks) {
    TARN_ASSIGN_OR_RETURN(auto reader,
                          table::DataFileReader::open(store, deletes, task, scan.schema, columns));
    std::int64_t live = 0;
    std::int64_t last = -1;
    while (true) {
      TARN_ASSIGN_OR_RETURN(const std::optional<table::FileRows> read, reader->next());
      if (!read) break;
      live += static_cast<std::int64_t>(read->positions.size());
      last = read->positions.back();
    }
    const iceberg::DataFile& file = task.data->file;
    const bool whole = task.deletes.empty() ? live == file.record_count : last < file.record_count;
    if (!whole) {
      return Error(kProofFailed, fmt::format("{} holds {} rows, its table says {}", file.file_path, live,
                                             file.record_count));
    }
    rows += live;
  }
  return rows;
}

Status check_names(state::Database& database, const Manifest& manifest, catalog::Catalog& catalog,
                   io::ObjectStore& store) {
  table::ManifestCache manifests(store);
  TARN_ASSIGN_OR_RETURN(const Inventory inventory, take_inventory(database, catalog, store, manifests));
  if (inventory.tables != manifest.tables)
    return Error(kProofFailed, "the restored catalog names other tables than the backup");
  std::set<std::string> kept(manifest.missing.begin(), manifest.missing.end());
  for (const BackedFile& file : manifest.files) kept.insert(file.location);
  for (const NamedFile& file : inventory.files)
    if (!kept.contains(file.location))
      return Error(kProofFailed, "a restored table names " + file.location + ", which the backup lacks");
  return ok_status();
}

}  // namespace

Result<Proof> prove(const Manifest& manifest, Services services, const std::string& below) {
  DrillStore store(services.store, below);
  const std::string state = drill_location(below, manifest.state.location);
  TARN_ASSIGN_OR_RETURN(const auto database, state::Database::open(state, state::OpenMode::kReadOnly));
  TARN_RETURN_IF_ERROR(database->check_integrity());
  catalog::Catalog catalog(*database, store, services.clock, services.random, below);
  TARN_RETURN_IF_ERROR(check_names(*database, manifest, catalog, store));
  table::ManifestCache manifests(store);
  Proof proof;
  for (const BackedTable& backed : manifest.tables) {
    const std::string name = backed.name.to_string();
    if (backed.is_view) {
      proof.left_alone.push_back(name + ": a view");
      continue;
    }
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, catalog.load_table(backed.name));
    const Result<table::Scan> scan = table::plan_scan(manifests, *table.metadata);
    const bool unreadable = !scan.ok() && (scan.error().name() == table::kUnsupportedDelete.name ||
                                           scan.error().name() == table::kUnsupportedFormat.name);
    if (unreadable) {
      proof.left_alone.push_back(name + ": " + scan.error().message());
      continue;
    }
    if (!scan.ok()) return Error(scan.error()).with_context("proving " + name);
    Result<std::int64_t> rows = count_rows(store, *scan);
    if (!rows.ok()) return std::move(rows).error().with_context("proving " + name);
    proof.tables.push_back({backed.name, static_cast<std::int64_t>(table.metadata->snapshots.size()), *rows});
  }
  return proof;
}

}  // namespace tarn::backup
