#include "sim/senders.h"

#include <algorithm>
#include <functional>

#include "ingest/testing/zip.h"

namespace tarn::sim {
namespace {

constexpr const char* kEvents = R"yaml(
feed: events
owner: o@example.org
description: Events, each once.
source: {folder: in, files: "events*"}
table: curated.event
mode: append
format: {type: csv}
columns:
  - {name: event, type: string, required: true}
  - {name: amount, type: int, required: true}
)yaml";

constexpr const char* kPeople = R"yaml(
feed: people
owner: o@example.org
description: People, the latest of each.
source: {folder: in, files: "people*"}
table: curated.person
mode: upsert
key: [id]
version_column: version
delete_when: {column: op, values: [D]}
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: version, type: int, required: true}
  - {name: name, type: string}
  - {name: op, type: string}
)yaml";

constexpr const char* kVisits = R"yaml(
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
children:
  - table: curated.visit_diagnosis
    from: Diagnosis
    description: Diagnoses of a visit.
    columns:
      - {name: code, type: string, from: "@code", required: true}
)yaml";

constexpr const char* kBeds = R"yaml(
feed: beds
owner: o@example.org
description: Beds, and when they were what.
source: {folder: in, files: "beds*"}
table: curated.bed
mode: scd2
key: [id]
version_column: version
delete_when: {column: op, values: [D]}
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: version, type: int}
  - {name: ward, type: string}
  - {name: op, type: string}
)yaml";

constexpr const char* kPatients = R"yaml(
feed: patients
owner: o@example.org
description: Patients, and where they were before.
source: {folder: in, files: "patients*"}
table: curated.patient
mode: scd3
key: [id]
version_column: version
previous: [ward]
delete_when: {column: op, values: [D]}
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: version, type: int}
  - {name: ward, type: string}
  - {name: op, type: string}
)yaml";

constexpr const char* kLists = R"yaml(
feed: lists
owner: o@example.org
description: All beds of each facility.
source: {folder: in, files: "lists*"}
table: curated.listed
mode: replace
key: [facility, bed]
version_column: as_of
replace: {by: [facility], max_deletes: 100}
format: {type: csv}
columns:
  - {name: facility, type: int}
  - {name: bed, type: int}
  - {name: as_of, type: int}
  - {name: ward, type: string}
)yaml";

constexpr std::uint64_t kMaxRows = 6;
constexpr std::uint64_t kKeys = 7;
constexpr std::uint64_t kBadPerMille = 60;
constexpr std::uint64_t kAgainPerMille = 200;

/// Makes one seed's files; versions of a key are never equal, so that there is one truth.
class Maker {
 public:
  Maker(Dice& dice, int lives, Senders& out) : dice_(dice), lives_(lives), out_(out) {
    for (std::int64_t version = 1; version <= 400; ++version) versions_.push_back(version);
    dice_.shuffle(versions_);
  }

  void make() {
    const std::int64_t files = dice_.between(4, 20);
    for (std::int64_t i = 0; i < files; ++i) {
      switch (dice_.below(6)) {
        case 0:
          send("events" + std::to_string(i) + ".csv", events(i));
          break;
        case 1:
          send("people" + std::to_string(i) + ".csv", people());
          break;
        case 2:
          send("beds" + std::to_string(i) + ".csv", states(out_.beds));
          break;
        case 3:
          send("patients" + std::to_string(i) + ".csv", states(out_.patients));
          break;
        case 4:
          send("lists" + std::to_string(i) + ".csv", list());
          break;
        default:
          send("visits" + std::to_string(i) + ".zip", visits());
      }
    }
    std::ranges::stable_sort(out_.files, {}, &Sent::life);
    for (const auto& [content, records] : bad_)
      for (const std::int64_t record : records) out_.bad.insert({content, record});
  }

 private:
  std::int64_t next_version() {
    const std::int64_t version = versions_.back();
    versions_.pop_back();
    return version;
  }
  int any_life() { return static_cast<int>(dice_.below(static_cast<std::uint64_t>(lives_))); }

  void send(const std::string& path, const std::string& bytes) {
    out_.files.push_back({path, bytes, any_life()});
    // Named so that the same feed takes it.
    for (int copy = 1; dice_.chance(kAgainPerMille); ++copy) {
      std::string again = path;
      again.insert(path.find('.'), "-" + std::to_string(copy));
      out_.files.push_back({again, bytes, any_life()});
    }
  }

  std::string events(std::int64_t file) {
    std::string csv = "event,amount\n";
    std::vector<std::int64_t> bad;
    for (std::int64_t row = 1, rows = dice_.between(1, kMaxRows); row <= rows; ++row) {
      const std::string name = std::to_string(file) + "." + std::to_string(row);
      if (dice_.chance(kBadPerMille)) {
        csv += name + ",much\n";
        bad.push_back(row);
        continue;
      }
      csv += name + "," + std::to_string(row) + "\n";
      out_.events.insert(name);
    }
    if (!bad.empty()) bad_[csv] = bad;
    return csv;
  }

