#include "project/keys/key_table.h"

// The rows of tarn.yaml.
namespace tarn::project {
namespace {

constexpr std::string_view kProjectName = "[a-z][a-z0-9_-]*";

Block<ProcessLimits> describe_process_limits() {
  Block<ProcessLimits> block(
      {.name = "limits of the process", .description = "What the whole process may use.", .article = "the"});
  block.add(size_field(&ProcessLimits::memory),
            {.name = "memory",
             .description = "Memory of the whole process; at least 256MiB.",
             .example = "4GiB",
             .minimum = 256LL << 20});
  block.add(field(&ProcessLimits::threads), {.name = "threads",
                                             .description = "Threads that parse and write.",
                                             .example = "2",
                                             .default_text = "the machine's cores",
                                             .minimum = 1,
                                             .maximum = 1024});
  return block;
}

const Block<ProcessLimits>& process_limits_block() {
  static const Block<ProcessLimits> kBlock = describe_process_limits();
  return kBlock;
}

Block<BatchSpec> describe_batch() {
  Block<BatchSpec> block({.name = "batch", .description = "A batch is closed when any of these is reached."});
  block.add(field(&BatchSpec::max_files),
            {.name = "max_files", .description = "Arrived files.", .example = "500", .minimum = 1});
  block.add(field(&BatchSpec::max_rows),
            {.name = "max_rows",
             .description = "Rows; never more than one for each KiB of `limits.memory`.",
             .example = "1000000",
             .minimum = 1});
  block.add(size_field(&BatchSpec::max_bytes),
            {.name = "max_bytes",
             .description = "Inflated bytes; never more than a tenth of `limits.memory`.",
             .example = "64MiB",
             .minimum = 1});
  block.add(duration_field(&BatchSpec::max_age_ms),
            {.name = "max_age",
             .description = "How long `tarn serve` gathers files while they keep coming.",
             .example = "5s"});
  return block;
}

const Block<BatchSpec>& batch_block() {
  static const Block<BatchSpec> kBlock = describe_batch();
  return kBlock;
}

Block<RestClientSpec> describe_rest_client() {
  Block<RestClientSpec> block({.name = "client", .description = "Who may ask the REST catalog for a token."});
  block.add(field(&RestClientSpec::id),
            {.name = "id", .description = "The OAuth2 client id.", .example = "spark", .required = true});
  block.add(field(&RestClientSpec::secret_hash),
            {.name = "secret_hash",
             .description = "The salted hash of the client's secret, as `tarn catalog secret` prints it.",
             .example = "\"pbkdf2-sha256$100000$00$00\"",
             .required = true});
  return block;
}

const Block<RestClientSpec>& rest_client_block() {
  static const Block<RestClientSpec> kBlock = describe_rest_client();
  return kBlock;
}

Block<TlsSpec> describe_tls() {
  Block<TlsSpec> block({.name = "tls",
                        .description =
                            "TLS 1.2 and 1.3 of a listener, by PEM files, which are read again when "
                            "they change. Relative to the project, or absolute.",
                        .article = "the"});
  block.add(
      field(&TlsSpec::certificate),
      {.name = "certificate",
       .description = "The server's certificate, then those between it and an authority that clients know.",
       .example = "tls/server.pem",
       .required = true});
  block.add(field(&TlsSpec::key), {.name = "key",
                                   .description = "The certificate's key, without passphrase.",
                                   .example = "tls/server.key",
                                   .required = true});
  block.add(field(&TlsSpec::client_ca),
            {.name = "client_ca",
             .description = "Authorities of the clients: who shows no certificate of theirs is not let in.",
             .example = "tls/clients.pem",
             .default_text = "clients need no certificate"});
  return block;
}

const Block<TlsSpec>& tls_block() {
  static const Block<TlsSpec> kBlock = describe_tls();
  return kBlock;
}

Block<RestListenerSpec> describe_rest_listener() {
  Block<RestListenerSpec> block(
      {.name = "rest listener",
       .description = "The Iceberg REST catalog, for Spark, Trino, PyIceberg, DuckDB."});
  block.add(field(&RestListenerSpec::listen), {.name = "listen",
                                               .description = "IP address and port; without it `tarn serve` "
                                                              "has no REST catalog.",
                                               .example = "127.0.0.1:8181"});
  block.add(block_field<tls_block>(&RestListenerSpec::tls),
            {.name = "tls",
             .description = "Serves https instead of http.",
             .example = "{certificate: tls/server.pem, key: tls/server.key}"});
  block.add(
      field(&RestListenerSpec::plain_http),
      {.name = "plain_http",
       .description = "Whether an address beyond this machine is served without `tls`, as behind a proxy "
                      "that has it.",
       .example = "true"});
  block.add(block_field<rest_client_block>(&RestListenerSpec::clients),
            {.name = "clients",
             .description = "Who may ask for a token; with any client every request needs a token.",
             .example = "[{id: spark, secret_hash: \"pbkdf2-sha256$100000$00$00\"}]"});
  block.add(field(&RestListenerSpec::anonymous),
            {.name = "anonymous",
             .description = "Whether everybody who reaches an address beyond this machine may do everything.",
             .example = "true"});
  block.add(
      field(&RestListenerSpec::locations),
      {.name = "locations",
       .description = "Locations besides the warehouse in which clients may create and register tables.",
       .example = "[file:///data/old-lake]"});
  return block;
}

const Block<RestListenerSpec>& rest_listener_block() {
  static const Block<RestListenerSpec> kBlock = describe_rest_listener();
  return kBlock;
}

Block<PostgresListenerSpec> describe_postgres_listener() {
  Block<PostgresListenerSpec> block(
      {.name = "postgres listener",
       .description = "SQL for everything that speaks to a PostgreSQL server: psql, JDBC, ODBC, BI tools."});
  block.add(field(&PostgresListenerSpec::listen), {.name = "listen",
                                                   .description = "IP address and port; without it `tarn "
                                                                  "serve` speaks no PostgreSQL.",
                                                   .example = "127.0.0.1:5432"});
  block.add(block_field<tls_block>(&PostgresListenerSpec::tls),
            {.name = "tls",
             .description = "Lets clients ask for TLS (`sslmode=require`); other machines must.",
             .example = "{certificate: tls/server.pem, key: tls/server.key}"});
  block.add(field(&PostgresListenerSpec::plain),
            {.name = "plain",
             .description = "Whether other machines are served without TLS, as within a network that has "
                            "encryption of its own.",
             .example = "true"});
  block.add(field(&PostgresListenerSpec::max_connections),
            {.name = "max_connections",
             .description = "Clients at once; one more is told so (SQLSTATE 53300).",
             .example = "200"});
  block.add(field(&PostgresListenerSpec::max_running),
            {.name = "max_running",
             .description = "Statements that run at once; more wait for their turn, in their order.",
             .example = "16"});
  return block;
}

const Block<PostgresListenerSpec>& postgres_listener_block() {
  static const Block<PostgresListenerSpec> kBlock = describe_postgres_listener();
  return kBlock;
}

Block<FlightListenerSpec> describe_flight_listener() {
  Block<FlightListenerSpec> block(
      {.name = "flight listener",
       .description = "Arrow Flight SQL: ADBC and drivers of JDBC and ODBC, for many rows at once."});
  block.add(field(&FlightListenerSpec::listen), {.name = "listen",
                                                 .description = "IP address and port; without it `tarn "
                                                                "serve` speaks no Flight SQL.",
                                                 .example = "127.0.0.1:32010"});
  block.add(block_field<tls_block>(&FlightListenerSpec::tls),
            {.name = "tls",
             .description = "Serves `grpc+tls://` instead of `grpc://`. The files are read once; with "
                            "`client_ca` clients show a certificate besides their password.",
             .example = "{certificate: tls/server.pem, key: tls/server.key}"});
  block.add(field(&FlightListenerSpec::plain),
            {.name = "plain",
             .description = "Whether other machines are served without TLS, as within a network that has "
                            "encryption of its own.",
             .example = "true"});
  block.add(field(&FlightListenerSpec::max_calls),
            {.name = "max_calls", .description = "Calls at once; one more is refused.", .example = "200"});
  block.add(field(&FlightListenerSpec::max_running),
            {.name = "max_running",
             .description = "Statements that compute at once; more wait for their turn, in their order.",
             .example = "16"});
  block.add(duration_field(&FlightListenerSpec::statement_timeout_ms),
            {.name = "statement_timeout",
             .description = "How long a statement may take, reading included; 0: without end.",
             .example = "10min"});
  return block;
}

const Block<FlightListenerSpec>& flight_listener_block() {
  static const Block<FlightListenerSpec> kBlock = describe_flight_listener();
  return kBlock;
}

Block<ListenersSpec> describe_listeners() {
  Block<ListenersSpec> block(
      {.name = "listeners",
       .description = "What `tarn serve` offers to other programs; nothing by default.",
       .article = "the"});
  block.add(block_field<rest_listener_block>(&ListenersSpec::rest),
            {.name = "rest",
             .description = "The Iceberg REST catalog.",
             .example = "{listen: \"127.0.0.1:8181\"}"});
  block.add(block_field<postgres_listener_block>(&ListenersSpec::postgres),
            {.name = "postgres",
             .description = "SQL over the PostgreSQL wire protocol.",
             .example = "{listen: \"127.0.0.1:5432\"}"});
  block.add(block_field<flight_listener_block>(&ListenersSpec::flight),
            {.name = "flight",
             .description = "SQL over Arrow Flight.",
             .example = "{listen: \"127.0.0.1:32010\"}"});
  return block;
}

const Block<ListenersSpec>& listeners_block() {
  static const Block<ListenersSpec> kBlock = describe_listeners();
  return kBlock;
}

Block<MaintenanceSpec> describe_maintenance() {
  Block<MaintenanceSpec> block(
      {.name = "maintenance",
       .description =
           "How tables are kept small, by `tarn maintain` and, where it is asked for, by `tarn serve`.",
       .article = "the"});
  block.add(
      field(&MaintenanceSpec::background),
      {.name = "background", .description = "Whether `tarn serve` maintains the tables.", .example = "true"});
  block.add(duration_field(&MaintenanceSpec::interval_ms),
            {.name = "interval",
             .description = "How often `tarn serve` looks at each table.",
             .example = "1h",
             .minimum = 100});
  block.add(size_field(&MaintenanceSpec::max_rate),
            {.name = "max_rate",
             .description = "How much of the data files `tarn serve` rewrites a second, on average.",
             .example = "8MiB",
             .minimum = 1LL << 16});
  block.add(size_field(&MaintenanceSpec::target_file_size),
            {.name = "target_file_size",
             .description = "How big data files should be; smaller ones are merged. A table's property "
                            "`write.target-file-size-bytes` takes precedence.",
             .example = "256MiB",
             .minimum = 1LL << 20});
  block.add(field(&MaintenanceSpec::min_files),
            {.name = "min_files",
             .description = "So many small files of a partition, or delete files, are worth a rewrite.",
             .example = "10",
             .minimum = 2,
             .maximum = 10'000});
  block.add(field(&MaintenanceSpec::max_deleted_percent),
            {.name = "max_deleted_percent",
             .description = "A data file of which this share of rows is deleted is rewritten.",
             .example = "20",
             .minimum = 1,
             .maximum = 100});
  block.add(duration_field(&MaintenanceSpec::keep_snapshots_ms),
            {.name = "keep_snapshots",
             .description = "Snapshots older than this expire; without it none does. A table's property "
                            "`history.expire.max-snapshot-age-ms` takes precedence.",
             .example = "30d",
             .default_text = "none"});
  block.add(field(&MaintenanceSpec::min_snapshots),
            {.name = "min_snapshots",
             .description = "So many snapshots are kept whatever their age.",
             .example = "10",
             .minimum = 1,
             .maximum = 1'000'000});
  block.add(
      field(&MaintenanceSpec::keep_monthly),
      {.name = "keep_monthly",
       .description = "Keep the last snapshot of each month for ever, by a tag such as `month-2026-10`.",
       .example = "true"});
  block.add(duration_field(&MaintenanceSpec::orphan_grace_ms),
            {.name = "orphan_grace",
             .description = "How old files must be that no table names before they are removed; at least 1h.",
             .example = "7d",
             .minimum = 3'600'000});
  return block;
}

const Block<MaintenanceSpec>& maintenance_block() {
  static const Block<MaintenanceSpec> kBlock = describe_maintenance();
  return kBlock;
}

Block<ProjectSpec> describe_project() {
  Block<ProjectSpec> block({.name = "project", .description = "The project's own file: `tarn.yaml`."});
  block.add(field(&ProjectSpec::name), {.name = "project",
                                        .description = "The project's name.",
                                        .example = "hospital",
                                        .required = true,
                                        .name_pattern = kProjectName,
                                        .synonyms = {"name"}});
  block.add(field(&ProjectSpec::warehouse),
            {.name = "warehouse",
             .description = "Folder of the tables, relative to the project, or a `file:///` or "
                            "`s3://bucket/prefix` location.",
             .example = "/data/lake"});
  block.add(field(&ProjectSpec::landing),
            {.name = "landing",
             .description = "Folder, or `s3://bucket/prefix`, for the original bytes of all that arrived.",
             .example = "/data/landing"});
  block.add(
      field(&ProjectSpec::state),
      {.name = "state",
       .description =
           "Ledger and catalog: an SQLite file, or a PostgreSQL database as `postgresql://user@host/db`, "
           "with `?schema=name` where wanted.",
       .example = "/data/tarn.db"});
  block.add(
      field(&ProjectSpec::format_version),
      {.name = "format_version",
       .description = "The version of Iceberg's table format that new tables get, 2 or 3; those that exist "
                      "keep theirs. Version 3 deletes rows by deletion vectors and numbers rows.",
       .example = "3",
       .minimum = 2,
       .maximum = 3});
  block.add(
      block_field<process_limits_block>(&ProjectSpec::limits),
      {.name = "limits", .description = "What the whole process may use.", .example = "{memory: 4GiB}"});
  block.add(block_field<batch_block>(&ProjectSpec::batch),
            {.name = "batch", .description = "When a batch is closed.", .example = "{max_age: 5s}"});
  block.add(block_field<listeners_block>(&ProjectSpec::listeners),
            {.name = "listeners",
             .description = "What `tarn serve` offers to other programs.",
             .example = "{rest: {listen: \"127.0.0.1:8181\"}}"});
  block.add(block_field<maintenance_block>(&ProjectSpec::maintenance),
            {.name = "maintenance",
             .description = "How tables are kept small.",
             .example = "{keep_snapshots: 30d}"});
  block.add(block_field<s3_block>(&ProjectSpec::s3),
            {.name = "s3",
             .description = "The S3 service of every `s3://` location; Amazon's by default.",
             .example = "{endpoint: \"https://minio.example:9000\"}"});
  return block;
}

}  // namespace

const Block<ProjectSpec>& project_block() {
  static const Block<ProjectSpec> kBlock = describe_project();
  return kBlock;
}

}  // namespace tarn::project
