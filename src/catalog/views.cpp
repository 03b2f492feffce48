#include <fmt/format.h>

#include <utility>

#include "catalog/catalog.h"
#include "catalog/errors.h"
#include "catalog/staged.h"
#include "iceberg/errors.h"

namespace tarn::catalog {
namespace {

/// Somebody else may come first so often.
constexpr int kCommitAttempts = 10;

}  // namespace

Result<std::shared_ptr<const iceberg::ViewMetadata>> Catalog::read_view(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(const std::string bytes, read_file(location));
  auto parsed = iceberg::ViewMetadata::from_json(bytes);
  if (!parsed.ok()) return std::move(parsed).error().with_context("reading " + location);
  return std::make_shared<const iceberg::ViewMetadata>(std::move(parsed).value());
}

Result<View> Catalog::load_view(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const auto pointer, find(name, Kind::kView));
  if (!pointer) return no_entry(name, Kind::kView);
  TARN_ASSIGN_OR_RETURN(auto metadata, read_view(pointer->metadata_location));
  return View{name, pointer->metadata_location, std::move(metadata)};
}

Result<bool> Catalog::view_exists(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const auto pointer, find(name, Kind::kView));
  return pointer.has_value();
}

Result<std::vector<TableName>> Catalog::list_views(const std::optional<std::string>& schema) {
  if (schema) TARN_RETURN_IF_ERROR(namespace_properties(*schema));
  return list(schema.value_or(""), Kind::kView);
}

Status Catalog::drop_view(const TableName& name) {
  return drop(name, Kind::kView);
}

Status Catalog::rename_view(const TableName& from, const TableName& to) {
  return rename(from, to, Kind::kView);
}

Result<View> Catalog::publish_view(Staged staged) {
  std::vector<Staged> staging = {std::move(staged)};
  TARN_RETURN_IF_ERROR(publish(staging, {}));
  Staged& done = staging.front();
  return View{done.next.name, done.next.metadata_location, std::move(done.view)};
}

Result<View> Catalog::create_view(const CreateView& view) {
  TARN_RETURN_IF_ERROR(check_vacant(view.name, Kind::kView));
  std::string location = view.location;
  while (location.size() > 1 && location.ends_with('/')) location.pop_back();
  if (location.empty()) {
    TARN_ASSIGN_OR_RETURN(location, new_location(view.name));
  }
  TARN_RETURN_IF_ERROR(check_location(location));
  iceberg::ViewVersion version = view.version;
  version.schema_id = iceberg::kLastAdded;
  const iceberg::ViewUpdate updates[] = {iceberg::AssignUuid{new_uuid()},
                                         iceberg::SetLocation{location},
                                         iceberg::SetProperties{view.properties},
                                         iceberg::AddSchema{view.schema},
                                         iceberg::AddViewVersion{std::move(version)},
                                         iceberg::SetCurrentViewVersion{}};
  TARN_ASSIGN_OR_RETURN(iceberg::ViewMetadata metadata, iceberg::apply({}, updates, {.now_ms = now_ms()}));
  const std::string folder = metadata_folder(location, view.properties);
  TARN_RETURN_IF_ERROR(check_location(folder));
  Staged staged;
  staged.kind = Kind::kView;
  staged.next = {view.name, metadata_file(folder, "", new_uuid()), nullptr};
  staged.view = std::make_shared<const iceberg::ViewMetadata>(std::move(metadata));
  return publish_view(std::move(staged));
}

Result<View> Catalog::register_view(const TableName& name, const std::string& metadata_location) {
  TARN_RETURN_IF_ERROR(check_location(metadata_location));
  TARN_RETURN_IF_ERROR(check_vacant(name, Kind::kView));
  Staged staged;
  staged.kind = Kind::kView;
  staged.next = {name, metadata_location, nullptr};
  staged.writes_file = false;
  TARN_ASSIGN_OR_RETURN(staged.view, read_view(metadata_location));
  TARN_RETURN_IF_ERROR(check_location(staged.view->location));
  return publish_view(std::move(staged));
}

Result<Catalog::Staged> Catalog::stage_view(const ViewCommit& commit) {
  TARN_ASSIGN_OR_RETURN(const View base, load_view(commit.name));
  if (const Status held = iceberg::check(*base.metadata, commit.requirements); !held.ok())
    return recoded(held.error(), kCommitConflict);
  TARN_ASSIGN_OR_RETURN(iceberg::ViewMetadata metadata,
                        iceberg::apply(*base.metadata, commit.updates, {.now_ms = now_ms()}));
  if (metadata.location != base.metadata->location) TARN_RETURN_IF_ERROR(check_location(metadata.location));
  const std::string folder = metadata_folder(metadata.location, metadata.properties);
  TARN_RETURN_IF_ERROR(check_location(folder));
  Staged staged;
  staged.kind = Kind::kView;
  staged.expected = base.metadata_location;
  staged.next = {commit.name, metadata_file(folder, base.metadata_location, new_uuid()), nullptr};
  staged.view = std::make_shared<const iceberg::ViewMetadata>(std::move(metadata));
  return staged;
}

Result<View> Catalog::commit_view(const ViewCommit& commit) {
  for (int attempt = 1;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(Staged staged, stage_view(commit));
    auto view = publish_view(std::move(staged));
    if (view.ok() || view.error().name() != kCommitConflict.name || attempt == kCommitAttempts) return view;
  }
}

}  // namespace tarn::catalog
