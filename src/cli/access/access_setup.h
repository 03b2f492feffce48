#pragma once

#include <memory>

#include "base/result.h"
#include "cli/command_context.h"
#include "engine/database.h"
#include "query/access/principal.h"

namespace tarn::cli {

/// The policy of access/*.yaml with the key of its masks, if that is at hand; null when the project has no
/// such file. Errors: those of CommandContext::project(), access.no_mask_key for a key file that cannot be
/// read.
Result<std::shared_ptr<const query::AccessPolicy>> load_access_policy(CommandContext& context);

/// An engine for sessions of others than the owner: by no statement it reads or writes anything but the
/// warehouse and served_scratch().
Result<std::unique_ptr<engine::Database>> open_served_engine(CommandContext& context);
/// The folder for Lake::scratch_folder; it exists.
Result<std::string> served_scratch(CommandContext& context);

}  // namespace tarn::cli
