#pragma once

#include <optional>

#include "iceberg/binary/avro.h"
#include "iceberg/literal.h"

namespace tarn::iceberg {

/// A partition value in the Avro type that manifest_entry_schema() declares for it.
void put_partition_value(AvroEncoder& out, const Literal& value);

/// A partition value of `type`, written as whatever Avro type stands behind `node`; nothing for null. The
/// decoder fails where the two do not fit.
std::optional<Literal> read_partition_value(AvroDecoder& in, const AvroNode& node, const Type& type);

}  // namespace tarn::iceberg
