#include <array>

#include "project/keys/key_table.h"

// The rows of a column and of a child table.
namespace tarn::project {
namespace {

constexpr std::string_view kColumnName = "[a-z_][a-z0-9_]*";

constexpr std::array kIdentifying = {
    Choice{"name", int(Identifying::kName), "a person's name"},
    Choice{"contact", int(Identifying::kContact), "telephone, mail, account"},
    Choice{"address", int(Identifying::kAddress), "street address"},
    Choice{"birth_date", int(Identifying::kBirthDate), "date of birth"},
    Choice{"identifier", int(Identifying::kIdentifier), "a number that stands for a person or visit"},
    Choice{"date", int(Identifying::kDate), "a date of a person's life"},
    Choice{"location", int(Identifying::kLocation), "postal code, coordinates"},
    Choice{"biometric", int(Identifying::kBiometric), "picture, voice, fingerprint, genome"},
    Choice{"free_text", int(Identifying::kFreeText), "text that may hold any of these"},
};
constexpr std::array kTypeKind = {
    Choice{"boolean", int(TypeKind::kBoolean), "true or false"},
    Choice{"int", int(TypeKind::kInt), "32-bit whole number"},
    Choice{"long", int(TypeKind::kLong), "64-bit whole number"},
    Choice{"decimal", int(TypeKind::kDecimal), "exact number: decimal(precision, scale)"},
    Choice{"double", int(TypeKind::kDouble), "64-bit floating point"},
    Choice{"string", int(TypeKind::kString), "text"},
    Choice{"date", int(TypeKind::kDate), "calendar date in the years 0001 to 9999"},
    Choice{"time", int(TypeKind::kTime), "time of day in microseconds"},
    Choice{"timestamp", int(TypeKind::kTimestamp), "date and time without zone, in the years 0001 to 9999"},
    Choice{"timestamptz", int(TypeKind::kTimestamptz), "moment in time, in the years 0001 to 9999 of UTC"},
    Choice{"uuid", int(TypeKind::kUuid), "UUID"},
    Choice{"binary", int(TypeKind::kBinary), "bytes"},
    Choice{"list<struct>", int(TypeKind::kStruct), "repeated XML element with columns of its own"},
};

constexpr std::uint32_t kNumbers =
    bit(TypeKind::kInt) | bit(TypeKind::kLong) | bit(TypeKind::kDecimal) | bit(TypeKind::kDouble);
constexpr std::uint32_t kTemporal =
    bit(TypeKind::kDate) | bit(TypeKind::kTime) | bit(TypeKind::kTimestamp) | bit(TypeKind::kTimestamptz);
constexpr std::uint32_t kText = bit(TypeKind::kString);
constexpr std::uint32_t kScalars = ~bit(TypeKind::kStruct);

Block<RangeSpec> describe_range() {
  Block<RangeSpec> block(
      {.name = "range", .description = "Inclusive bounds, written as the source writes values."});
  block.add(field(&RangeSpec::min), {.name = "min", .description = "Least value.", .example = "0"});
  block.add(field(&RangeSpec::max), {.name = "max", .description = "Greatest value.", .example = "300"});
  return block;
}
const Block<RangeSpec>& range_block() {
  static const Block<RangeSpec> kBlock = describe_range();
  return kBlock;
}

Block<LengthSpec> describe_length() {
  Block<LengthSpec> block({.name = "length", .description = "Inclusive bounds of the number of characters."});
  block.add(field(&LengthSpec::min), {.name = "min", .description = "Fewest characters.", .example = "1"});
  block.add(field(&LengthSpec::max), {.name = "max", .description = "Most characters.", .example = "40"});
  return block;
}
const Block<LengthSpec>& length_block() {
  static const Block<LengthSpec> kBlock = describe_length();
  return kBlock;
}

void describe_place(Block<ColumnSpec>& block) {
  block.add(field(&ColumnSpec::name), {.name = "name",
                                       .description = "The table's column.",
                                       .example = "encounter_id",
                                       .required = true,
                                       .name_pattern = kColumnName});
  block.add(field(&ColumnSpec::type),
            {.name = "type",
             .description =
                 "`boolean`, `int`, `long`, `decimal(p,s)`, `double`, `string`, `date`, `time`, `timestamp`, "
                 "`timestamptz`, `uuid`, `binary`, `list<T>` of one of these, or `list<struct>`.",
             .example = "decimal(10,2)",
             .required = true});
  Binding<ColumnSpec> from = field(&ColumnSpec::from);
  from.write = [](const ColumnSpec& column, bool) {
    return *column.from == *column.name ? std::nullopt : std::optional(Node::scalar(*column.from));
  };
  block.add(
      std::move(from),
      {.name = "from",
       .description =
           "Where the value stands. csv: the header's name (case ignored where it does not match "
           "exactly), or with `header: false` its number from 1; fixed: characters `1-10`; xml: a path "
           "relative to the record, such as `Patient/@id`, `Visit/AdmitTime`, `Note/text()` or `.`. The "
           "value of an element is the text that stands directly in it, with or without `/text()`: "
           "`Note` of `<Note>a<b>x</b>c</Note>` is `ac`, and `b` is an unknown element (`drift`) or "
           "another column's, `Note/b`.",
       .example = "Patient/@id",
       .default_text = "the column's name",
       .synonyms = {"source", "path", "position", "header", "xpath"}});
  block.add(field(&ColumnSpec::required), {.name = "required",
                                           .description = "Whether a null breaks the contract.",
                                           .example = "true",
                                           .synonyms = {"nullable", "not_null", "mandatory"}});
}

void describe_reading(Block<ColumnSpec>& block) {
  block.add(field(&ColumnSpec::null_markers),
            {.name = "null",
             .description = "Texts that stand for null; replaces the format's.",
             .example = "[\"NA\"]",
             .default_text = "the format's",
             .applies = kScalars,
             .synonyms = {"nulls", "null_values"}});
  block.add(field(&ColumnSpec::default_value),
            {.name = "default",
             .description = "Value, as text, where the source is null or absent.",
             .example = "\"0\"",
             .default_text = "none",
             .applies = kScalars});
  block.add(field(&ColumnSpec::format),
            {.name = "format",
             .description =
                 "Dates and times: strptime letters, or a list of them tried in order (%Y %m %d %H %M %S %f "
                 "%z %y %b %B %e %p %I %j %s %T %F). boolean: `{true: [Y], false: [N]}`. binary: `base64` or "
                 "`hex`.",
             .example = "\"%d.%m.%Y\"",
             .default_text = "ISO 8601; true/false/t/f/1/0/yes/no/y/n in any case; base64",
             .applies = kTemporal | bit(TypeKind::kBoolean) | bit(TypeKind::kBinary),
             .synonyms = {"date_format", "formats"}});
  block.add(
      field(&ColumnSpec::timezone),
      {.name = "timezone",
       .description = "Zone of texts without an offset: `UTC`, `+01:00` or a name such as `Europe/Berlin`.",
       .example = "Europe/Berlin",
       .default_text = "none: an offset is required",
       .applies = bit(TypeKind::kTimestamptz),
       .synonyms = {"tz", "time_zone", "zone"}});
  block.add(field(&ColumnSpec::decimal_mark), {.name = "decimal_mark",
                                               .description = "What parts whole from fraction: `.` or `,`.",
                                               .example = "\",\"",
                                               .applies = bit(TypeKind::kDecimal) | bit(TypeKind::kDouble)});
  block.add(field(&ColumnSpec::thousands_mark),
            {.name = "thousands_mark",
             .description = "What stands between groups of three digits; without it such marks are refused. "
                            "So are groups behind a first one that begins with a zero, as in `0,125`.",
             .example = "\".\"",
             .applies = bit(TypeKind::kDecimal) | bit(TypeKind::kDouble)});
}

void describe_rules(Block<ColumnSpec>& block) {
  block.add(field(&ColumnSpec::accepted), {.name = "accepted",
                                           .description = "The only values allowed, as text.",
                                           .example = "[I, O, E]",
                                           .default_text = "any",
                                           .applies = kScalars,
                                           .when_empty = "no value could ever pass",
                                           .synonyms = {"enum", "values", "accepted_values", "allowed"}});
  block.add(
      block_field<range_block>(&ColumnSpec::range),
      {.name = "range",
       .description = "Bounds of the value, written as the source writes values; for strings by their bytes.",
       .example = "{min: 0, max: 300}",
       .applies = kNumbers | kTemporal | kText});
  block.add(block_field<length_block>(&ColumnSpec::length),
            {.name = "length",
             .description = "Bounds of the number of characters.",
             .example = "{min: 1, max: 40}",
             .applies = kText});
  block.add(field(&ColumnSpec::pattern),
            {.name = "pattern",
             .description = "RE2 regular expression that must match somewhere in the "
                            "text: anchor it with `^` and `$`.",
             .example = "\"^[A-Z]{2}[0-9]+$\"",
             .applies = kScalars,
             .synonyms = {"regex", "regexp"}});
}

void describe_meaning(Block<ColumnSpec>& block) {
  block.add(field(&ColumnSpec::description), {.name = "description",
                                              .description = "What the column holds.",
                                              .example = "Number of the visit.",
                                              .descriptive = true,
                                              .synonyms = {"comment", "doc"}});
  Binding<ColumnSpec> identifying = field(&ColumnSpec::identifying);
  block.add(std::move(identifying), {.name = "identifying",
                                     .description = "What kind of identifying data the column holds.",
                                     .example = "name",
                                     .default_text = "none",
                                     .descriptive = true,
                                     .synonyms = {"pii", "phi"}});
  block.add(field(&ColumnSpec::renamed_from),
            {.name = "renamed_from",
             .description = "The column's former name: the table's column is renamed "
                            "and keeps its data.",
             .example = "enc_id",
             .name_pattern = kColumnName});
}

Block<ColumnSpec> describe_column() {
  Block<ColumnSpec> block({.name = "column",
                           .description = "A column of the table, and where its value comes from.",
                           .selector_key = "type",
                           .selector = kTypeKind});
  describe_place(block);
  describe_reading(block);
  describe_rules(block);
  describe_meaning(block);
  block.add(block_field<column_block>(&ColumnSpec::columns),
            {.name = "columns",
             .description = "The columns of a `list<struct>`; `from:` is relative to the repeated element.",
             .example = "[{name: code, type: string, from: \"@code\"}]",
             .applies = bit(TypeKind::kStruct),
             .synonyms = {"fields", "members"}});
  block.select([](const ColumnSpec& column) {
    const ColumnType element = column.type->element_type();
    return std::optional(static_cast<std::size_t>(element.kind));
  });
  return block;
}

Block<ChildSpec> describe_child() {
  Block<ChildSpec> block(
      {.name = "child",
       .description = "A repeated XML element as a table of its own, with the parent's key and `ordinal`."});
  block.add(field(&ChildSpec::table), {.name = "table",
                                       .description = "The child's table.",
                                       .example = "curated.encounter_diagnosis",
                                       .required = true});
  block.add(field(&ChildSpec::from), {.name = "from",
                                      .description = "Path of the repeated element, relative to the record.",
                                      .example = "Diagnoses/Diagnosis",
                                      .required = true});
  block.add(field(&ChildSpec::description), {.name = "description",
                                             .description = "What the table holds.",
                                             .example = "Diagnoses of the encounter.",
                                             .descriptive = true});
  block.add(block_field<column_block>(&ChildSpec::columns),
            {.name = "columns",
             .description = "The child's own columns.",
             .example = "[{name: code, type: string, from: \"@code\"}]",
             .required = true});
  return block;
}

const Block<ChildSpec>& child_block() {
  static const Block<ChildSpec> kBlock = describe_child();
  return kBlock;
}

}  // namespace

const Block<ColumnSpec>& column_block() {
  static const Block<ColumnSpec> kBlock = describe_column();
  return kBlock;
}

void add_column_keys(Block<FeedSpec>& block) {
  block.add(block_field<column_block>(&FeedSpec::columns),
            {.name = "columns",
             .description = "The table's columns, in its order.",
             .example = "[{name: encounter_id, type: string}]",
             .required = true,
             .synonyms = {"fields", "schema"}});
  block.add(
      block_field<child_block>(&FeedSpec::children),
      {.name = "children",
       .description = "Repeated XML elements that become tables of their own.",
       .example = "[{table: curated.diagnosis, from: Diagnosis, columns: [{name: code, type: string}]}]"});
}

std::span<const Choice> choices_of(Identifying) {
  return kIdentifying;
}
std::span<const Choice> choices_of(TypeKind) {
  return kTypeKind;
}

}  // namespace tarn::project
