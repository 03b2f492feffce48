#include "table/snapshot_builder.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "base/ids.h"
#include "base/size.h"
#include "iceberg/errors.h"
#include "table/columns/partition_key.h"
#include "table/columns/snapshot_summary.h"
#include "table/deletes/delete_file.h"
#include "table/errors.h"
#include "table/maintenance/manifest_group.h"

namespace tarn::table {
namespace {

using iceberg::EntryStatus;
using iceberg::ManifestContent;
using iceberg::ManifestEntry;
using iceberg::ManifestFile;

constexpr std::size_t kDefaultMergeCount = 100;
constexpr std::int64_t kDefaultTargetBytes = std::int64_t{8} << 20;

ManifestContent content_of(const iceberg::DataFile& file) {
  return file.content == iceberg::FileContent::kData ? ManifestContent::kData : ManifestContent::kDeletes;
}

class Builder {
 public:
  Builder(io::ObjectStore& store, ManifestCache& cache, io::Random& random,
          const iceberg::TableMetadata& metadata, const SnapshotChange& change)
      : store_(store), cache_(cache), random_(random), metadata_(metadata), change_(change) {}

  Result<BuiltSnapshot> build() {
    TARN_RETURN_IF_ERROR(check(change_, metadata_));
    for (const NewFile& file : change_.delete_files)
      if (is_deletion_vector(file.file)) with_vector_.insert(file.file.referenced_data_file.value_or(""));
    parent_ = metadata_.snapshot_of_ref(change_.branch);
    snapshot_id_ = new_snapshot_id();
    file_stem_ = uuid_v4(random_.bytes16());
    std::vector<ManifestFile> manifests;
    TARN_RETURN_IF_ERROR(add_new(manifests, change_.data_files));
    TARN_RETURN_IF_ERROR(add_new(manifests, change_.delete_files));
    TARN_RETURN_IF_ERROR(carry_over(manifests));
    if (change_.rewrite_manifests) {
      TARN_ASSIGN_OR_RETURN(manifests, clustered(manifests));
    } else {
      if (summary_.empty()) return Error(kBadChange, "a snapshot without files was to be built");
      TARN_ASSIGN_OR_RETURN(manifests, merged(std::move(manifests)));
    }
    return finish(std::move(manifests));
  }

 private:
  const iceberg::Schema* schema() const {
    return metadata_.schema_by_id(change_.schema_id.value_or(metadata_.current_schema_id));
  }

  std::int64_t new_snapshot_id() const {
    for (;;) {
      const auto bytes = random_.bytes16();
      std::uint64_t id = 0;
      for (std::size_t i = 0; i < 8; ++i) id = id << 8 | bytes[i];
      const auto candidate = static_cast<std::int64_t>(id >> 1);
      if (candidate > 0 && metadata_.snapshot_by_id(candidate) == nullptr) return candidate;
    }
  }

  /// What is written for version 1 is read by its readers, too.
  std::int32_t written_version() const { return std::max(2, metadata_.format_version); }

  std::string metadata_location(const std::string& name) const {
    const std::string& location = metadata_.location;
    return location + (location.ends_with('/') ? "metadata/" : "/metadata/") + name;
  }

  Result<ManifestFile> write(iceberg::ManifestOptions options, std::span<const ManifestEntry> entries) {
    options.snapshot_id = snapshot_id_;
    options.format_version = written_version();
    TARN_ASSIGN_OR_RETURN(auto writer, iceberg::ManifestWriter::make(std::move(options)));
    for (const ManifestEntry& entry : entries) TARN_RETURN_IF_ERROR(writer.add(entry));
    TARN_ASSIGN_OR_RETURN(auto written, std::move(writer).finish());
    written.file.path =
        metadata_location(file_stem_ + "-m" + std::to_string(built_.written_locations.size()) + ".avro");
    TARN_RETURN_IF_ERROR(store_.write(written.file.path, written.bytes, io::IfExists::kFail));
    built_.written_locations.push_back(written.file.path);
    return std::move(written.file);
  }

  /// One manifest for each spec among the files.
  Status add_new(std::vector<ManifestFile>& manifests, const std::vector<NewFile>& files) {
    std::map<std::int32_t, std::vector<ManifestEntry>> by_spec;
    for (const NewFile& file : files) {
      summary_.add(file.file, file.spec_id);
      by_spec[file.spec_id].push_back({.status = EntryStatus::kAdded,
                                       .snapshot_id = snapshot_id_,
                                       .sequence_number = content_of(file.file) == ManifestContent::kData
                                                              ? change_.data_sequence_number
                                                              : std::nullopt,
                                       .file = file.file});
    }
    for (const auto& [spec_id, entries] : by_spec) {
      const iceberg::PartitionSpec* spec = metadata_.spec_by_id(spec_id);
      if (spec == nullptr) return Error(kBadChange, "the table has no spec " + std::to_string(spec_id));
      TARN_ASSIGN_OR_RETURN(auto manifest, write({.schema = schema_of_spec(metadata_, *spec),
                                                  .spec = *spec,
                                                  .content = content_of(entries[0].file)},
                                                 entries));
      manifests.push_back(std::move(manifest));
    }
    return ok_status();
  }

