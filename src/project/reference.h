#pragma once

#include <string>

/// What the one description of the contract's keys (`project/keys/`) says, for editors and
/// readers.
namespace tarn::project {

/// JSON Schema (draft 2020-12) of feeds/*.yaml; pretty-printed, ends with a newline, the same bytes every
/// time.
std::string feed_json_schema();
/// JSON Schema (draft 2020-12) of tarn.yaml.
std::string project_json_schema();

/// JSON Schema (draft 2020-12) of access/*.yaml.
std::string access_json_schema();

/// Every key of tarn.yaml, feeds/*.yaml and access/*.yaml with type, default, allowed values, meaning and
/// example, as Markdown whose first heading is of level 2.
std::string contract_reference_markdown();

}  // namespace tarn::project