  std::string people() {
    std::string csv = "id,version,name,op\n";
    std::vector<std::int64_t> bad;
    for (std::int64_t row = 1, rows = dice_.between(1, kMaxRows); row <= rows; ++row) {
      const auto id = static_cast<std::int64_t>(dice_.below(kKeys));
      const std::int64_t version = next_version();
      if (dice_.chance(kBadPerMille)) {
        csv += std::to_string(id) + ",v" + std::to_string(version) + ",Bad,\n";
        bad.push_back(row);
        continue;
      }
      const bool deletes = dice_.chance(200);
      const std::string name = "n" + std::to_string(version);
      csv += std::to_string(id) + "," + std::to_string(version) + "," + name + (deletes ? ",D\n" : ",\n");
      Senders::Person& person = out_.people[id];
      if (version > person.version) person = {version, name, deletes};
    }
    if (!bad.empty()) bad_[csv] = bad;
    return csv;
  }

  std::string states(Senders::States& states) {
    std::string csv = "id,version,ward,op\n";
    std::vector<std::int64_t> bad;
    for (std::int64_t row = 1, rows = dice_.between(1, kMaxRows); row <= rows; ++row) {
      const auto id = static_cast<std::int64_t>(dice_.below(kKeys));
      const std::int64_t version = next_version();
      const Senders::State state{std::string(1, "ABC"[dice_.below(3)]), dice_.chance(150)};
      const bool is_bad = dice_.chance(kBadPerMille);
      csv += std::to_string(id) + (is_bad ? ",v" : ",") + std::to_string(version) + "," + state.ward +
             (state.deleted ? ",D\n" : ",\n");
      if (is_bad)
        bad.push_back(row);
      else
        states[id][version] = state;
    }
    if (!bad.empty()) bad_[csv] = bad;
    return csv;
  }

  std::string list() {
    std::string csv = "facility,bed,as_of,ward\n";
    std::vector<std::int64_t> bad;
    const auto facility = static_cast<std::int64_t>(dice_.below(3));
    const std::int64_t version = next_version();
    Senders::List list;
    for (std::int64_t row = 1, rows = dice_.between(1, 2 * kMaxRows); row <= rows; ++row) {
      const auto bed = static_cast<std::int64_t>(dice_.below(2 * kMaxRows));
      const std::string ward(1, "ABC"[dice_.below(3)]);
      const bool is_bad = dice_.chance(kBadPerMille / 2);
      csv += std::to_string(facility) + (is_bad ? ",b" : ",") + std::to_string(bed) + "," +
             std::to_string(version) + "," + ward + "\n";
      if (is_bad)
        bad.push_back(row);
      else
        list.wards[bed] = ward;
    }
    list.whole = bad.empty();
    if (!bad.empty()) bad_[csv] = bad;
    out_.lists[facility][version] = std::move(list);
    return csv;
  }

  std::string visits() {
    std::vector<std::pair<std::string, std::string>> members;
    std::vector<std::function<void()>> truth;
    for (std::int64_t member = 1, count = dice_.between(1, kMaxRows); member <= count; ++member) {
      const std::string id = "V" + std::to_string(dice_.below(kKeys));
      Senders::Visit visit{next_version(), {}};
      std::string xml = "<Visit id=\"" + id + "\" version=\"" + std::to_string(visit.version) + "\">";
      for (std::uint64_t codes = dice_.below(4); codes > 0; --codes) {
        visit.codes.push_back("C" + std::to_string(dice_.below(1000)));
        xml += "<Diagnosis code=\"" + visit.codes.back() + "\"/>";
      }
      members.emplace_back("visits/" + std::to_string(member) + ".xml", xml + "</Visit>");
      truth.emplace_back([this, id, visit] {
        Senders::Visit& known = out_.visits[id];
        if (visit.version > known.version) known = visit;
      });
    }
    std::string zip = ingest::testing::make_zip(members);
    if (dice_.chance(kBadPerMille)) {
      zip.resize(zip.size() - 30);
      bad_[zip] = {0};
      return zip;
    }
    for (const auto& enter : truth) enter();
    return zip;
  }

  Dice& dice_;
  int lives_;
  Senders& out_;
  std::vector<std::int64_t> versions_;
  std::map<std::string, std::vector<std::int64_t>> bad_;
};

}  // namespace

std::vector<std::string> contracts() {
  return {kEvents, kPeople, kVisits, kBeds, kPatients, kLists};
}

Senders Senders::make(Dice& dice, int lives) {
  Senders senders;
  Maker(dice, lives, senders).make();
  return senders;
}

}  // namespace tarn::sim
