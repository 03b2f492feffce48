#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace tarn::net {

/// PEM files of a listener.
struct TlsFiles {
  std::string certificate = {};  ///< The server's own first, then those between it and a known authority.
  std::string key = {};          ///< Without a passphrase.
  /// Authorities: with it only clients that show a certificate signed by one of them are let in.
  std::string client_ca = {};
};

/// What a handshake works with; opaque here.
struct TlsContext;

/// A listener's certificate: TLS 1.2 and 1.3, forward secrecy and authenticated encryption only. The files
/// are looked at about once a second while connections come; when they changed they are read again for new
/// connections, so that a renewed certificate needs no restart. Files that cannot be used leave the present
/// ones in force. Many threads at once; several listeners may share one.
class TlsCertificate {
 public:
  /// Told of each later reading, and by which thread it happened to be found.
  using Observer = std::function<void(const Status& outcome, const TlsCertificate& certificate)>;

  /// Errors: net.bad_certificate.
  static Result<std::shared_ptr<TlsCertificate>> load(TlsFiles files, Observer observer = {});
  ~TlsCertificate();
  TlsCertificate(const TlsCertificate&) = delete;
  TlsCertificate& operator=(const TlsCertificate&) = delete;

  /// For the next handshake.
  std::shared_ptr<TlsContext> context();
  /// When the present certificate expires: seconds since the epoch.
  std::int64_t expires_s() const;

 private:
  struct Impl;
  explicit TlsCertificate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::net
