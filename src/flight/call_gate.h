#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/flight/server.h>
#include <arrow/flight/server_middleware.h>

#include "base/result.h"
#include "flight/shared_parts.h"

namespace tarn::flight {

/// Lets calls in: at most so many at once, and only of users who prove who they are. Before any handler.
class CallGate final : public arrow::flight::ServerMiddlewareFactory {
 public:
  static constexpr const char* kName = "tarn";

  explicit CallGate(SharedParts& shared) : shared_(shared) {}
  arrow::Status StartCall(const arrow::flight::CallInfo& info,
                          const arrow::flight::ServerCallContext& context,
                          std::shared_ptr<arrow::flight::ServerMiddleware>* middleware) override;

 private:
  SharedParts& shared_;
};

/// The caller of a call that came through the gate. Errors: flight.not_authenticated, for one that did not.
Result<Caller> caller(const arrow::flight::ServerCallContext& context);

/// A header of a call, or nothing.
std::string header_of(const arrow::flight::ServerCallContext& context, std::string_view name);
/// The header `authorization`.
std::string authorization_of(const arrow::flight::ServerCallContext& context);

}  // namespace tarn::flight
