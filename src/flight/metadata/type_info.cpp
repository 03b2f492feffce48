#include <arrow/table.h>
#include <arrow/type.h>

#include <array>
#include <utility>

#include "flight/metadata/answer.h"
#include "flight/metadata/metadata.h"

/// The types that columns can have, as JDBC and ODBC number them.
namespace tarn::flight {
namespace {

constexpr std::int32_t kNullable = 1;
constexpr std::int32_t kSearchableFull = 3;
constexpr std::int32_t kDatetime = 9;
constexpr std::int32_t kNone = -1;

struct TypeInfo {
  const char* name;
  std::int32_t data_type;  ///< XdbcDataType.
  std::int32_t size;       ///< Digits, bits where the radix is 2, or characters; kNone: without a limit.
  bool is_quoted = false;
  std::int32_t radix = kNone;
  std::int32_t subcode = kNone;  ///< XdbcDatetimeSubcode.
};

/// By data_type, then by name.
constexpr std::array kTypes = {
    TypeInfo{"BOOLEAN", -7, 1},
    TypeInfo{"BIGINT", -5, 19, false, 10},
    TypeInfo{"BLOB", -3, kNone, true},
    TypeInfo{"DECIMAL", 3, 38, false, 10},
    TypeInfo{"INTEGER", 4, 10, false, 10},
    TypeInfo{"FLOAT", 7, 24, false, 2},
    TypeInfo{"DOUBLE", 8, 53, false, 2},
    TypeInfo{"UUID", 12, 36, true},
    TypeInfo{"VARCHAR", 12, kNone, true},
    TypeInfo{"DATE", 91, 10, true, kNone, 1},
    TypeInfo{"TIME", 92, 15, true, kNone, 2},
    TypeInfo{"TIMESTAMP", 93, 26, true, kNone, 3},
    TypeInfo{"TIMESTAMP WITH TIME ZONE", 93, 32, true, kNone, 5},
};

AnswerCell or_null(std::int32_t value) {
  return value == kNone ? AnswerCell() : AnswerCell(value);
}

AnswerRow row_of(const TypeInfo& type) {
  const bool is_text = type.data_type == 12;
  const bool is_decimal = type.data_type == 3;
  const bool is_number = type.radix != kNone;
  const AnswerCell quote = type.is_quoted ? AnswerCell("'") : AnswerCell();
  AnswerRow row{std::string(type.name), type.data_type, or_null(type.size), quote, quote};
  row.push_back(is_decimal ? AnswerCell(std::vector<std::string>{"precision", "scale"}) : AnswerCell());
  row.insert(row.end(), {kNullable, is_text, kSearchableFull, is_number ? AnswerCell(false) : AnswerCell(),
                         false, is_number ? AnswerCell(false) : AnswerCell(), std::string(type.name)});
  row.push_back(is_number && type.radix == 10 ? AnswerCell(0) : AnswerCell());
  row.push_back(is_decimal ? AnswerCell(38) : row.back());
  row.insert(row.end(), {type.subcode == kNone ? type.data_type : kDatetime, or_null(type.subcode),
                         or_null(type.radix), AnswerCell()});
  return row;
}

}  // namespace

std::shared_ptr<arrow::Schema> type_info_schema() {
  const auto text = [](const char* name, bool nullable = true) {
    return arrow::field(name, arrow::utf8(), nullable);
  };
  const auto number = [](const char* name, bool nullable = true) {
    return arrow::field(name, arrow::int32(), nullable);
  };
  const auto truth = [](const char* name, bool nullable = true) {
    return arrow::field(name, arrow::boolean(), nullable);
  };
  return arrow::schema(
      {text("type_name", false), number("data_type", false), number("column_size"), text("literal_prefix"),
       text("literal_suffix"),
       arrow::field("create_params", arrow::list(arrow::field("item", arrow::utf8(), false))),
       number("nullable", false), truth("case_sensitive", false), number("searchable", false),
       truth("unsigned_attribute"), truth("fixed_prec_scale", false), truth("auto_increment"),
       text("local_type_name"), number("minimum_scale"), number("maximum_scale"),
       number("sql_data_type", false), number("datetime_subcode"), number("num_prec_radix"),
       number("interval_precision")});
}

Result<Table> list_type_info(const GetXdbcTypeInfo& command) {
  std::vector<AnswerRow> rows;
  for (const TypeInfo& type : kTypes) {
    if (!command.data_type || *command.data_type == type.data_type) rows.push_back(row_of(type));
  }
  return to_table(type_info_schema(), rows);
}

}  // namespace tarn::flight
