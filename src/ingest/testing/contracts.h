#pragma once

/// Contracts that several tests ingest by.
namespace tarn::ingest::testing {

inline constexpr const char* kPeople = R"yaml(
feed: people
owner: o@example.org
description: People.
source: {folder: in, files: "people*"}
table: curated.person
mode: upsert
key: [id]
version_column: version
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: version, type: int, required: true}
  - {name: name, type: string}
  - {name: score, type: "decimal(6,2)", range: {min: "0", max: "100"}}
)yaml";

inline constexpr const char* kVisits = R"yaml(
feed: visits
owner: o@example.org
description: Visits with their diagnoses.
source: {folder: in, files: "*.zip", members: "visits/*.xml"}
table: curated.visit
mode: upsert
key: [visit_id]
version_column: version
format: {type: xml}
columns:
  - {name: visit_id, type: string, from: "@id"}
  - {name: version, type: int, from: "@version", required: true}
  - {name: admitted, type: timestamp, from: Stay/From}
  - name: notes
    type: list<struct>
    from: Notes/Note
    columns:
      - {name: author, type: string, from: "@by"}
      - {name: body, type: string, from: "."}
children:
  - table: curated.visit_diagnosis
    from: Diagnoses/Diagnosis
    description: Diagnoses of a visit.
    columns:
      - {name: code, type: string, from: "@code", required: true, pattern: "^[A-Z][0-9]"}
)yaml";

}  // namespace tarn::ingest::testing
