#include "ingest/table_builder.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <utility>

#include "ingest/column_append.h"
#include "ingest/errors.h"
#include "ingest/table_shape.h"
#include "table/arrow_schema.h"

namespace tarn::ingest {
namespace {

// Rows in succession that share an origin.
struct Run {
  std::size_t file = 0;
  std::size_t member_begin = 0;
  std::optional<std::size_t> member_size;
  std::int64_t rows = 0;
};

// About what a value takes besides its text.
constexpr std::uint64_t kCellBytes = 8;

// What stands before a source as the name of a column of spilled rows, so that it is none of the table's.
constexpr char kSpilledSource = '\x1F';

struct ContractColumn {
  std::string name;
  std::unique_ptr<arrow::ArrayBuilder> builder;
  arrow::Type::type type = arrow::Type::NA;
};

// Spilled rows, the unknown columns under the names that they have become; the table's own of these names,
// which the rows did not bring, go.
std::shared_ptr<arrow::RecordBatch> with_columns_of(const DriftColumns& drift,
                                                    const arrow::RecordBatch& spilled) {
  const auto column_of = [&drift](const arrow::Field& field) {
    const bool is_source = field.name().starts_with(kSpilledSource);
    return is_source ? drift.find(std::string_view(field.name()).substr(1)) : drift.end();
  };
  std::set<std::string> brought;
  for (const auto& field : spilled.schema()->fields())
    if (const auto column = column_of(*field); column != drift.end()) brought.insert(column->second);
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (int i = 0; i < spilled.num_columns(); ++i) {
    const std::shared_ptr<arrow::Field>& field = spilled.schema()->field(i);
    if (brought.contains(field->name())) continue;
    const auto column = column_of(*field);
    fields.push_back(column == drift.end() ? field : field->WithName(column->second));
    arrays.push_back(spilled.column(i));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), spilled.num_rows(), std::move(arrays));
}

Error arrow_error(const arrow::Status& status) {
  return Error(kOutOfMemory, "a column cannot grow: " + status.ToString());
}

#define TARN_RETURN_ARROW(...)                                                             \
  do {                                                                                     \
    if (const arrow::Status arrow_status = (__VA_ARGS__); !arrow_status.ok()) [[unlikely]] \
      return arrow_error(arrow_status);                                                    \
  } while (false)

}  // namespace

struct TableBuilder::Impl {
  std::vector<ContractColumn> columns;
  std::map<std::string, arrow::StringBuilder, std::less<>> extras;  // by source
  arrow::Int64Builder records;
  std::vector<std::int64_t> parents;
  std::vector<std::shared_ptr<const RowOrigin::File>> files;
  std::string members;  // their names, one after the other
  std::vector<Run> runs;
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;
  std::vector<std::shared_ptr<const table::SpilledRows>> spilled;
  std::int64_t spilled_rows = 0;
  std::map<std::string, DriftSource, std::less<>> sources;

  void note_source(const ExtraValue& extra, std::size_t position) {
    const DriftSource::Place first{files.back()->arrival.value(), position};
    sources.try_emplace(std::string(extra.source),
                        DriftSource{std::string(extra.source), std::string(extra.name), first});
  }
  const RowOrigin::File& file(const Run& run) const { return *files[run.file]; }
  std::optional<std::string_view> member(const Run& run) const {
    if (!run.member_size) return std::nullopt;
    return std::string_view(members).substr(run.member_begin, *run.member_size);
  }

  // Brings a column that drift added late up to `target` rows.
  static arrow::Status fill_nulls(arrow::StringBuilder& builder, std::int64_t target) {
    return builder.length() < target ? builder.AppendNulls(target - builder.length()) : arrow::Status::OK();
  }

  template <typename TextOf>
  Result<std::shared_ptr<arrow::Array>> text_of_runs(TextOf text_of) const;
  template <typename TextOf>
  Result<std::shared_ptr<arrow::Array>> plain_text_of_runs(TextOf text_of) const;
  template <typename Builder, typename ValueOf>
  Result<std::shared_ptr<arrow::Array>> number_of_runs(std::shared_ptr<arrow::DataType> type,
                                                       ValueOf value_of) const;
  Result<std::shared_ptr<arrow::Array>> audit_column(std::string_view name, const BatchStamp& stamp);
  Result<std::shared_ptr<arrow::Array>> extra_column(std::string_view source);
  Result<std::shared_ptr<arrow::Array>> column(const arrow::Field& field, const BatchStamp& stamp,
                                               const DriftColumns& source_of);
  Result<std::shared_ptr<arrow::RecordBatch>> take_rows(const arrow::Schema& schema, const BatchStamp& stamp,
                                                        const DriftColumns& source_of);
};

