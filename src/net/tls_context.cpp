#include "net/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "net/errors.h"

namespace tarn::net {
namespace {

using ErrorCodeOf = boost::system::error_code;
using boost::asio::ssl::context;

/// Of TLS 1.2; those of 1.3 all have forward secrecy and authenticated encryption.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view kSessionsOf = "tarn";

Error bad(std::string_view what, const std::string& file, std::string_view why) {
  return Error(kBadCertificate, fmt::format("the {} `{}` cannot be used: {}", what, file, why));
}

Error bad(std::string_view what, const std::string& file, const ErrorCodeOf& failed) {
  const auto code = static_cast<unsigned long>(failed.value());
  const bool is_other = ERR_GET_LIB(code) == ERR_LIB_PEM || ERR_GET_REASON(code) == ERR_R_PEM_LIB;
  return bad(what, file, is_other ? "it is not the PEM that is expected" : failed.message());
}

Result<std::string> read(std::string_view what, const std::string& file) {
  std::error_code ignored;  // What cannot be asked cannot be opened either.
  if (std::filesystem::is_directory(file, ignored)) return bad(what, file, "it is a folder");
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad() || text.empty())
    return bad(what, file, errno != 0 ? std::strerror(errno) : "it is empty");
  return text;
}

Status trust_clients(TlsContext& tls, const std::string& file) {
  TARN_ASSIGN_OR_RETURN(const std::string text, read("file of authorities", file));
  ErrorCodeOf failed;
  tls.ssl.add_certificate_authority(boost::asio::buffer(text), failed);
  if (failed) return bad("file of authorities", file, failed);
  // Java's clients choose their certificate by the names that the server says it trusts.
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr) return bad("file of authorities", file, "it holds no certificate");
  SSL_CTX_set_client_CA_list(tls.ssl.native_handle(), names);  // owns them from here
  tls.ssl.set_verify_mode(context::verify_peer | context::verify_fail_if_no_peer_cert, failed);
  if (failed) return bad("file of authorities", file, failed);
  return ok_status();
}

Result<std::int64_t> expiry_s(TlsContext& tls, const TlsFiles& files) {
  SSL_CTX* const handle = tls.ssl.native_handle();
  const X509* const certificate = SSL_CTX_get0_certificate(handle);
  std::tm until = {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until) != 1)
    return bad("certificate", files.certificate, "it does not say until when it is valid");
  return std::int64_t{timegm(&until)};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsFiles& files) {
  auto tls = std::make_shared<TlsContext>();
  SSL_CTX* const handle = tls->ssl.native_handle();
  SSL_CTX_set_options(handle, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(handle, kCiphers) != 1 ||
      SSL_CTX_set_session_id_context(handle, reinterpret_cast<const unsigned char*>(kSessionsOf.data()),
                                     static_cast<unsigned>(kSessionsOf.size())) != 1)
    return bad("certificate", files.certificate, "OpenSSL offers neither TLS 1.2 nor its ciphers");
  TARN_ASSIGN_OR_RETURN(const std::string chain, read("certificate", files.certificate));
  TARN_ASSIGN_OR_RETURN(const std::string key, read("key", files.key));
  ErrorCodeOf failed;
  tls->ssl.use_certificate_chain(boost::asio::buffer(chain), failed);
  if (failed) return bad("certificate", files.certificate, failed);
  const auto is_locked = std::make_shared<bool>(false);
  const auto no_passphrase = [is_locked](std::size_t, context::password_purpose) {
    *is_locked = true;
    return std::string();
  };
  tls->ssl.set_password_callback(no_passphrase, failed);  // Else OpenSSL asks the terminal.
  tls->ssl.use_private_key(boost::asio::buffer(key), context::pem, failed);
  if (failed && *is_locked) return bad("key", files.key, "it has a passphrase");
  if (failed) return bad("key", files.key, failed);
  TARN_ASSIGN_OR_RETURN(tls->expires_s, expiry_s(*tls, files));
  if (!files.client_ca.empty()) TARN_RETURN_IF_ERROR(trust_clients(*tls, files.client_ca));
  return tls;
}

}  // namespace tarn::net
