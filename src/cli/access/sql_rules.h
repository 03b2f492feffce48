#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"
#include "project/project_spec.h"
#include "query/access/access_editor.h"
#include "state/database.h"

namespace tarn::cli {

/// Keeps what SQL says of users and roles in the project's state.
class SqlRules final : public query::AccessEditor {
 public:
  /// What it is made of must outlive it. `on_change` is told when something was kept, by the thread that did.
  SqlRules(state::Database& database, io::Clock& clock, io::Random& random, std::filesystem::path folder,
           std::function<void()> on_change)
      : database_(database),
        clock_(clock),
        random_(random),
        folder_(std::move(folder)),
        on_change_(std::move(on_change)) {}

  Status change(const std::string& who, const Edit& edit, const Check& check, Keep keep) override;
  std::string salt() override;

 private:
  Status change_once(const std::string& who, const Edit& edit, const Check& check, Keep keep);

  state::Database& database_;
  io::Clock& clock_;
  io::Random& random_;
  std::filesystem::path folder_;
  std::function<void()> on_change_;
};

}  // namespace tarn::cli
