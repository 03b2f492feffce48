#include <arrow/array/array_nested.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/config.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <variant>

#include "flight/arrow_status.h"
#include "flight/metadata/metadata.h"

/// What the server tells of itself and of its SQL (enum SqlInfo).
namespace tarn::flight {
namespace {

struct Bitmask {
  std::int32_t bits;
};
/// In the order of the union's members, of which the last one is not used.
using InfoValue = std::variant<std::string, bool, std::int64_t, Bitmask, std::vector<std::string>>;
struct Info {
  std::uint32_t id;
  InfoValue value;
};

enum SqlInfoId : std::uint32_t {
  kServerName = 0,
  kServerVersion = 1,
  kArrowVersion = 2,
  kReadOnly = 3,
  kSql = 4,
  kSubstrait = 5,
  kTransactions = 8,
  kCancel = 9,
  kBulkIngestion = 10,
  kStatementTimeoutMs = 100,
  kTransactionTimeoutMs = 101,
  kDdlCatalog = 500,
  kDdlSchema = 501,
  kDdlTable = 502,
  kIdentifierCase = 503,
  kIdentifierQuote = 504,
  kQuotedIdentifierCase = 505,
  kAllTablesSelectable = 506,
  kNullOrdering = 507,
  kKeywords = 508,
  kNumericFunctions = 509,
  kStringFunctions = 510,
  kSystemFunctions = 511,
  kDatetimeFunctions = 512,
  kSearchEscape = 513,
  kExtraNameCharacters = 514,
  kColumnAliasing = 515,
  kNullPlusNullIsNull = 516,
  kTableCorrelationNames = 518,
  kDifferentCorrelationNames = 519,
  kExpressionsInOrderBy = 520,
  kOrderByUnrelated = 521,
  kGroupBy = 522,
  kLikeEscape = 523,
  kNonNullableColumns = 524,
  kGrammar = 525,
  kAnsi92Level = 526,
  kIntegrityEnhancement = 527,
  kOuterJoins = 528,
  kSchemaTerm = 529,
  kProcedureTerm = 530,
  kCatalogTerm = 531,
  kCatalogAtStart = 532,
  kSchemaActions = 533,
  kCatalogActions = 534,
  kPositionedCommands = 535,
  kSelectForUpdate = 536,
  kStoredProcedures = 537,
  kSubqueries = 538,
  kCorrelatedSubqueries = 539,
  kUnions = 540,
  kDefaultIsolation = 562,
  kTransactionsSupported = 563,
  kIsolationLevels = 564,
  kDdlCommits = 565,
  kDdlIgnored = 566,
  kResultSetTypes = 567,
  kBatchUpdates = 572,
  kSavepoints = 573,
  kNamedParameters = 574,
  kLocatorsUpdateCopy = 575,
  kFunctionsUsingCall = 576,
};

std::vector<Info> server_info(const std::string& version) {
  return {
      {kServerName, "Tarn"},
      {kServerVersion, version},
      {kArrowVersion, ARROW_VERSION_STRING},
      {kReadOnly, false},
      {kSql, true},
      {kSubstrait, false},
      {kTransactions, std::int64_t{0}},
      {kCancel, true},
      {kBulkIngestion, true},
      {kStatementTimeoutMs, std::int64_t{3'600'000}},
      {kTransactionTimeoutMs, std::int64_t{0}},
  };
}

/// What numbers have no limit, or one that is not known, is not told.
std::vector<Info> syntax_info() {
  using Texts = std::vector<std::string>;
  constexpr std::int64_t kCaseInsensitive = 1;
  constexpr std::int64_t kNullsAtEnd = 3;
  constexpr std::int64_t kFullOuterJoins = 2;
  return {
      {kDdlCatalog, false},
      {kDdlSchema, true},
      {kDdlTable, true},
      {kIdentifierCase, kCaseInsensitive},
      {kIdentifierQuote, "\""},
      {kQuotedIdentifierCase, kCaseInsensitive},
      {kAllTablesSelectable, true},
      {kNullOrdering, kNullsAtEnd},
      {kKeywords, Texts{"AT", "EXCLUDE", "PIVOT", "QUALIFY", "SUMMARIZE", "UNPIVOT"}},
      {kNumericFunctions,
       Texts{"abs", "ceil", "exp", "floor", "ln", "log10", "mod", "power", "round", "sign", "sqrt"}},
      {kStringFunctions, Texts{"ascii", "concat", "left", "length", "lower", "ltrim", "repeat", "replace",
                               "right", "rtrim", "substring", "upper"}},
      {kSystemFunctions, Texts{"coalesce", "ifnull", "nullif"}},
      {kDatetimeFunctions, Texts{"current_date", "date_diff", "date_part", "date_trunc", "day", "hour",
                                 "minute", "month", "now", "quarter", "second", "week", "year"}},
      {kSearchEscape, "\\"},
      {kExtraNameCharacters, ""},
      {kColumnAliasing, true},
      {kNullPlusNullIsNull, true},
      {kTableCorrelationNames, true},
      {kDifferentCorrelationNames, false},
      {kExpressionsInOrderBy, true},
      {kOrderByUnrelated, true},
      {kGroupBy, Bitmask{0b11}},
      {kLikeEscape, true},
      {kNonNullableColumns, true},
      {kGrammar, Bitmask{0b111}},
      {kAnsi92Level, Bitmask{0b11}},
      {kIntegrityEnhancement, false},
      {kOuterJoins, kFullOuterJoins},
      {kSchemaTerm, "schema"},
      {kProcedureTerm, "procedure"},
      {kCatalogTerm, "project"},
      {kCatalogAtStart, true},
      {kSchemaActions, Bitmask{0b111}},
      // Statements name tables without it.
      {kCatalogActions, Bitmask{0}},
      {kPositionedCommands, Bitmask{0}},
      {kSelectForUpdate, false},
      {kStoredProcedures, false},
      {kSubqueries, Bitmask{0b1111}},
      {kCorrelatedSubqueries, true},
      {kUnions, Bitmask{0b11}},
      {kDefaultIsolation, std::int64_t{0}},
      {kTransactionsSupported, false},
      {kIsolationLevels, Bitmask{0b1}},
      {kDdlCommits, false},
      {kDdlIgnored, false},
      {kResultSetTypes, Bitmask{0b10}},
      {kBatchUpdates, true},
      {kSavepoints, false},
      {kNamedParameters, false},
      {kLocatorsUpdateCopy, false},
      {kFunctionsUsingCall, false},
  };
}

std::shared_ptr<arrow::DataType> value_type() {
  const auto numbers = arrow::list(arrow::field("$data$", arrow::int32()));
  return arrow::dense_union(
      {arrow::field("string_value", arrow::utf8()), arrow::field("bool_value", arrow::boolean()),
       arrow::field("bigint_value", arrow::int64()), arrow::field("int32_bitmask", arrow::int32()),
       arrow::field("string_list", arrow::list(arrow::field("string_data", arrow::utf8()))),
       arrow::field("int32_to_int32_list_map", arrow::map(arrow::int32(), numbers))});
}

/// A dense union and its members, one of which grows with each value.
class UnionBuilder {
 public:
  static constexpr int kMembers = 6;

