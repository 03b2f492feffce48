#include <array>

#include "project/keys/key_table.h"

// The rows of `format:`.
namespace tarn::project {
namespace {

constexpr std::array kFormatType = {
    Choice{.name = "csv",
           .value = int(FormatType::kCsv),
           .meaning =
               "delimited text (RFC 4180 by default). Records end with LF or CRLF; with a lone CR only "
               "in a file whose first line does: elsewhere it belongs to the value",
           .synonyms = "tsv psv txt text delimited"},
    Choice{.name = "fixed",
           .value = int(FormatType::kFixed),
           .meaning = "columns at fixed positions of a line",
           .synonyms = "fwf fixedwidth"},
    Choice{"xml", int(FormatType::kXml), "XML, one or many records a file"},
};
constexpr std::array kEncoding = {
    Choice{"auto", int(Encoding::kAuto), "byte order mark, else XML declaration, else UTF-8"},
    Choice{.name = "utf-8",
           .value = int(Encoding::kUtf8),
           .meaning = "UTF-8",
           .synonyms = "utf8sig utf8bom unicode ascii usascii cp65001"},
    Choice{.name = "utf-16",
           .value = int(Encoding::kUtf16),
           .meaning = "UTF-16, byte order by its mark",
           .synonyms = "ucs2"},
    Choice{"utf-16le", int(Encoding::kUtf16Le), "UTF-16, little-endian"},
    Choice{"utf-16be", int(Encoding::kUtf16Be), "UTF-16, big-endian"},
    Choice{.name = "latin-1",
           .value = int(Encoding::kLatin1),
           .meaning = "ISO 8859-1",
           .synonyms = "iso88591 88591 l1 cp819 isolatin1"},
    Choice{.name = "windows-1252",
           .value = int(Encoding::kWindows1252),
           .meaning = "Windows Western",
           .synonyms = "cp1252 1252 win1252 ansi windowswestern mswin1252"},
};

constexpr std::uint32_t kCsv = bit(FormatType::kCsv);
constexpr std::uint32_t kFixed = bit(FormatType::kFixed);
constexpr std::uint32_t kXml = bit(FormatType::kXml);

void describe_delimited(Block<FormatSpec>& block) {
  block.add(field(&FormatSpec::delimiter),
            {.name = "delimiter",
             .description = "One character between values; `tab` for a tabulator.",
             .example = "\"|\"",
             .applies = kCsv,
             .synonyms = {"separator", "sep"}});
  block.add(field(&FormatSpec::quote),
            {.name = "quote",
             .description = "Character around values that hold a delimiter or a line "
                            "break; `none` where values are never quoted.",
             .example = "none",
             .applies = kCsv});
  block.add(field(&FormatSpec::escape),
            {.name = "escape",
             .description = "What stands before a quote inside quotes: the quote itself "
                            "(doubled), or `\\`. Outside quotes it is a character like any other.",
             .example = "'\\'",
             .applies = kCsv});
  block.add(field(&FormatSpec::header),
            {.name = "header",
             .description = "Whether the first line names the columns. Without one, "
                            "`from:` of each column is its number.",
             .example = "false",
             .applies = kCsv,
             .synonyms = {"has_header"}});
  block.add(field(&FormatSpec::comment),
            {.name = "comment",
             .description = "Lines that start with this character are passed over.",
             .example = "\"#\"",
             .applies = kCsv | kFixed});
  block.add(field(&FormatSpec::skip_rows), {.name = "skip_rows",
                                            .description = "Lines before the header or the first record.",
                                            .example = "3",
                                            .maximum = 1'000'000,
                                            .applies = kCsv | kFixed,
                                            .synonyms = {"skip", "skip_lines"}});
}

Block<FormatSpec> describe_format() {
  Block<FormatSpec> block({.name = "format",
                           .description = "How the bytes are written.",
                           .selector_key = "type",
                           .selector = kFormatType});
  block.add(field(&FormatSpec::type),
            {.name = "type", .description = "Kind of the data files.", .example = "csv", .required = true});
  block.add(field(&FormatSpec::encoding),
            {.name = "encoding", .description = "Character encoding.", .example = "windows-1252"});
  block.add(field(&FormatSpec::null_markers), {.name = "null",
                                               .description = "Texts that stand for null, in every column.",
                                               .example = "[\"\", \"NULL\"]",
                                               .synonyms = {"nulls", "null_values", "na_values"}});
  block.add(field(&FormatSpec::trim), {.name = "trim",
                                       .description = "Whether blanks around values are cut off.",
                                       .example = "true",
                                       .default_text = "false for csv, true for fixed and xml"});
  describe_delimited(block);
  block.add(
      field(&FormatSpec::record),
      {.name = "record",
       .description =
           "Absolute path of the record's element; without it the root element is the record. What lies "
           "outside of records (headers, trailers) is not read.",
       .example = "/Messages/Message",
       .applies = kXml});
  block.add(field(&FormatSpec::namespaces),
            {.name = "namespaces",
             .description =
                 "Prefixes for paths. Without them a step matches an element by its local name, whatever "
                 "its namespace.",
             .example = "{adt: \"urn:example:adt\"}",
             .applies = kXml});
  block.select(
      [](const FormatSpec& format) { return std::optional(static_cast<std::size_t>(*format.type)); });
  return block;
}

}  // namespace

const Block<FormatSpec>& format_block() {
  static const Block<FormatSpec> kBlock = describe_format();
  return kBlock;
}

std::span<const Choice> choices_of(FormatType) {
  return kFormatType;
}
std::span<const Choice> choices_of(Encoding) {
  return kEncoding;
}

}  // namespace tarn::project
