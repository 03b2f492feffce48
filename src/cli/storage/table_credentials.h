#pragma once

#include "base/result.h"
#include "cli/command_context.h"
#include "rest/rest_catalog.h"

namespace tarn::cli {

/// How engines get credentials for one table, by `s3.vended_role`; null where there is none. What it returns
/// must not outlive the context. Errors: those of CommandContext::s3(), s3.bad_setting.
Result<rest::VendCredentials> table_credentials(CommandContext& context);

}  // namespace tarn::cli
