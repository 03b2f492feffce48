#include "project/keys/key_table.h"

// The rows of access/*.yaml.
namespace tarn::project {
namespace {

constexpr std::string_view kVariable = "[A-Za-z_][A-Za-z0-9_]*";
constexpr std::string_view kUserName = "[A-Za-z0-9_][A-Za-z0-9_.@-]*";
constexpr std::string_view kRoleName = "[a-z][a-z0-9_-]*";

Block<GrantSpec> describe_grant() {
  Block<GrantSpec> block({.name = "grant",
                          .description =
                              "What a role may read of some tables. A row is seen when any grant lets "
                              "it through, and of it the columns of the grants that do."});
  block.add(
      field(&GrantSpec::tables),
      {.name = "tables",
       .description = "Tables by `schema.table`: `*` any characters of one part, `**` any parts. Tables of "
                      "`ops` by their full name only.",
       .example = "[curated.visit, \"reports.*\"]",
       .required = true,
       .when_empty = "it grants nothing",
       .synonyms = {"table"}});
  block.add(field(&GrantSpec::columns), {.name = "columns",
                                         .description = "Only these columns.",
                                         .example = "[visit_id, admitted_at]",
                                         .default_text = "all"});
  block.add(field(&GrantSpec::except), {.name = "except",
                                        .description = "All columns but these.",
                                        .example = "[mrn]",
                                        .synonyms = {"exclude"}});
  block.add(
      field(&GrantSpec::where),
      {.name = "where",
       .description = "Only rows for which this is true: SQL over the table's columns, seen or not. `$name` "
                      "is the user's attribute, `$user` the user's name.",
       .example = "\"facility = $facility\"",
       .synonyms = {"filter", "rows"}});
  block.add(
      field(&GrantSpec::masks),
      {.name = "masks",
       .description = "What stands for the values of a column; `none` shows a column that `identifying` "
                      "masks.",
       .example = "{mrn: hash, birth_date: year, phone: {partial: 4}}"});
  return block;
}

const Block<GrantSpec>& grant_block() {
  static const Block<GrantSpec> kBlock = describe_grant();
  return kBlock;
}

Block<DenySpec> describe_deny() {
  Block<DenySpec> block(
      {.name = "denial", .description = "What a role may not read, whatever this or another role grants."});
  block.add(field(&DenySpec::tables), {.name = "tables",
                                       .description = "Tables, as a grant names them.",
                                       .example = "[\"curated.hr_*\"]",
                                       .required = true,
                                       .when_empty = "it denies nothing",
                                       .synonyms = {"table"}});
  block.add(field(&DenySpec::columns), {.name = "columns",
                                        .description = "Only these columns of theirs.",
                                        .example = "[salary]",
                                        .default_text = "the whole tables"});
  return block;
}

const Block<DenySpec>& deny_block() {
  static const Block<DenySpec> kBlock = describe_deny();
  return kBlock;
}

Block<RoleLimits> describe_limits() {
  Block<RoleLimits> block({.name = "limits",
                           .description =
                               "What statements of the role's users may take; of several roles each "
                               "holds."});
  block.add(field(&RoleLimits::running),
            {.name = "running",
             .description =
                 "Statements of all its users that compute at once, of each listener; more wait, and let "
                 "others pass.",
             .example = "2",
             .default_text = "as many as the listener's `max_running`"});
  block.add(duration_field(&RoleLimits::statement_timeout_ms),
            {.name = "statement_timeout",
             .description = "How long a statement may run, whatever the session sets; 0: without end.",
             .example = "5min",
             .default_text = "0"});
  return block;
}

const Block<RoleLimits>& limits_block() {
  static const Block<RoleLimits> kBlock = describe_limits();
  return kBlock;
}

Block<RoleSpec> describe_role() {
  Block<RoleSpec> block({.name = "role", .description = "What its users may see; nothing by default."});
  block.add(field(&RoleSpec::description),
            {.name = "description", .description = "For people.", .example = "Analysts of one facility"});
  block.add(field(&RoleSpec::inherits), {.name = "inherits",
                                         .description = "Roles whose grants and denials it has too.",
                                         .example = "[reader]"});
  block.add(block_field<grant_block>(&RoleSpec::grants), {.name = "grants",
                                                          .description = "What it may read.",
                                                          .example = "[{tables: [\"curated.*\"]}]",
                                                          .synonyms = {"grant", "allow"}});
  block.add(
      field(&RoleSpec::write),
      {.name = "write",
       .description = "Tables that its users may make, change and drop by SQL, as a grant names them. Who "
                      "changes a table must be granted all of it, too.",
       .example = "[\"sandbox.*\"]",
       .default_text = "none"});
  block.add(block_field<deny_block>(&RoleSpec::deny), {.name = "deny",
                                                       .description = "What it may not read in any case.",
                                                       .example = "[{tables: [curated.salary]}]",
                                                       .synonyms = {"denies"}});
  block.add(block_field<limits_block>(&RoleSpec::limits),
            {.name = "limits",
             .description = "What statements of its users may take.",
             .example = "{running: 2, statement_timeout: 5min}"});
  block.add(field(&RoleSpec::administers),
            {.name = "administers",
             .description = "Whether its users may make users and roles, and give and take any rights by "
                            "SQL, their own included.",
             .example = "true",
             .default_text = "false"});
  return block;
}

const Block<RoleSpec>& role_block() {
  static const Block<RoleSpec> kBlock = describe_role();
  return kBlock;
}

Block<UserSpec> describe_user() {
  Block<UserSpec> block({.name = "user", .description = "Who may log in, and what is seen then."});
  block.add(
      field(&UserSpec::password),
      {.name = "password",
       .description = "The password's verifier, as `tarn access password` prints it, never the password. "
                      "`${NAME}` takes it from the environment.",
       .example = "\"SCRAM-SHA-256$4096:c2FsdA==$…:…\"",
       .default_text = "the user cannot log in"});
  block.add(field(&UserSpec::roles), {.name = "roles",
                                      .description = "What they may see, all together, less what any denies.",
                                      .example = "[analyst]",
                                      .required = true,
                                      .synonyms = {"role"}});
  block.add(field(&UserSpec::attributes),
            {.name = "attributes",
             .description = "Texts for the row filters of the roles: `facility = $facility`, or `facility IN "
                            "$facilities` with a list.",
             .example = "{facility: F001}"});
  return block;
}

const Block<UserSpec>& user_block() {
  static const Block<UserSpec> kBlock = describe_user();
  return kBlock;
}

Block<AccessSpec> describe_access() {
  Block<AccessSpec> block({.name = "access",
                           .description =
                               "Who may see what: `access/*.yaml`, all files together. With such a file "
                               "every user needs a role; without one there are no users.",
                           .article = "the"});
  block.add(field(&AccessSpec::mask_key_env),
            {.name = "mask_key_env",
             .description = "Name of the environment variable that holds the key of `hash` masks.",
             .example = "TARN_MASK_KEY",
             .name_pattern = kVariable});
  block.add(field(&AccessSpec::mask_key_file),
            {.name = "mask_key_file",
             .description = "File of the key of `hash` masks, relative to the project or absolute.",
             .example = "/run/secrets/mask-key"});
  block.add(
      field(&AccessSpec::identifying),
      {.name = "identifying",
       .description = "Masks of all columns whose contract says `identifying: CLASS`, for every role whose "
                      "grant does not mask them another way.",
       .example = "{name: \"null\", birth_date: year, identifier: hash}"});
  block.add(named_blocks<role_block>(&AccessSpec::roles),
            {.name = "roles",
             .description = "Roles by name.",
             .example = "{analyst: {grants: [{tables: [\"curated.*\"]}]}}",
             .name_pattern = kRoleName});
  block.add(named_blocks<user_block>(&AccessSpec::users), {.name = "users",
                                                           .description = "Users by name.",
                                                           .example = "{ann: {roles: [analyst]}}",
                                                           .name_pattern = kUserName});
  return block;
}

}  // namespace

const Block<AccessSpec>& access_block() {
  static const Block<AccessSpec> kBlock = describe_access();
  return kBlock;
}

}  // namespace tarn::project