  /// The parent's manifests; those that hold removed files are written anew.
  Status carry_over(std::vector<ManifestFile>& manifests) {
    std::set<std::string> missing = change_.removed_files;
    if (parent_ != nullptr) {
      TARN_ASSIGN_OR_RETURN(const auto list, cache_.manifest_list(*parent_));
      for (const ManifestFile& file : *list) {
        if (!file.has_live_files()) continue;
        const bool has_vectors = file.content == ManifestContent::kDeletes && metadata_.format_version > 2;
        if (missing.empty() && !has_vectors) {
          manifests.push_back(file);
          continue;
        }
        TARN_RETURN_IF_ERROR(carry_over_without(file, missing, manifests));
      }
    }
    if (!missing.empty()) return Error(kBadChange, "the table has no file " + *missing.begin());
    return ok_status();
  }

  /// Whether the snapshot no longer has a file of its parent's.
  Result<bool> goes(const iceberg::DataFile& file) const {
    const std::set<std::string>& removed = change_.removed_files;
    if (!is_deletion_vector(file)) return removed.contains(file.file_path);
    const std::string data_file = file.referenced_data_file.value_or("");
    if (removed.contains(data_file) || removed.contains(delete_file_key(file))) return true;
    if (with_vector_.contains(data_file))
      return Error(kBadChange, data_file + " has a deletion vector already");
    return false;
  }

  Status carry_over_without(const ManifestFile& file, std::set<std::string>& missing,
                            std::vector<ManifestFile>& manifests) {
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache_.manifest(file));
    std::vector<bool> gone;
    for (const ManifestEntry& entry : manifest->entries) {
      const bool is_live = entry.status != EntryStatus::kDeleted;
      TARN_ASSIGN_OR_RETURN(const bool is_gone, is_live ? goes(entry.file) : Result<bool>(false));
      gone.push_back(is_gone);
    }
    if (std::ranges::find(gone, true) == gone.end()) {
      manifests.push_back(file);
      return ok_status();
    }
    std::vector<ManifestEntry> entries;
    for (std::size_t i = 0; i < gone.size(); ++i) {
      ManifestEntry entry = manifest->entries[i];
      if (entry.status == EntryStatus::kDeleted) continue;
      entry.status = EntryStatus::kExisting;
      if (gone[i]) {
        entry.status = EntryStatus::kDeleted;
        entry.snapshot_id = snapshot_id_;
        summary_.remove(entry.file, file.spec_id);
        missing.erase(delete_file_key(entry.file));
      }
      entries.push_back(std::move(entry));
    }
    TARN_ASSIGN_OR_RETURN(
        auto rewritten,
        write({.schema = manifest->schema, .spec = manifest->spec, .content = manifest->content}, entries));
    manifests.push_back(std::move(rewritten));
    return ok_status();
  }

  std::optional<std::string_view> property(const std::string& key) const {
    const auto found = metadata_.properties.find(key);
    return found == metadata_.properties.end() ? std::nullopt
                                               : std::optional<std::string_view>(found->second);
  }

  std::int64_t number_property(const std::string& key, std::int64_t fallback) const {
    const auto text = property(key);
    const auto number = text ? parse_size_bytes(*text) : std::nullopt;
    return number && *number > 0 && *number < std::uint64_t{1} << 62 ? static_cast<std::int64_t>(*number)
                                                                     : fallback;
  }

