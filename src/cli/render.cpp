#include "cli/render.h"

#include <utility>

#include "cli/table_layout.h"
#include "engine/cell.h"

namespace tarn::cli {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;

/// RFC 4180: quoted where it holds a comma, a quote or a line break. An empty text is quoted, to tell it from
/// NULL.
void append_csv(std::string_view text, std::string& out) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

class Writer {
 public:
  Writer(OutputFormat format, TextSink* sink) : json_(format == OutputFormat::kJson), sink_(sink) {}

  void begin(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      std::string key;
      engine::append_json_string(name, key);
      keys_.push_back(key + ":");
    }
    if (json_) {
      out_ += "[";
      return;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i != 0) out_ += ',';
      append_csv(names[i], out_);
    }
    out_ += '\n';
  }

  void begin_row() {
    column_ = 0;
    if (json_) out_ += rows_ == 0 ? "\n{" : ",\n{";
    ++rows_;
  }
  /// Where the next value goes; for CSV it is handed to csv().
  std::string& json_value() {
    if (column_ != 0) out_ += ',';
    out_ += keys_[column_++];
    return out_;
  }
  void csv(bool is_null, std::string_view text) {
    if (column_++ != 0) out_ += ',';
    if (!is_null) append_csv(text, out_);
  }
  Status end_row() {
    out_ += json_ ? '}' : '\n';
    return out_.size() < kPieceBytes || sink_ == nullptr ? ok_status() : flush();
  }
  Status end() {
    if (json_) out_ += rows_ == 0 ? "]\n" : "\n]\n";
    return sink_ == nullptr ? ok_status() : flush();
  }

  bool json() const { return json_; }
  std::uint64_t rows() const { return rows_; }
  std::string take() { return std::move(out_); }

 private:
  Status flush() { return sink_->write(std::exchange(out_, {})); }

  bool json_;
  TextSink* sink_;
  std::vector<std::string> keys_;
  std::string out_;
  std::size_t column_ = 0;
  std::uint64_t rows_ = 0;
};

Result<std::uint64_t> stream(engine::ResultSet& rows, OutputFormat format, TextSink& sink) {
  Writer writer(format, &sink);
  std::vector<std::string> names;
  for (const engine::Column& column : rows.columns()) names.push_back(column.name);
  writer.begin(names);
  std::string text;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::optional<engine::Chunk> chunk, rows.next());
    if (!chunk) break;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      writer.begin_row();
      for (std::size_t i = 0; i < names.size(); ++i) {
        const engine::Cell cell = chunk->cell(i, row);
        if (writer.json()) {
          cell.append_json(writer.json_value());
          continue;
        }
        text.clear();
        if (!cell.is_null()) cell.append_text(text);
        writer.csv(cell.is_null(), text);
      }
      TARN_RETURN_IF_ERROR(writer.end_row());
    }
  }
  TARN_RETURN_IF_ERROR(writer.end());
  return writer.rows();
}

Result<Grid> collect(engine::ResultSet& rows, std::uint64_t max_rows) {
  std::vector<Grid::Column> columns;
  for (const engine::Column& column : rows.columns()) {
    columns.push_back(
        {column.name, column.kind == engine::ColumnKind::kNumber ? Align::kRight : Align::kLeft});
  }
  Grid grid(std::move(columns));
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::optional<engine::Chunk> chunk, rows.next());
    if (!chunk) return grid;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      if (max_rows != 0 && grid.rows().size() >= max_rows) {
        grid.leave_out(chunk->rows() - row);
        break;
      }
      for (std::size_t i = 0; i < chunk->columns(); ++i) {
        const engine::Cell cell = chunk->cell(i, row);
        grid.cell({.text = cell.is_null() ? "" : cell.text(), .is_null = cell.is_null()});
      }
      grid.end_row();
    }
  }
}

}  // namespace

std::string render(const Grid& grid, const RenderOptions& options) {
  if (options.format == OutputFormat::kTable) {
    return options.expanded ? layout_expanded(grid, options) : layout_table(grid, options);
  }
  Writer writer(options.format, nullptr);
  std::vector<std::string> names;
  for (const Grid::Column& column : grid.columns()) names.push_back(column.name);
  writer.begin(names);
  for (const auto& row : grid.rows()) {
    writer.begin_row();
    for (const Grid::Cell& cell : row) {
      if (writer.json()) {
        writer.json_value() += cell.json;
      } else {
        // A number shown for people ("1.2 MB") is exact in its JSON form.
        const bool number = !cell.json.empty() && cell.json[0] != '"' && !cell.is_null;
        writer.csv(cell.is_null, number ? cell.json : cell.text);
      }
    }
    (void)writer.end_row();  // Without a sink nothing can fail.
  }
  (void)writer.end();
  return writer.take();
}

Result<std::uint64_t> render_result(engine::ResultSet& rows, const RenderOptions& options, TextSink& sink) {
  if (options.format != OutputFormat::kTable) return stream(rows, options.format, sink);
  TARN_ASSIGN_OR_RETURN(const Grid grid, collect(rows, options.max_rows));
  TARN_RETURN_IF_ERROR(sink.write(render(grid, options)));
  return grid.total_rows();
}

}  // namespace tarn::cli
