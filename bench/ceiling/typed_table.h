#pragma once

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Fields of text to typed columns to Parquet, for the ceiling.
namespace ceiling {

using Fields = std::vector<std::string_view>;

/// s text, i int, 2 and 3 decimals of that scale, D date, M date as month/day/year, T timestamp.
struct Feed {
  std::string_view folder;
  std::string_view name;
  std::string_view kinds;
};
inline constexpr std::array kFeeds = {Feed{"adt", "encounter", "sssTssssDissTTssisi2s"},
                                      Feed{"", "diagnosis", "ssiss"},
                                      Feed{"lab", "lab_result", "ssssss3s33ssTT"},
                                      Feed{"claims", "claim_line", "sisssssssMi222ssT"},
                                      Feed{"census", "bed_census", "ssTiiiiii"},
                                      Feed{"demographics", "patient", "ssssDssssssssssiisT"}};
inline constexpr std::int64_t kRowGroupRows = 262'144;

[[noreturn]] inline void fail(const std::string& what) {
  fmt::print(stderr, "ceiling: {}\n", what);
  std::exit(1);
}

inline void check(const arrow::Status& status) {
  if (!status.ok()) fail(status.ToString());
}

inline std::int64_t digits_of(std::string_view text) {
  std::int64_t number = 0;
  for (const char c : text)
    if (c >= '0' && c <= '9') number = number * 10 + (c - '0');
  return !text.empty() && text.front() == '-' ? -number : number;
}

/// Days since 1970 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
inline std::int32_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return static_cast<std::int32_t>(era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
                                   719468);
}

inline std::int32_t date_of(std::string_view text) {
  const std::int64_t number = digits_of(text);
  return days_of(number / 10000, number / 100 % 100, number % 100);
}

inline std::int64_t micros_of(std::string_view text) {
  std::int64_t number = digits_of(text.substr(0, 19));
  if (text.size() <= 10) number *= 10000;  // to the hour
  const std::int64_t seconds = number / 10000 % 100 * 3600 + number / 100 % 100 * 60 + number % 100;
  number /= 1'000'000;
  return (days_of(number / 10000, number / 100 % 100, number % 100) * std::int64_t{86400} + seconds) *
         1'000'000;
}

/// Scaled by appending the digits that are missing.
inline std::int64_t decimal_of(std::string_view text, std::size_t scale) {
  const std::size_t point = text.find('.');
  const std::size_t has = point == std::string_view::npos ? 0 : text.size() - point - 1;
  std::int64_t number = digits_of(text);
  for (std::size_t i = has; i < scale; ++i) number *= 10;
  return number;
}

/// Rows of a feed in columns, written as they fill a row group.
class Table {
 public:
  Table(const Feed& feed, const std::string& path) : kinds_(feed.kinds), path_(path) {
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      const auto type = type_of(kinds_[i]);
      fields_.push_back(arrow::field(fmt::format("c{}", i), type));
      builders_.push_back(arrow::MakeBuilder(type).ValueOrDie());
    }
  }

  void add(const Fields& row) {
    for (std::size_t i = 0; i < kinds_.size(); ++i) append(i, i < row.size() ? row[i] : std::string_view());
    if (++rows_ % kRowGroupRows == 0) flush();
  }

  std::int64_t finish() {
    if (rows_ > 0) {
      flush();
      check(writer_->Close());
      check(file_->Close());
    }
    return rows_;
  }

 private:
  static std::shared_ptr<arrow::DataType> type_of(char kind) {
    if (kind == 'i') return arrow::int32();
    if (kind == '2' || kind == '3') return arrow::decimal128(12, kind - '0');
    if (kind == 'D' || kind == 'M') return arrow::date32();
    if (kind == 'T') return arrow::timestamp(arrow::TimeUnit::MICRO);
    return arrow::utf8();
  }

  template <typename Builder>
  Builder& at(std::size_t i) {
    return static_cast<Builder&>(*builders_[i]);
  }

  void append(std::size_t i, std::string_view text) {
    if (text.empty() || text == "NA") return check(builders_[i]->AppendNull());
    switch (kinds_[i]) {
      case 'i':
        return check(at<arrow::Int32Builder>(i).Append(static_cast<std::int32_t>(digits_of(text))));
      case '2':
      case '3':
        return check(at<arrow::Decimal128Builder>(i).Append(
            arrow::Decimal128(decimal_of(text, static_cast<std::size_t>(kinds_[i] - '0')))));
      case 'D':
        return check(at<arrow::Date32Builder>(i).Append(date_of(text)));
      case 'M':
        return check(at<arrow::Date32Builder>(i).Append(
            days_of(digits_of(text.substr(6)), digits_of(text.substr(0, 2)), digits_of(text.substr(3, 2)))));
      case 'T':
        return check(at<arrow::TimestampBuilder>(i).Append(micros_of(text)));
      default:
        return check(at<arrow::StringBuilder>(i).Append(text));
    }
  }

  void flush() {
    arrow::ArrayVector columns;
    for (const auto& builder : builders_) columns.push_back(builder->Finish().ValueOrDie());
    const auto table = arrow::Table::Make(arrow::schema(fields_), columns);
    if (writer_ == nullptr) {
      file_ = arrow::io::FileOutputStream::Open(path_).ValueOrDie();
      const auto properties = parquet::WriterProperties::Builder()
                                  .compression(arrow::Compression::ZSTD)
                                  ->compression_level(1)
                                  ->build();
      writer_ =
          parquet::arrow::FileWriter::Open(*table->schema(), arrow::default_memory_pool(), file_, properties)
              .ValueOrDie();
    }
    if (table->num_rows() > 0) check(writer_->WriteTable(*table, kRowGroupRows));
  }

  std::string_view kinds_;
  std::string path_;
  arrow::FieldVector fields_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t rows_ = 0;
};

}  // namespace ceiling