template <typename TextOf>
Result<std::shared_ptr<arrow::Array>> TableBuilder::Impl::text_of_runs(TextOf text_of) const {
  // Text that stands in many rows in succession is kept once, as a dictionary's entry.
  constexpr std::int64_t kLeastRepeats = 4;
  std::vector<std::optional<std::int32_t>> entry_of_run;
  arrow::StringBuilder entries;
  std::optional<std::string_view> last;
  for (const Run& run : runs) {
    const std::optional<std::string_view> text = text_of(run);
    if (text && (entries.length() == 0 || text != last)) {
      TARN_RETURN_ARROW(entries.Append(*text));
      last = text;
    }
    entry_of_run.push_back(text ? std::optional(static_cast<std::int32_t>(entries.length() - 1))
                                : std::nullopt);
  }
  if (entries.length() * kLeastRepeats > rows) return plain_text_of_runs(text_of);
  arrow::Int32Builder indices;
  TARN_RETURN_ARROW(indices.Reserve(rows));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::int64_t row = 0; row < runs[i].rows; ++row) {
      if (entry_of_run[i])
        indices.UnsafeAppend(*entry_of_run[i]);
      else
        indices.UnsafeAppendNull();
    }
  }
  std::shared_ptr<arrow::Array> dictionary;
  std::shared_ptr<arrow::Array> places;
  TARN_RETURN_ARROW(entries.Finish(&dictionary));
  TARN_RETURN_ARROW(indices.Finish(&places));
  return std::shared_ptr<arrow::Array>(std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int32(), arrow::utf8()), std::move(places), std::move(dictionary)));
}

template <typename TextOf>
Result<std::shared_ptr<arrow::Array>> TableBuilder::Impl::plain_text_of_runs(TextOf text_of) const {
  arrow::StringBuilder builder;
  TARN_RETURN_ARROW(builder.Reserve(rows));
  for (const Run& run : runs) {
    const std::optional<std::string_view> text = text_of(run);
    if (!text) {
      TARN_RETURN_ARROW(builder.AppendNulls(run.rows));
      continue;
    }
    TARN_RETURN_ARROW(builder.ReserveData(static_cast<std::int64_t>(text->size()) * run.rows));
    for (std::int64_t i = 0; i < run.rows; ++i) builder.UnsafeAppend(*text);
  }
  std::shared_ptr<arrow::Array> array;
  TARN_RETURN_ARROW(builder.Finish(&array));
  return array;
}

template <typename Builder, typename ValueOf>
Result<std::shared_ptr<arrow::Array>> TableBuilder::Impl::number_of_runs(
    std::shared_ptr<arrow::DataType> type, ValueOf value_of) const {
  Builder builder(std::move(type), arrow::default_memory_pool());
  TARN_RETURN_ARROW(builder.Reserve(rows));
  for (const Run& run : runs) {
    const auto value = value_of(run);
    for (std::int64_t i = 0; i < run.rows; ++i) builder.UnsafeAppend(value);
  }
  std::shared_ptr<arrow::Array> array;
  TARN_RETURN_ARROW(builder.Finish(&array));
  return array;
}

Result<std::shared_ptr<arrow::Array>> TableBuilder::Impl::audit_column(std::string_view name,
                                                                       const BatchStamp& stamp) {
  using Text = std::optional<std::string_view>;
  if (name == kSourceFile) return text_of_runs([&](const Run& run) { return Text(file(run).path); });
  if (name == kSourceMember) return text_of_runs([&](const Run& run) { return member(run); });
  if (name == kSourceSha256) return text_of_runs([&](const Run& run) { return Text(file(run).sha256); });
  if (name == kBatchId) return text_of_runs([&stamp](const Run&) { return Text(stamp.id.value()); });
  if (name == kSourceArrival) {
    return number_of_runs<arrow::Int64Builder>(arrow::int64(),
                                               [&](const Run& run) { return file(run).arrival.value(); });
  }
  if (name == kContractVersion) {
    return number_of_runs<arrow::Int32Builder>(arrow::int32(),
                                               [&stamp](const Run&) { return stamp.contract_version; });
  }
  if (name == kIngestedAt) {
    return number_of_runs<arrow::TimestampBuilder>(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                                   [&stamp](const Run&) { return stamp.ingested_at_us; });
  }
  if (name == kSourceRecord) {
    std::shared_ptr<arrow::Array> array;
    TARN_RETURN_ARROW(records.Finish(&array));
    return array;
  }
  return std::shared_ptr<arrow::Array>();
}

