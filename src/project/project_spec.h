#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/access_spec.h"
#include "project/feed_spec.h"
#include "project/located.h"

namespace tarn::project {

/// What the whole process may use.
struct ProcessLimits {
  std::uint64_t memory = 1ULL << 30;  ///< Bytes; at least 256 MiB.
  std::uint32_t threads = 0;          ///< 0: the machine's cores.

  bool operator==(const ProcessLimits&) const = default;
};

/// A batch is closed when any of these is reached.
struct BatchSpec {
  std::uint64_t max_files = 2000;
  std::uint64_t max_rows = 2'000'000;
  std::uint64_t max_bytes = 256ULL << 20;  ///< Inflated.
  std::int64_t max_age_ms = 1000;          ///< `tarn serve` only.

  bool operator==(const BatchSpec&) const = default;
};

/// Who may use the REST catalog.
struct RestClientSpec {
  std::string id;
  std::string secret_hash;  ///< As `tarn catalog secret` prints it.

  bool operator==(const RestClientSpec&) const = default;
};

/// PEM files of a listener, relative to the project or absolute.
struct TlsSpec {
  std::string certificate;  ///< Empty: no TLS.
  std::string key;
  std::string client_ca;  ///< Empty: clients need no certificate.

  bool operator==(const TlsSpec&) const = default;
};

/// The Iceberg REST catalog of `tarn serve`.
struct RestListenerSpec {
  std::string listen;  ///< `ADDRESS:PORT`; empty: off.
  TlsSpec tls;
  bool plain_http = false;  ///< Other machines may be served without TLS.
  std::vector<RestClientSpec> clients;
  bool anonymous = false;              ///< Other machines may do without a token.
  std::vector<std::string> locations;  ///< Where else than in the warehouse tables may lie.

  bool operator==(const RestListenerSpec&) const = default;
};

/// The PostgreSQL wire protocol of `tarn serve`.
struct PostgresListenerSpec {
  std::string listen;  ///< `ADDRESS:PORT`; empty: off.
  TlsSpec tls;
  bool plain = false;  ///< Other machines may be served without TLS.
  std::uint64_t max_connections = 200;
  std::uint64_t max_running = 16;  ///< Statements at once.

  bool operator==(const PostgresListenerSpec&) const = default;
};

/// Arrow Flight SQL of `tarn serve`.
struct FlightListenerSpec {
  std::string listen;  ///< `ADDRESS:PORT`; empty: off.
  TlsSpec tls;
  bool plain = false;  ///< Other machines may be served without TLS.
  std::uint64_t max_calls = 200;
  std::uint64_t max_running = 16;         ///< Statements at once.
  std::int64_t statement_timeout_ms = 0;  ///< 0: without end.

  bool operator==(const FlightListenerSpec&) const = default;
};

struct ListenersSpec {
  RestListenerSpec rest;
  PostgresListenerSpec postgres;
  FlightListenerSpec flight;

  bool operator==(const ListenersSpec&) const = default;
};

/// How tables are kept small, by `tarn maintain` and by `tarn serve` beside ingest. Nothing expires and no
/// tags are made unless it is asked for.
struct MaintenanceSpec {
  bool background = false;
  std::int64_t interval_ms = 5LL * 60 * 1000;
  std::uint64_t max_rate = 32ULL << 20;  ///< Bytes of data files a second.
  std::uint64_t target_file_size = 128ULL << 20;
  std::uint32_t min_files = 5;
  std::uint32_t max_deleted_percent = 10;
  std::optional<std::int64_t> keep_snapshots_ms;  ///< Nothing: for ever.
  std::uint32_t min_snapshots = 1;
  bool keep_monthly = false;
  std::int64_t orphan_grace_ms = 3LL * 24 * 60 * 60 * 1000;

  bool operator==(const MaintenanceSpec&) const = default;
};

/// How requests name a bucket. kAuto: in the path with an endpoint, in the server's name without.
enum class S3Addressing : std::uint8_t { kAuto, kPath, kVirtual };

/// The S3 service of all `s3://` locations. Secrets never stand here: only where they are.
struct S3Spec {
  Located<std::string> endpoint;  ///< `https://host:port`; empty: Amazon's.
  std::string region;
  S3Addressing addressing = S3Addressing::kAuto;
  std::string ca_file;           ///< Relative to the project, or absolute.
  std::string profile;           ///< Of the AWS profile files.
  std::string credentials_file;  ///< Relative to the project, or absolute.
  Located<std::string> access_key_id_env;
  Located<std::string> secret_access_key_env;
  std::string session_token_env;
  bool anonymous = false;
  std::string vended_role;  ///< ARN; empty: engines get no credentials.
  Located<std::string> sts_endpoint;

  bool operator==(const S3Spec&) const = default;
};

/// tarn.yaml as typed values. Folders are as written: relative to the project, or absolute.
struct ProjectSpec {
  Located<std::string> name;
  Located<std::string> warehouse{"lake"};   ///< A folder, a file:/// URI or `s3://bucket/prefix`.
  Located<std::string> landing{"landing"};  ///< Likewise.
  Located<std::string> state{"state/tarn.db"};
  std::uint32_t format_version = 2;  ///< Of Iceberg, of new tables.
  ProcessLimits limits;
  BatchSpec batch;
  ListenersSpec listeners;
  MaintenanceSpec maintenance;
  S3Spec s3;

  bool operator==(const ProjectSpec&) const = default;
};

/// Whether a setting names a place in S3: `s3://…`.
bool is_s3_location(std::string_view written);

/// A whole project, checked: every rule of the contract language holds within and between its feeds.
struct Project {
  ProjectSpec spec;
  std::vector<FeedSpec> feeds;  ///< In the order of their file names.
  /// Nothing: no file under access/, and no users.
  std::optional<AccessSpec> access = std::nullopt;

  /// The feed of that name, or null.
  const FeedSpec* find_feed(std::string_view name) const;
};

}  // namespace tarn::project