  /// Merges small manifests of the same content and spec where enough have come together.
  Result<std::vector<ManifestFile>> merged(std::vector<ManifestFile> manifests) {
    if (property("commit.manifest-merge.enabled") == "false") return manifests;
    const auto least =
        static_cast<std::size_t>(number_property("commit.manifest.min-count-to-merge", kDefaultMergeCount));
    const std::int64_t target = number_property("commit.manifest.target-size-bytes", kDefaultTargetBytes);
    std::map<std::pair<ManifestContent, std::int32_t>, std::vector<std::size_t>> small;
    for (std::size_t i = 0; i < manifests.size(); ++i) {
      // One that records removals of this snapshot stays as it is.
      if (manifests[i].length_bytes >= target || manifests[i].deleted_files_count.value_or(0) > 0) continue;
      small[{manifests[i].content, manifests[i].spec_id}].push_back(i);
    }
    std::set<std::size_t> gone;
    std::vector<ManifestFile> result;
    for (const auto& [kind, indices] : small) {
      if (indices.size() < std::max<std::size_t>(2, least)) continue;
      std::vector<std::size_t> bin;
      std::int64_t bin_bytes = 0;
      const auto flush = [&]() -> Status {
        if (bin.size() > 1) TARN_RETURN_IF_ERROR(merge_bin(manifests, bin, gone, result));
        bin.clear();
        bin_bytes = 0;
        return ok_status();
      };
      for (const std::size_t i : indices) {
        if (bin_bytes + manifests[i].length_bytes > target) TARN_RETURN_IF_ERROR(flush());
        bin.push_back(i);
        bin_bytes += manifests[i].length_bytes;
      }
      TARN_RETURN_IF_ERROR(flush());
    }
    for (std::size_t i = 0; i < manifests.size(); ++i)
      if (!gone.contains(i)) result.push_back(std::move(manifests[i]));
    return result;
  }

  /// All manifests anew, their entries sorted by partition, so that planning a scan of some partitions reads
  /// few of them. Those of an older form of a partition's type stay.
  Result<std::vector<ManifestFile>> clustered(const std::vector<ManifestFile>& manifests) {
    const std::int64_t target = number_property("commit.manifest.target-size-bytes", kDefaultTargetBytes);
    std::map<std::pair<ManifestContent, std::int32_t>, ManifestGroup> groups;
    std::vector<ManifestFile> result;
    for (const ManifestFile& file : manifests) {
      TARN_ASSIGN_OR_RETURN(const auto manifest, cache_.manifest(file));
      ManifestGroup& group = groups[{file.content, file.spec_id}];
      if (group.first == nullptr) group.first = manifest;
      if (manifest->partition_type != group.first->partition_type) {
        result.push_back(file);
        continue;
      }
      group.size_bytes += file.length_bytes;
      for (ManifestEntry entry : manifest->entries) {
        if (entry.status == EntryStatus::kDeleted) continue;
        entry.status = EntryStatus::kExisting;
        group.entries.push_back(std::move(entry));
      }
    }
    const std::size_t kept = result.size();
    std::size_t entries = 0;
    for (auto& [kind, group] : groups) {
      entries += group.entries.size();
      group.sort();
      const auto parts = static_cast<std::size_t>(group.size_bytes / target) + 1;
      const std::size_t each = std::max<std::size_t>(1, (group.entries.size() + parts - 1) / parts);
      for (std::size_t at = 0; at < group.entries.size(); at += each) {
        const auto count = std::min(each, group.entries.size() - at);
        TARN_ASSIGN_OR_RETURN(
            auto written,
            write({.schema = group.first->schema, .spec = group.first->spec, .content = group.first->content},
                  std::span(group.entries).subspan(at, count)));
        result.push_back(std::move(written));
      }
    }
    manifest_counts_ = {{"manifests-created", std::to_string(result.size() - kept)},
                        {"manifests-kept", std::to_string(kept)},
                        {"manifests-replaced", std::to_string(manifests.size() - kept)},
                        {"entries-processed", std::to_string(entries)}};
    return result;
  }

  /// Writes the live entries of several manifests as one. Those whose partition type has changed since (a
  /// source column was widened) are left alone.
  Status merge_bin(const std::vector<ManifestFile>& manifests, const std::vector<std::size_t>& bin,
                   std::set<std::size_t>& gone, std::vector<ManifestFile>& result) {
    std::optional<iceberg::ManifestOptions> options;
    std::optional<iceberg::Type> partition_type;
    std::vector<ManifestEntry> entries;
    std::vector<std::size_t> taken;
    for (const std::size_t i : bin) {
      ManifestFile file = manifests[i];
      // What this snapshot wrote has no number yet; its entries keep inheriting.
      const bool is_new = file.added_snapshot_id == snapshot_id_;
      std::shared_ptr<const iceberg::Manifest> manifest;
      if (is_new) {
        TARN_ASSIGN_OR_RETURN(const std::string bytes, store_.read(file.path));
        TARN_ASSIGN_OR_RETURN(auto own, iceberg::read_manifest(bytes, file));
        manifest = std::make_shared<const iceberg::Manifest>(std::move(own));
      } else {
        TARN_ASSIGN_OR_RETURN(manifest, cache_.manifest(file));
      }
      if (!options) {
        options = {.schema = manifest->schema, .spec = manifest->spec, .content = manifest->content};
        partition_type = manifest->partition_type;
      }
      if (manifest->partition_type != *partition_type) continue;
      taken.push_back(i);
      for (ManifestEntry entry : manifest->entries) {
        if (entry.status == EntryStatus::kDeleted) continue;
        if (is_new && entry.status == EntryStatus::kAdded) {
          if (manifest->content == ManifestContent::kDeletes || !change_.data_sequence_number)
            entry.sequence_number.reset();
          entry.file_sequence_number.reset();
        } else {
          entry.status = EntryStatus::kExisting;
        }
        entries.push_back(std::move(entry));
      }
    }
    if (taken.size() < 2) return ok_status();
    TARN_ASSIGN_OR_RETURN(auto manifest, write(*options, entries));
    gone.insert(taken.begin(), taken.end());
    for (const std::size_t i : taken)
      if (manifests[i].added_snapshot_id == snapshot_id_) replaced_locations_.insert(manifests[i].path);
    result.push_back(std::move(manifest));
    return ok_status();
  }

