#pragma once

#include <functional>
#include <string_view>

#include "net/http_message.h"
#include "rest/call.h"
#include "state/audit/audit_trail.h"

namespace tarn::rest {

/// Puts requests on record (docs/audit.md). Changes are on record before they are made, and how they ended
/// behind; what hands out tables, plans or credentials before the answer leaves. Any thread.
class RequestAudit {
 public:
  /// Null: nothing is recorded.
  explicit RequestAudit(state::AuditTrail* trail) : trail_(trail) {}

  /// The answer of `run`, or that of audit.unavailable.
  net::HttpResponse tell(Call& call, const Route& route, const std::function<net::HttpResponse()>& run) const;
  /// A request that found no endpoint, or whose sender is not known or may not ask for that.
  void refuse(const Call& call, const Error& error) const;

 private:
  net::HttpResponse tell_change(Call& call, const Route& route,
                                const std::function<net::HttpResponse()>& run) const;

  state::AuditTrail* trail_;
};

}  // namespace tarn::rest
