#pragma once

#include <boost/asio/ssl/context.hpp>
#include <cstdint>

#include "net/tls.h"

/// For this library only.
namespace tarn::net {

struct TlsContext {
  boost::asio::ssl::context ssl{boost::asio::ssl::context::tls_server};
  std::int64_t expires_s = 0;
};

/// Reads and checks the files. Errors: net.bad_certificate.
Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsFiles& files);

}  // namespace tarn::net
