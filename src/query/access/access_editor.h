#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "project/access_spec.h"
#include "query/access/access_statement.h"
#include "query/access/principal.h"

namespace tarn::query {

/// Keeps what SQL says of users and roles, beside access/*.yaml. Any thread.
class AccessEditor {
 public:
  virtual ~AccessEditor() = default;

  /// Makes the next document of the present one; `files` is what access/*.yaml say.
  using Edit =
      std::function<Result<std::string>(const std::string& document, const project::AccessSpec& files)>;
  /// What only the engine can tell of the policy as it would be.
  using Check = std::function<Status(std::shared_ptr<const AccessPolicy> next)>;
  enum class Keep : std::uint8_t { kNo, kYes };
  /// Keeps what `edit` makes, durably, once all of it was checked with the project; or only checks it. Both
  /// may be called more than once. Errors: theirs, those of the state, access.bad_rule.
  virtual Status change(const std::string& who, const Edit& edit, const Check& check, Keep keep) = 0;
  /// 16 random bytes.
  virtual std::string salt() = 0;
};

/// The document with what the statement says: JSON in the form of access/*.yaml, empty before the first one.
/// A password is a verifier by now; tables have a schema. Errors: access.unknown_role, access.role_exists,
/// access.unknown_user, access.stands_in_file.
Result<std::string> edited_rules(const AccessStatement& statement, const std::string& document,
                                 const project::AccessSpec& files);

/// What a document says beside the files as they are now: what it added to users and roles that the files no
/// longer have is left out, and so are roles that are nowhere. It is what project::kRulesBySql takes.
std::string effective_rules(const std::string& document, const project::AccessSpec& files);

}  // namespace tarn::query
