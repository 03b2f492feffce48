#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "ingest/batch_commit.h"
#include "table/data_files.h"
#include "table/snapshot_builder.h"
#include "table/upsert.h"

/// Inner parts of the commit, shared by its .cpp files.
namespace tarn::ingest {

/// All rows of a batch for one table.
struct BatchCommitter::Gathered {
  TableShape shape;
  const project::FeedSpec* feed = nullptr;
  bool is_child = false;
  TableName parent;  ///< Of a child.
  /// The workers' builders and the contract version to stamp their rows with.
  struct Part {
    TableBuilder* builder = nullptr;
    std::int32_t contract_version = 1;
    std::int64_t parent_offset = 0;  ///< What turns a worker's row number of the parent into the batch's.
  };
  std::vector<Part> parts;
  std::vector<std::string> extra_columns;
  // Filled by the first attempt.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<std::int64_t> parent_rows;
  bool finished = false;
};

/// What was written for one table, before its commit.
struct BatchCommitter::TableWork {
  TableName name;
  std::shared_ptr<const iceberg::TableMetadata> metadata;  ///< After extra columns were added.
  std::vector<iceberg::TableUpdate> updates;
  std::vector<iceberg::TableRequirement> requirements;
  table::WrittenFiles data;
  std::vector<table::NewFile> deletes;
  std::optional<table::UpsertPlan> plan;
  table::KeyIndex* index = nullptr;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;  ///< Of a parent, for its children's plans.
  std::optional<table::BuiltSnapshot> built;
  std::map<std::int64_t, std::int64_t> superseded_by_arrival;
  std::int64_t rows_added = 0;
  std::int64_t rows_deleted = 0;
};

}  // namespace tarn::ingest