  arrow::Status init() {
    for (int i = 0; i < kMembers; ++i) {
      ARROW_ASSIGN_OR_RAISE(members_[static_cast<std::size_t>(i)],
                            arrow::MakeBuilder(type_->field(i)->type()));
    }
    return arrow::Status::OK();
  }

  arrow::Status append(const InfoValue& value) {
    arrow::ArrayBuilder& member = *members_[value.index()];
    ARROW_RETURN_NOT_OK(types_.Append(static_cast<std::int8_t>(value.index())));
    ARROW_RETURN_NOT_OK(offsets_.Append(static_cast<std::int32_t>(member.length())));
    if (const auto* text = std::get_if<std::string>(&value))
      return static_cast<arrow::StringBuilder&>(member).Append(*text);
    if (const auto* truth = std::get_if<bool>(&value))
      return static_cast<arrow::BooleanBuilder&>(member).Append(*truth);
    if (const auto* number = std::get_if<std::int64_t>(&value))
      return static_cast<arrow::Int64Builder&>(member).Append(*number);
    if (const auto* mask = std::get_if<Bitmask>(&value))
      return static_cast<arrow::Int32Builder&>(member).Append(mask->bits);
    auto& list = static_cast<arrow::ListBuilder&>(member);
    ARROW_RETURN_NOT_OK(list.Append());
    return static_cast<arrow::StringBuilder&>(*list.value_builder()).AppendValues(std::get<4>(value));
  }

  arrow::Result<std::shared_ptr<arrow::Array>> finish() {
    arrow::ArrayVector children;
    for (const auto& member : members_) {
      ARROW_ASSIGN_OR_RAISE(auto child, member->Finish());
      children.push_back(std::move(child));
    }
    ARROW_ASSIGN_OR_RAISE(auto types, types_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish());
    return std::make_shared<arrow::DenseUnionArray>(type_, types->length(), std::move(children),
                                                    types->data()->buffers[1], offsets->data()->buffers[1]);
  }

 private:
  std::shared_ptr<arrow::DataType> type_ = value_type();
  std::array<std::unique_ptr<arrow::ArrayBuilder>, kMembers> members_;
  arrow::Int8Builder types_;
  arrow::Int32Builder offsets_;
};

}  // namespace

std::shared_ptr<arrow::Schema> sql_info_schema() {
  return arrow::schema(
      {arrow::field("info_name", arrow::uint32(), false), arrow::field("value", value_type(), false)});
}

Result<Table> list_sql_info(const GetSqlInfo& command, const std::string& version) {
  arrow::UInt32Builder ids;
  UnionBuilder values;
  TARN_FLIGHT_RETURN_IF_ERROR(values.init());
  std::vector<Info> all = server_info(version);
  std::ranges::move(syntax_info(), std::back_inserter(all));
  for (const Info& info : all) {
    if (!command.ids.empty() && std::ranges::find(command.ids, info.id) == command.ids.end()) continue;
    TARN_FLIGHT_RETURN_IF_ERROR(ids.Append(info.id));
    TARN_FLIGHT_RETURN_IF_ERROR(values.append(info.value));
  }
  TARN_FLIGHT_ASSIGN_OR_RETURN(const auto id_column, ids.Finish());
  TARN_FLIGHT_ASSIGN_OR_RETURN(const auto value_column, values.finish());
  return arrow::Table::Make(sql_info_schema(), {id_column, value_column});
}

}  // namespace tarn::flight
