#include "cli/access/lake_readers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/keyed_hash.h"
#include "base/scram.h"

namespace tarn::cli {
namespace {

constexpr int kLeastIterations = 4096;

class LakeReaders final : public rest::TableReaders {
 public:
  explicit LakeReaders(const AccessWatch& watch) : watch_(watch) {}

  bool knows(std::string_view user, std::string_view password) const override {
    const auto policy = watch_.policy();
    const project::UserSpec* const found = policy->access.find_user(user);
    const auto verifier = found == nullptr ? std::nullopt : parse_scram_verifier(*found->password);
    // Somebody unknown is answered no sooner.
    const ScramVerifier made =
        make_scram_verifier(password, verifier ? verifier->salt : "tarn has no such user",
                            verifier ? verifier->iterations : kLeastIterations);
    return verifier && equal_in_constant_time(made.stored_key, verifier->stored_key);
  }

  std::string roles(const std::string& user) const override {
    const auto principal = query::Principal::make(watch_.policy(), user);
    return principal.ok() ? fmt::format("{}", fmt::join((*principal)->roles(), ", ")) : std::string();
  }

  Result<bool> sees(const std::string& user, const TableName& table) const override {
    TARN_ASSIGN_OR_RETURN(const auto principal, query::Principal::make(watch_.policy(), user));
    return principal->sees(table);
  }

  Result<bool> sees_whole(const std::string& user, const TableName& table,
                          const iceberg::TableMetadata& metadata) const override {
    TARN_ASSIGN_OR_RETURN(const auto principal, query::Principal::make(watch_.policy(), user));
    return principal->sees_whole(table, metadata);
  }

 private:
  const AccessWatch& watch_;
};

}  // namespace

std::shared_ptr<const rest::TableReaders> lake_readers(const AccessWatch& watch) {
  return std::make_shared<LakeReaders>(watch);
}

}  // namespace tarn::cli
