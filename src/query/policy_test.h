#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "project/load.h"
#include "query/access/principal.h"

namespace tarn::query {

/// The policy of a project with this access/a.yaml and a feed of `curated.visit` (id, facility, mrn, born,
/// note).
inline std::shared_ptr<const AccessPolicy> policy_of(const std::string& yaml) {
  static constexpr std::string_view kFeed = R"(
feed: visits
owner: data@example.org
description: Visits.
source: {folder: inbox}
table: curated.visit
mode: append
format: {type: csv}
columns:
  - {name: id, type: long}
  - {name: facility, type: string}
  - {name: mrn, type: string, identifying: identifier}
  - {name: born, type: date, identifying: birth_date}
  - {name: note, type: string}
)";
  const project::LoadOutcome outcome = project::load(
      {{"tarn.yaml", "project: x"}, {"feeds/visits.yaml", std::string(kFeed)}, {"access/a.yaml", yaml}},
      nullptr);
  if (!outcome.project || !outcome.project->access) {
    ADD_FAILURE() << project::render_outcome(outcome, false) << yaml;
    std::abort();
  }
  return std::make_shared<const AccessPolicy>(AccessPolicy{
      *outcome.project->access, project::contract_tables(outcome.project->feeds), "a key of this test"});
}

}  // namespace tarn::query
