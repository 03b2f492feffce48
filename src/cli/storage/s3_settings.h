#pragma once

#include <filesystem>
#include <functional>

#include "base/result.h"
#include "engine/database.h"
#include "project/project_spec.h"
#include "s3/store.h"

namespace tarn::cli {

/// `s3` of tarn.yaml as the store takes it; paths start at the project's folder, secrets come out of the
/// environment variables that it names. Errors: s3.no_credentials, of one that is not set.
Result<s3::Settings> s3_settings(const project::S3Spec& spec, const std::filesystem::path& project_folder);

/// Whether `warehouse`, `landing` or a location of the REST catalog lies in S3.
bool uses_s3(const project::ProjectSpec& spec);

/// Tells the engine what it reads S3 with, at each call that finds it changed. Both must outlive it.
std::function<Status()> s3_renewal(engine::Database& engine, s3::S3ObjectStore& store);

}  // namespace tarn::cli
