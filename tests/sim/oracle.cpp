#include "sim/oracle.h"

#include <arrow/api.h>

#include <algorithm>
#include <map>
#include <utility>

#include "ingest/landing_zone.h"
#include "state/ledger.h"
#include "state/quarantine.h"
#include "table/manifest_cache.h"
#include "table/reader.h"
#include "table/scan.h"

namespace tarn::sim {
namespace {

std::string shortened(const std::vector<std::string>& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size() && i < 8; ++i) text += (i == 0 ? "" : ", ") + rows[i];
  return rows.size() > 8 ? text + ", …" : text;
}

std::string state_text(const Error& error) {
  return "cannot be read: " + error.to_string();
}

}  // namespace

Oracle::Rows Oracle::rows(catalog::Catalog& catalog, const TableName& name,
                          const std::vector<std::string>& columns) const {
  const auto exists = catalog.table_exists(name);
  if (exists.ok() && !*exists) return {};
  const auto table = catalog.load_table(name);
  if (!table.ok()) return {state_text(table.error())};
  table::ManifestCache cache(store_);
  const auto scan = table::plan_scan(cache, *table->metadata);
  if (!scan.ok()) return {state_text(scan.error())};
  const auto batches = table::read_all(store_, *scan);
  if (!batches.ok()) return {state_text(batches.error())};
  Rows texts;
  for (const auto& batch : *batches) {
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      std::string text;
      for (const std::string& column : columns)
        text += (text.empty() ? "" : "|") + (*batch->GetColumnByName(column)->GetScalar(row))->ToString();
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

void Oracle::compare(const std::string& what, Rows expected, Rows is, Found& found) {
  std::ranges::sort(expected);
  std::ranges::sort(is);
  if (expected == is) return;
  Rows missing;
  Rows surplus;
  std::ranges::set_difference(expected, is, std::back_inserter(missing));
  std::ranges::set_difference(is, expected, std::back_inserter(surplus));
  found.push_back(what + ": missing " + std::to_string(missing.size()) + " (" + shortened(missing) +
                  "), too many " + std::to_string(surplus.size()) + " (" + shortened(surplus) + ")");
}

std::vector<std::string> Oracle::check(state::Database& database, catalog::Catalog& catalog) const {
  Found found;
  check_tables(catalog, found);
  check_quarantine(database, found);
  check_ledger(database, found);
  check_history(catalog, found);
  return found;
}

void Oracle::check_tables(catalog::Catalog& catalog, Found& found) const {
  compare("events", {senders_.events.begin(), senders_.events.end()},
          rows(catalog, {"curated", "event"}, {"event"}), found);
  Rows people;
  for (const auto& [id, person] : senders_.people)
    if (!person.deleted && person.version > 0)
      people.push_back(std::to_string(id) + "|" + std::to_string(person.version) + "|" + person.name);
  compare("people", std::move(people), rows(catalog, {"curated", "person"}, {"id", "version", "name"}),
          found);
  Rows visits;
  Rows codes;
  for (const auto& [id, visit] : senders_.visits) {
    visits.push_back(id + "|" + std::to_string(visit.version));
    for (std::size_t i = 0; i < visit.codes.size(); ++i)
      codes.push_back(id + "|" + std::to_string(i + 1) + "|" + visit.codes[i]);
  }
  compare("visits", std::move(visits), rows(catalog, {"curated", "visit"}, {"visit_id", "version"}), found);
  compare("diagnoses", std::move(codes),
          rows(catalog, {"curated", "visit_diagnosis"}, {"visit_id", "ordinal", "code"}), found);
  compare("histories", histories(),
          rows(catalog, {"curated", "bed"}, {"id", "valid_from", "valid_to", "is_current", "ward"}), found);
  compare(
      "former wards", former_wards(),
      rows(catalog, {"curated", "patient"}, {"id", "version", "ward", "previous_ward", "ward_changed_at"}),
      found);
  compare("lists", listed(), rows(catalog, {"curated", "listed"}, {"facility", "bed", "ward"}), found);
}

/// Consecutive versions of one ward are one row, up to the next or to a deletion.
Oracle::Rows Oracle::histories() const {
  Rows rows;
  for (const auto& [id, versions] : senders_.beds) {
    std::string begun;
    std::string ward;
    const auto end = [&](const std::string& at, bool current) {
      if (!begun.empty())
        rows.push_back(std::to_string(id) + "|" + begun + "|" + at + "|" + (current ? "true" : "false") +
                       "|" + ward);
      begun.clear();
    };
    for (const auto& [version, state] : versions) {
      if (!state.deleted && !begun.empty() && state.ward == ward) continue;
      end(std::to_string(version), false);
      if (state.deleted) continue;
      begun = std::to_string(version);
      ward = state.ward;
    }
    end("null", true);
  }
  return rows;
}

/// The latest version, with the ward before the last change of it; deletions are no wards.
Oracle::Rows Oracle::former_wards() const {
  Rows rows;
  for (const auto& [id, versions] : senders_.patients) {
    if (versions.rbegin()->second.deleted) continue;
    std::string now;
    std::string before = "null";
    std::string since = "null";
    for (const auto& [version, state] : versions) {
      if (state.deleted) continue;
      if (!now.empty() && state.ward != now) {
        before = now;
        since = std::to_string(version);
      }
      now = state.ward;
    }
    rows.push_back(std::to_string(id) + "|" + std::to_string(versions.rbegin()->first) + "|" + now + "|" +
                   before + "|" + since);
  }
  return rows;
}

/// Of each facility the latest whole list, and what later ones with bad records say of single beds.
Oracle::Rows Oracle::listed() const {
  Rows rows;
  for (const auto& [facility, lists] : senders_.lists) {
    std::map<std::int64_t, std::string> wards;
    for (const auto& [version, list] : lists) {
      if (list.whole) wards.clear();
      for (const auto& [bed, ward] : list.wards) wards[bed] = ward;
    }
    for (const auto& [bed, ward] : wards)
      rows.push_back(std::to_string(facility) + "|" + std::to_string(bed) + "|" + ward);
  }
  return rows;
}

std::string Oracle::content_of(const std::string& path) const {
  const auto sent = std::ranges::find(senders_.files, path, &Sent::path);
  return sent == senders_.files.end() ? "nobody sent " + path : sent->bytes;
}

void Oracle::check_quarantine(state::Database& database, Found& found) const {
  const auto entries = state::list_quarantine(database, {});
  if (!entries.ok()) return found.push_back("the quarantine " + state_text(entries.error()));
  const auto text = [](const std::string& content, std::int64_t record) {
    return std::to_string(std::hash<std::string>{}(content)) + "#" + std::to_string(record);
  };
  Rows expected;
  Rows is;
  for (const Senders::Bad& bad : senders_.bad) expected.push_back(text(bad.content, bad.record));
  for (const auto& entry : *entries)
    is.push_back(text(content_of(entry.source_file), entry.record.value_or(0)));
  compare("the quarantine", std::move(expected), std::move(is), found);
}

void Oracle::check_ledger(state::Database& database, Found& found) const {
  const auto arrivals = state::list_arrivals(database, {});
  if (!arrivals.ok()) return found.push_back("the ledger " + state_text(arrivals.error()));
  Rows expected;
  Rows is;
  ingest::LandingZone landing(store_, landing_);
  for (const Sent& sent : senders_.files) expected.push_back(sent.path);
  for (const state::Arrival& arrival : *arrivals) {
    is.push_back(arrival.path);
    if (arrival.state == state::ArrivalState::kLanded)
      found.push_back(arrival.path + " was landed, and never settled");
    const auto landed = store_.peek(landing.location_of(*arrival.sha256));
    if (!landed || *landed != content_of(arrival.path))
      found.push_back("what was landed of " + arrival.path + " is not what was sent");
  }
  compare("the ledger", std::move(expected), std::move(is), found);
  if (const Status totals = state::check_totals(database); !totals.ok())
    found.push_back("the ledger's totals: " + totals.error().to_string());
}

void Oracle::check_history(catalog::Catalog& catalog, Found& found) const {
  const auto tables = catalog.list_tables();
  if (!tables.ok()) return found.push_back("the catalog " + state_text(tables.error()));
  for (const TableName& name : *tables) {
    const auto table = catalog.load_table(name);
    if (!table.ok()) {
      found.push_back(name.to_string() + " " + state_text(table.error()));
      continue;
    }
    std::set<std::string> named;
    Found of_table;
    const Status status = check_snapshots(*table->metadata, named, of_table);
    if (!status.ok()) of_table.push_back(state_text(status.error()));
    for (const std::string& location : named)
      if (!store_.peek(location)) of_table.push_back("names " + location + ", which is not there");
    for (const std::string& text : of_table) found.push_back(name.to_string() + " " + text);
  }
}

Status Oracle::check_snapshots(const iceberg::TableMetadata& metadata, std::set<std::string>& named,
                               Found& found) const {
  table::ManifestCache cache(store_);
  std::set<std::string> batches;
  std::vector<const iceberg::Snapshot*> history;
  for (const iceberg::Snapshot& snapshot : metadata.snapshots) history.push_back(&snapshot);
  std::ranges::sort(history, {}, &iceberg::Snapshot::sequence_number);
  const iceberg::Snapshot* before = nullptr;
  for (const iceberg::Snapshot* snapshot : history) {
    if (before != nullptr && (snapshot->sequence_number == before->sequence_number ||
                              snapshot->parent_snapshot_id != before->snapshot_id))
      found.push_back("has a history that forks at " + std::to_string(snapshot->snapshot_id));
    before = snapshot;
    const auto batch = snapshot->summary.find("tarn.batch-id");
    if (batch != snapshot->summary.end() && !batches.insert(batch->second).second)
      found.push_back("has the batch " + batch->second + " twice");
    named.insert(snapshot->manifest_list);
    TARN_ASSIGN_OR_RETURN(const auto list, cache.manifest_list(*snapshot));
    for (const iceberg::ManifestFile& file : *list) {
      named.insert(file.path);
      TARN_ASSIGN_OR_RETURN(const auto manifest, cache.manifest(file));
      for (const iceberg::ManifestEntry& entry : manifest->entries) {
        if (entry.status == iceberg::EntryStatus::kDeleted) continue;
        named.insert(entry.file.file_path);
        const auto bytes = store_.peek(entry.file.file_path);
        if (bytes && static_cast<std::int64_t>(bytes->size()) != entry.file.file_size_bytes)
          found.push_back("has a torn file: " + entry.file.file_path);
      }
    }
  }
  if (before != nullptr && metadata.current_snapshot_id != before->snapshot_id)
    found.push_back("has a current snapshot that is not its last");
  return ok_status();
}

std::vector<std::string> Oracle::check_no_orphans(catalog::Catalog& catalog) const {
  Found found;
  const auto tables = catalog.list_tables();
  if (!tables.ok()) return {"the catalog " + state_text(tables.error())};
  for (const TableName& name : *tables) {
    const auto table = catalog.load_table(name);
    if (!table.ok()) return {name.to_string() + " " + state_text(table.error())};
    std::set<std::string> named;
    const Status status = check_snapshots(*table->metadata, named, found);
    if (!status.ok()) return {state_text(status.error())};
    for (const char* const folder : {"/data/", "/metadata/snap-"}) {
      for (const std::string& location : store_.locations(table->metadata->location + folder))
        if (!named.contains(location)) found.push_back("nothing names " + location);
    }
  }
  return found;
}

}  // namespace tarn::sim
