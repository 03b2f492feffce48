#include <array>

#include "project/keys/key_table.h"

// The rows of feeds/*.yaml; those of its format, columns and children stand in files of their own.
namespace tarn::project {
namespace {

constexpr std::string_view kFeedName = "[a-z][a-z0-9_]*";

constexpr std::array kAfterIngest = {
    Choice{"keep", int(AfterIngest::kKeep), "leave it where it is"},
    Choice{"delete", int(AfterIngest::kDelete), "delete it"},
    Choice{"move", int(AfterIngest::kMove), "move it to `move_to`"},
};
constexpr std::array kLoadMode = {
    Choice{.name = "append",
           .value = int(LoadMode::kAppend),
           .meaning = "every record becomes a row",
           .synonyms = "insert add"},
    Choice{.name = "upsert",
           .value = int(LoadMode::kUpsert),
           .meaning = "the latest version of each key is kept",
           .synonyms = "merge update"},
    Choice{.name = "scd1", .value = int(LoadMode::kUpsert), .meaning = "another word for `upsert`"},
    Choice{.name = "scd2",
           .value = int(LoadMode::kScd2),
           .meaning = "each change of a key becomes a row with the time during which it held",
           .synonyms = "history"},
    Choice{.name = "replace",
           .value = int(LoadMode::kReplace),
           .meaning = "each delivery is the whole content; what it lacks is deleted",
           .synonyms = "overwrite full snapshot truncate"},
    Choice{.name = "scd3",
           .value = int(LoadMode::kScd3),
           .meaning = "the latest version of each key, and what some of its columns were before",
           .synonyms = "previous"},
};
constexpr std::array kDrift = {
    Choice{"quarantine", int(Drift::kQuarantine),
           "an unknown or missing csv column costs the member; an unknown XML element, or text that no fixed "
           "column covers, the record"},
    Choice{"freeze", int(Drift::kFreeze), "unknown columns are dropped, missing ones are null"},
    Choice{"evolve", int(Drift::kEvolve),
           "unknown columns become new string columns of the table, each its own for ever"},
};

Block<SourceSpec> describe_source() {
  Block<SourceSpec> block(
      {.name = "source", .description = "Where the files come from and which belong to the feed."});
  block.add(field(&SourceSpec::folder),
            {.name = "folder",
             .description = "Folder that is watched with all below it; relative to the project, or absolute. "
                            "Passed over, whatever `files` says: names that begin with `.` or end in `.tmp`, "
                            "`.part`, `.filepart` or `.crdownload` in any case, all below folders so named, "
                            "and symbolic links. No command lists or counts them.",
             .example = "inbox",
             .required = true,
             .synonyms = {"path", "dir", "directory"}});
  block.add(field(&SourceSpec::files),
            {.name = "files",
             .description = "Globs, or `/regular expression/`, against the path relative to the folder.",
             .example = "[\"**/*.zip\"]",
             .when_empty = "no file would ever match",
             .synonyms = {"pattern", "glob", "include"}});
  block.add(field(&SourceSpec::members),
            {.name = "members",
             .description = "The same, against the member's name inside an archive.",
             .example = "[\"adt/*.xml\"]",
             .when_empty = "no member would ever match"});
  block.add(field(&SourceSpec::ignore),
            {.name = "ignore",
             .description = "Files and members passed over in silence: no command lists or counts them.",
             .example = "[\"**/*.md\"]",
             .default_text = "none",
             .synonyms = {"exclude"}});
  block.add(duration_field(&SourceSpec::settle_ms),
            {.name = "settle",
             .description =
                 "A file is complete when size and time were stable this long, unless it was renamed into "
                 "place.",
             .example = "2s"});
  block.add(field(&SourceSpec::after),
            {.name = "after",
             .description = "What happens to the sender's copy once its bytes are in the "
                            "landing zone. Feeds that take the same file must agree; where that is told by "
                            "regular expressions or `ignore`, and they do not, the file is kept.",
             .example = "keep"});
  block.add(field(&SourceSpec::move_to),
            {.name = "move_to",
             .description = "Folder for `after: move`; outside the watched one, or "
                            "ignored there.",
             .example = "done"});
  return block;
}

const Block<SourceSpec>& source_block() {
  static const Block<SourceSpec> kBlock = describe_source();
  return kBlock;
}

Block<FeedLimits> describe_limits() {
  Block<FeedLimits> block({.name = "limits",
                           .description = "What one arrival may hold; anything beyond is quarantined.",
                           .article = "the"});
  const auto size = [&](std::uint64_t FeedLimits::*member, std::string_view name,
                        std::string_view description, std::string_view example) {
    block.add(
        size_field(member),
        {.name = name, .description = description, .example = example, .descriptive = true, .minimum = 1});
  };
  const auto count = [&](std::uint64_t FeedLimits::*member, std::string_view name,
                         std::string_view description, std::string_view example, std::int64_t maximum) {
    block.add(field(member), {.name = name,
                              .description = description,
                              .example = example,
                              .descriptive = true,
                              .minimum = 1,
                              .maximum = maximum});
  };
  size(&FeedLimits::file_size, "file_size", "Bytes of an arrived file as it came.", "2GiB");
  count(&FeedLimits::members, "members", "Members of an archive.", "1000", 10'000'000);
  size(&FeedLimits::member_size, "member_size", "Inflated bytes of a member.", "1GiB");
  size(&FeedLimits::total_size, "total_size", "Inflated bytes of a whole archive, zip or gzip.", "8GiB");
  count(&FeedLimits::ratio, "ratio", "Inflated to deflated bytes, for members over 1 MiB.", "100", 1'000'000);
  size(&FeedLimits::record_size, "record_size", "Bytes of a record; in XML, of its element.", "1MiB");
  size(&FeedLimits::field_size, "field_size", "Bytes of a value, without fixed padding.", "64KiB");
  count(&FeedLimits::depth, "depth", "Nesting of XML elements.", "32", 1000);
  count(&FeedLimits::columns, "columns", "Columns of a record.", "500", 100'000);
  return block;
}

const Block<FeedLimits>& limits_block() {
  static const Block<FeedLimits> kBlock = describe_limits();
  return kBlock;
}

Block<DeleteRule> describe_deletes() {
  Block<DeleteRule> block(
      {.name = "delete_when",
       .description =
           "Which records delete their key. A deletion is a version as any other. `upsert`: it removes the "
           "row, and the rows of its children, when it is the latest, and it is remembered in the table "
           "`<table>__deleted`, so that an older version which comes later does not bring the row back. A "
           "later version does. `scd2`: it ends the row before it; a later version opens one.",
       .article = "the"});
  block.add(field(&DeleteRule::column), {.name = "column",
                                         .description = "Column that tells, not one of the key.",
                                         .example = "op",
                                         .required = true,
                                         .synonyms = {"field", "flag"}});
  block.add(
      field(&DeleteRule::values),
      {.name = "values",
       .description = "Its values that mean a deletion, as the source writes them, in the column's case; "
                      "without them any value does but null, as in `deleted_at`. Of text, boolean or "
                      "integer columns.",
       .example = "[D]",
       .when_empty = "no record would ever delete",
       .synonyms = {"value", "equals", "in"}});
  return block;
}

const Block<DeleteRule>& delete_block() {
  static const Block<DeleteRule> kBlock = describe_deletes();
  return kBlock;
}

Block<ReplaceSpec> describe_replace() {
  Block<ReplaceSpec> block(
      {.name = "replace",
       .description = "What a delivery, which is one arrived file with all that is in it, replaces.",
       .article = "the"});
  block.add(
      field(&ReplaceSpec::by),
      {.name = "by",
       .description = "Columns of the key: a delivery replaces the rows with its values of these, so that "
                      "each facility sends its own list. A delivery with several values replaces each.",
       .example = "[facility_id]",
       .default_text = "the whole table",
       .synonyms = {"scope", "partition_by", "per"}});
  block.add(
      field(&ReplaceSpec::max_deletes),
      {.name = "max_deletes",
       .description = "Percent. A delivery that lacks more of the rows that it would replace is taken for "
                      "a truncated one, and quarantined.",
       .example = "20",
       .minimum = 0,
       .maximum = 100,
       .synonyms = {"max_deleted", "max_deleted_percent", "max_delete_percent"}});
  return block;
}

const Block<ReplaceSpec>& replace_block() {
  static const Block<ReplaceSpec> kBlock = describe_replace();
  return kBlock;
}

void describe_identity(Block<FeedSpec>& block) {
  block.add(field(&FeedSpec::name), {.name = "feed",
                                     .description = "The feed's name, unique in the project.",
                                     .example = "admissions",
                                     .required = true,
                                     .descriptive = true,
                                     .name_pattern = kFeedName,
                                     .synonyms = {"name", "id"}});
  block.add(field(&FeedSpec::contract_version),
            {.name = "contract_version",
             .description = "Raise it when the contract's meaning changes; every "
                            "row tells which version it was read with.",
             .example = "2",
             .descriptive = true,
             .minimum = 1,
             .maximum = 2'147'483'647,
             .synonyms = {"version"}});
  block.add(field(&FeedSpec::owner),
            {.name = "owner",
             .description = "Who answers for the feed: a person, a team or an address.",
             .example = "adt-team@example.org",
             .required = true,
             .descriptive = true});
  block.add(field(&FeedSpec::description), {.name = "description",
                                            .description = "What the feed holds, in a sentence.",
                                            .example = "Admissions, discharges and transfers.",
                                            .required = true,
                                            .descriptive = true});
  Binding<FeedSpec> source = block_field<source_block>(&FeedSpec::source);
  block.add(std::move(source), {.name = "source",
                                .description = "Where the files come from.",
                                .example = "{folder: inbox}",
                                .required = true,
                                .descriptive = true});
}

void describe_loading(Block<FeedSpec>& block) {
  block.add(field(&FeedSpec::table), {.name = "table",
                                      .description = "The table that is written: `namespace.table`.",
                                      .example = "curated.encounter",
                                      .required = true});
  block.add(field(&FeedSpec::mode), {.name = "mode",
                                     .description = "What a record does to the table.",
                                     .example = "upsert",
                                     .synonyms = {"load_mode", "write_mode"}});
  block.add(field(&FeedSpec::key),
            {.name = "key",
             .description = "Columns that identify a record; they are required. Needed for "
                            "all modes but `append`, and for children.",
             .example = "[encounter_id]",
             .synonyms = {"keys", "primary_key", "unique_key"}});
  block.add(
      field(&FeedSpec::version_column),
      {.name = "version_column",
       .description = "`upsert`: the greatest version of a key wins; without it, or among equals, the later "
                      "arrival. `scd2` and `scd3`: when the record began to hold; needed, and required in "
                      "each record. `replace`: "
                      "which delivery is the newer one, as the date of the extract; one value in a delivery, "
                      "required. A date, timestamp or number.",
       .example = "updated_at"});
  block.add(field(&FeedSpec::track),
            {.name = "track",
             .description = "`scd2`: the columns whose changes open a row; a version that changes none of "
                            "them is no row.",
             .example = "[ward, status]",
             .default_text = "all columns but those of `key`, `version_column` and `delete_when`",
             .when_empty = "no change would ever be seen",
             .synonyms = {"tracked", "track_columns", "check_cols"}});
  block.add(
      field(&FeedSpec::previous),
      {.name = "previous",
       .description = "`scd3`: columns beside which stand `previous_<column>`, the value before the last "
                      "change, and `<column>_changed_at`, the version that brought the present one.",
       .example = "[ward, insurer]",
       .default_text = "none",
       .when_empty = "the mode would be `upsert`",
       .synonyms = {"previous_columns", "keep_previous"}});
  Binding<FeedSpec> deletes = block_field<delete_block>(&FeedSpec::delete_when);
  deletes.write = [write = std::move(deletes.write)](const FeedSpec& feed, bool with_descriptive) {
    return feed.delete_when.column->empty() ? std::nullopt : write(feed, with_descriptive);
  };
  block.add(std::move(deletes),
            {.name = "delete_when",
             .description = "`upsert`, `scd2` and `scd3`: which records delete their key.",
             .example = "{column: op, values: [D]}",
             .synonyms = {"deletes", "hard_delete", "delete_flag", "apply_as_delete_when"}});
  block.add(block_field<replace_block>(&FeedSpec::replace),
            {.name = "replace",
             .description = "`replace`: what a delivery is the whole content of, and how much it may delete.",
             .example = "{by: [facility_id]}"});
  block.add(block_field<format_block>(&FeedSpec::format), {.name = "format",
                                                           .description = "How the bytes are written.",
                                                           .example = "{type: csv}",
                                                           .required = true});
}

void describe_layout(Block<FeedSpec>& block) {
  block.add(
      field(&FeedSpec::partition),
      {.name = "partition",
       .description = "Columns or transforms by which data files are parted: `x`, `identity(x)`, `year(x)`, "
                      "`month(x)`, `day(x)`, `hour(x)`, `bucket(n, x)`, `truncate(n, x)`.",
       .example = "[\"month(admitted_at)\", \"bucket(16, facility_id)\"]",
       .synonyms = {"partition_by", "partitions"}});
  block.add(field(&FeedSpec::sort),
            {.name = "sort",
             .description = "Columns by which rows of a data file are sorted; `desc` behind "
                            "one turns it round.",
             .example = "[facility_id, admitted_at desc]",
             .synonyms = {"sort_by", "order_by"}});
  block.add(
      field(&FeedSpec::zorder),
      {.name = "zorder",
       .description = "Two to four columns by each of which queries filter: maintenance sorts files along a "
                      "Z-order curve through them, so that a filter by any of them skips most of a file. "
                      "Instead of `sort`.",
       .example = "[facility_id, admitted_at]",
       .synonyms = {"z_order", "zorder_by", "cluster_by"}});
  block.add(field(&FeedSpec::drift),
            {.name = "drift",
             .description = "What happens when the data has columns that the contract does "
                            "not name, or lacks some. A missing key or required column "
                            "costs the member in every mode. `evolve`: a column is known by its exact "
                            "name, an XML value by its path with its namespaces; where two names give "
                            "one column name, or the table has that name otherwise, the later one is "
                            "`name_2`, `name_3` …. Text that no fixed column covers has no name and costs "
                            "the record; blanks do not. A Ctrl-Z (0x1A) at the end of a csv or fixed file "
                            "is DOS's end mark and no data.",
             .example = "freeze",
             .synonyms = {"schema_drift", "schema_evolution"}});
  block.add(
      duration_field(&FeedSpec::lateness_ms),
      {.name = "lateness",
       .description =
           "How far the event time of a record may lie behind the newest that its feed had committed "
           "in earlier batches; needs `event_time`. What is later is loaded all the same, and counted as "
           "late: in `tarn files`, `tarn status` and `ops.files`. Times up to a day ahead of the clock "
           "(UTC is taken where there is no zone) count as now, and those beyond are not the newest.",
       .example = "7d",
       .default_text = "none",
       .descriptive = true});
  block.add(field(&FeedSpec::event_time),
            {.name = "event_time",
             .description = "Column with the time at which the record's event happened.",
             .example = "admitted_at",
             .descriptive = true});
  block.add(block_field<limits_block>(&FeedSpec::limits), {.name = "limits",
                                                           .description = "What one arrival may hold.",
                                                           .example = "{record_size: 1MiB}",
                                                           .descriptive = true});
}

Block<FeedSpec> describe_feed() {
  Block<FeedSpec> block({.name = "feed", .description = "One contract: `feeds/NAME.yaml`."});
  describe_identity(block);
  describe_loading(block);
  add_column_keys(block);
  describe_layout(block);
  return block;
}

}  // namespace

const Block<FeedSpec>& feed_block() {
  static const Block<FeedSpec> kBlock = describe_feed();
  return kBlock;
}

std::span<const Choice> choices_of(AfterIngest) {
  return kAfterIngest;
}
std::span<const Choice> choices_of(LoadMode) {
  return kLoadMode;
}
std::span<const Choice> choices_of(Drift) {
  return kDrift;
}

}  // namespace tarn::project
