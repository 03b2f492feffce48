#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgwire/values/copy_in.h"

namespace tarn::pgwire {

/// The binary format of COPY (PostgreSQL 15, "COPY", "Binary Format").
class BinaryCopyReader final : public CopyReader {
 public:
  BinaryCopyReader(std::vector<std::uint32_t> types, OnCopyRow on_row)
      : types_(std::move(types)), on_row_(std::move(on_row)) {}

  Status add(std::string_view bytes) override;
  /// sql.bad_copy_data also where the trailer is missing.
  Status finish() override;

 private:
  enum class Step : std::uint8_t { kMore, kDone };
  Result<Step> take_header();
  Result<Step> take_row();
  Status give_row();
  Error bad(std::string_view what) const;
  std::string_view left() const { return std::string_view(waiting_).substr(at_); }

  std::vector<std::uint32_t> types_;
  OnCopyRow on_row_;
  std::string waiting_;  ///< From the beginning of what is not whole yet.
  std::size_t at_ = 0;   ///< What was read of it.
  std::int64_t row_ = 1;
  bool has_header_ = false;
  bool has_ended_ = false;
  std::vector<std::optional<std::string_view>> fields_;
};

}  // namespace tarn::pgwire