Result<std::shared_ptr<arrow::Array>> TableBuilder::Impl::extra_column(std::string_view source) {
  std::shared_ptr<arrow::Array> array;
  const auto extra = extras.find(source);
  if (extra == extras.end()) return array;
  TARN_RETURN_ARROW(fill_nulls(extra->second, rows));
  TARN_RETURN_ARROW(extra->second.Finish(&array));
  return array;
}

// `source_of` is by the column's name.
Result<std::shared_ptr<arrow::Array>> TableBuilder::Impl::column(const arrow::Field& field,
                                                                 const BatchStamp& stamp,
                                                                 const DriftColumns& source_of) {
  TARN_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, audit_column(field.name(), stamp));
  if (array) return array;
  if (const auto source = source_of.find(field.name()); source != source_of.end()) {
    TARN_ASSIGN_OR_RETURN(array, extra_column(source->second));
    if (array) return array;
  }
  const auto own = std::ranges::find(columns, field.name(), &ContractColumn::name);
  if (own != columns.end()) {
    TARN_RETURN_ARROW(own->builder->Finish(&array));
    return array;
  }
  auto nulls = arrow::MakeArrayOfNull(field.type(), rows);
  if (!nulls.ok()) return arrow_error(nulls.status());
  return *nulls;
}

TableBuilder::TableBuilder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableBuilder::TableBuilder(TableBuilder&&) noexcept = default;
TableBuilder& TableBuilder::operator=(TableBuilder&&) noexcept = default;
TableBuilder::~TableBuilder() = default;

Result<TableBuilder> TableBuilder::make(const iceberg::Schema& schema,
                                        std::span<const std::string> contract_columns) {
  auto impl = std::make_unique<Impl>();
  for (const std::string& name : contract_columns) {
    const iceberg::NestedField* field = schema.find(name);
    if (field == nullptr) return Error(kIncompatibleTable, "the table has no column `" + name + "`");
    TARN_ASSIGN_OR_RETURN(const auto type, table::to_arrow_type(field->type));
    std::unique_ptr<arrow::ArrayBuilder> builder;
    TARN_RETURN_ARROW(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
    impl->columns.push_back({name, std::move(builder), type->id()});
  }
  return TableBuilder(std::move(impl));
}

void TableBuilder::set_origin(const RowOrigin& origin) {
  Impl& impl = *impl_;
  // An origin that brought no row is replaced.
  if (!impl.runs.empty() && impl.runs.back().rows == 0) {
    impl.members.resize(impl.runs.back().member_begin);
    impl.runs.pop_back();
  }
  if (impl.files.empty() || impl.files.back() != origin.file) impl.files.push_back(origin.file);
  Run& run = impl.runs.emplace_back();
  run.file = impl.files.size() - 1;
  run.member_begin = impl.members.size();
  if (!origin.member) return;
  run.member_size = origin.member->size();
  impl.members += *origin.member;
}

Status TableBuilder::append(std::span<const Cell> cells, const std::vector<Cell>& elements, const Row& row) {
  Impl& impl = *impl_;
  TARN_CHECK(!impl.runs.empty() && cells.size() == impl.columns.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const ContractColumn& column = impl.columns[i];
    impl.bytes += kCellBytes + cells[i].text.size() + cells[i].count * kCellBytes;
    TARN_RETURN_ARROW(append_cell(*column.builder, column.type, cells[i], elements));
  }
  for (const ExtraValue& extra : row.extras) {
    auto found = impl.extras.find(extra.source);
    if (found == impl.extras.end()) {
      found = impl.extras.try_emplace(std::string(extra.source)).first;
      impl.note_source(extra, static_cast<std::size_t>(&extra - row.extras.data()));
    }
    // A source that comes twice in a record keeps its first value.
    if (found->second.length() > impl.rows) continue;
    TARN_RETURN_ARROW(Impl::fill_nulls(found->second, impl.rows));
    TARN_RETURN_ARROW(found->second.Append(extra.text));
    impl.bytes += kCellBytes + extra.text.size();
  }
  TARN_RETURN_ARROW(impl.records.Append(row.record));
  impl.parents.push_back(row.parent_row);
  ++impl.runs.back().rows;
  ++impl.rows;
  return ok_status();
}

std::int64_t TableBuilder::rows() const {
  return impl_->spilled_rows + impl_->rows;
}

std::uint64_t TableBuilder::memory_bytes() const {
  return impl_->bytes;
}

std::vector<DriftSource> TableBuilder::drift_sources() const {
  const auto sources = std::views::values(impl_->sources);
  return {sources.begin(), sources.end()};
}

const std::vector<std::int64_t>& TableBuilder::parent_rows() const {
  return impl_->parents;
}

Result<std::shared_ptr<arrow::RecordBatch>> TableBuilder::Impl::take_rows(const arrow::Schema& schema,
                                                                          const BatchStamp& stamp,
                                                                          const DriftColumns& source_of) {
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    TARN_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, column(*field, stamp, source_of));
    TARN_CHECK(array->length() == rows);
    fields.push_back(field->WithType(array->type()));
    arrays.push_back(std::move(array));
  }
  auto batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
  extras.clear();
  files.clear();
  members.clear();
  runs.clear();
  rows = 0;
  bytes = 0;
  return batch;
}