  std::string operation() const {
    if (!change_.operation.empty()) return change_.operation;
    if (!summary_.removes_or_deletes()) return std::string(iceberg::kOperationAppend);
    return std::string(summary_.adds_data() ? iceberg::kOperationOverwrite : iceberg::kOperationDelete);
  }

  Result<BuiltSnapshot> finish(std::vector<ManifestFile> manifests) {
    iceberg::Snapshot& snapshot = built_.snapshot;
    snapshot.snapshot_id = snapshot_id_;
    if (parent_ != nullptr) snapshot.parent_snapshot_id = parent_->snapshot_id;
    snapshot.sequence_number = metadata_.next_sequence_number();
    snapshot.timestamp_ms = std::max(change_.timestamp_ms, metadata_.last_updated_ms);
    snapshot.operation = operation();
    snapshot.summary = summary_.write(parent_ == nullptr ? nullptr : &parent_->summary);
    snapshot.summary.insert(manifest_counts_.begin(), manifest_counts_.end());
    snapshot.summary.insert(change_.summary.begin(), change_.summary.end());
    snapshot.summary.erase("operation");
    snapshot.schema_id = schema()->id();
    if (metadata_.format_version > 2) {
      snapshot.first_row_id = metadata_.next_row_id;
      TARN_ASSIGN_OR_RETURN(snapshot.added_rows, iceberg::assign_row_ids(manifests, metadata_.next_row_id));
    }
    TARN_ASSIGN_OR_RETURN(
        const std::string list,
        iceberg::write_manifest_list(manifests, {.snapshot_id = snapshot_id_,
                                                 .parent_snapshot_id = snapshot.parent_snapshot_id,
                                                 .sequence_number = snapshot.sequence_number,
                                                 .format_version = written_version()}));
    snapshot.manifest_list =
        metadata_location("snap-" + std::to_string(snapshot_id_) + "-1-" + file_stem_ + ".avro");
    TARN_RETURN_IF_ERROR(store_.write(snapshot.manifest_list, list, io::IfExists::kFail));
    built_.written_locations.push_back(snapshot.manifest_list);
    // What merging replaced at once is referenced by nothing.
    for (const std::string& location : replaced_locations_) {
      TARN_RETURN_IF_ERROR(store_.remove(location));
      std::erase(built_.written_locations, location);
    }
    iceberg::SnapshotRef ref;
    if (const auto existing = metadata_.refs.find(change_.branch); existing != metadata_.refs.end()) {
      ref = existing->second;
    }
    ref.snapshot_id = snapshot_id_;
    built_.updates = {iceberg::AddSnapshot{snapshot}, iceberg::SetSnapshotRef{change_.branch, ref}};
    built_.requirements = {iceberg::AssertTableUuid{metadata_.table_uuid},
                           iceberg::AssertRefSnapshotId{change_.branch, snapshot.parent_snapshot_id}};
    return std::move(built_);
  }

  io::ObjectStore& store_;
  ManifestCache& cache_;
  io::Random& random_;
  const iceberg::TableMetadata& metadata_;
  const SnapshotChange& change_;
  const iceberg::Snapshot* parent_ = nullptr;
  std::int64_t snapshot_id_ = 0;
  std::string file_stem_;
  std::set<std::string> with_vector_;  // data files
  SnapshotSummary summary_;
  std::map<std::string, std::string> manifest_counts_;
  std::set<std::string> replaced_locations_;
  BuiltSnapshot built_;
};

}  // namespace

Result<BuiltSnapshot> build_snapshot(io::ObjectStore& store, ManifestCache& cache, io::Random& random,
                                     const iceberg::TableMetadata& metadata, const SnapshotChange& change) {
  return Builder(store, cache, random, metadata, change).build();
}

}  // namespace tarn::table
