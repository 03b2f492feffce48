#include "cli/access/lake_readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/keyed_hash.h"
#include "base/scram.h"

namespace tarn::cli {
namespace {

constexpr int kLeastIterations = 4096;

class LakeReaders final : public rest::TableReaders {
 public:
  explicit LakeReaders(std::shared_ptr<const query::AccessPolicy> policy) : policy_(std::move(policy)) {}

  bool knows(std::string_view user, std::string_view password) const override {
    const project::UserSpec* const found = policy_->access.find_user(user);
    const auto verifier = found == nullptr ? std::nullopt : parse_scram_verifier(*found->password);
    // Somebody unknown is answered no sooner.
    const ScramVerifier made =
        make_scram_verifier(password, verifier ? verifier->salt : "tarn has no such user",
                            verifier ? verifier->iterations : kLeastIterations);
    return verifier && equal_in_constant_time(made.stored_key, verifier->stored_key);
  }

  std::string roles(const std::string& user) const override {
    const auto principal = query::Principal::make(policy_, user);
    return principal.ok() ? fmt::format("{}", fmt::join((*principal)->roles(), ", ")) : std::string();
  }

  Result<bool> sees(const std::string& user, const TableName& table) const override {
    TARN_ASSIGN_OR_RETURN(const auto principal, query::Principal::make(policy_, user));
    return principal->sees(table);
  }

  Result<bool> sees_whole(const std::string& user, const TableName& table,
                          const iceberg::Schema& schema) const override {
    TARN_ASSIGN_OR_RETURN(const auto principal, query::Principal::make(policy_, user));
    if (!principal->sees(table)) return false;
    const query::TablePolicy policy = principal->policy(table, schema);
    return policy.filter.empty() && policy.columns.size() == schema.fields().size() &&
           std::ranges::all_of(policy.columns, &query::VisibleColumn::is_plain);
  }

 private:
  std::shared_ptr<const query::AccessPolicy> policy_;
};

}  // namespace

std::shared_ptr<const rest::TableReaders> lake_readers(std::shared_ptr<const query::AccessPolicy> policy) {
  return std::make_shared<LakeReaders>(std::move(policy));
}

}  // namespace tarn::cli