Status TableBuilder::spill(const iceberg::Schema& schema, const BatchStamp& stamp, const std::string& path) {
  Impl& impl = *impl_;
  if (impl.rows == 0) return ok_status();
  // The rows that follow may share the origin of the last ones.
  const Run last = impl.runs.back();
  const RowOrigin origin{impl.files.back(),
                         impl.member(last) ? std::optional(std::string(*impl.member(last))) : std::nullopt};
  TARN_ASSIGN_OR_RETURN(const auto table_schema, table::to_arrow_schema(schema));
  arrow::FieldVector fields = table_schema->fields();
  // Which columns these become is not known yet.
  DriftColumns source_of;
  for (const auto& [source, builder] : impl.extras) {
    std::string name = kSpilledSource + source;
    fields.push_back(arrow::field(name, arrow::utf8()));
    source_of.emplace(std::move(name), source);
  }
  impl.spilled_rows += impl.rows;
  TARN_ASSIGN_OR_RETURN(const auto rows, impl.take_rows(*arrow::schema(std::move(fields)), stamp, source_of));
  TARN_ASSIGN_OR_RETURN(auto spilled, table::SpilledRows::write(*rows, path));
  impl.spilled.push_back(std::move(spilled));
  set_origin(origin);
  return ok_status();
}

Result<std::vector<TableBuilder::Rows>> TableBuilder::finish(const iceberg::Schema& schema,
                                                             const BatchStamp& stamp,
                                                             const DriftColumns& drift) {
  Impl& impl = *impl_;
  std::vector<Rows> all;
  DriftColumns source_of;
  for (const auto& [source, name] : drift) source_of.emplace(name, source);
  for (std::shared_ptr<const table::SpilledRows>& spilled : impl.spilled) {
    TARN_ASSIGN_OR_RETURN(auto rows, table::conform_batch(with_columns_of(drift, *spilled->rows()), schema,
                                                          table::Dictionaries::kKeep));
    all.push_back({std::move(rows), std::move(spilled)});
  }
  impl.spilled.clear();
  impl.spilled_rows = 0;
  if (impl.rows > 0) {
    TARN_ASSIGN_OR_RETURN(const auto arrow_schema, table::to_arrow_schema(schema));
    TARN_ASSIGN_OR_RETURN(auto rows, impl.take_rows(*arrow_schema, stamp, source_of));
    TARN_ASSIGN_OR_RETURN(rows, table::conform_batch(rows, schema, table::Dictionaries::kKeep));
    all.push_back({std::move(rows), nullptr});
  }
  impl.parents.clear();
  impl.sources.clear();
  return all;
}

}  // namespace tarn::ingest
