#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/dice.h"

namespace tarn::sim {

/// The contracts that everything is ingested by: appended events, people with deletions, visits with
/// children, the histories of beds, patients with former values, and full lists of facilities.
std::vector<std::string> contracts();

/// A file on its way.
struct Sent {
  std::string path;
  std::string bytes;
  int life = 0;  ///< Of the process: it arrives before that one starts.
};

/// What a seed's senders send, and what a correct lake holds in the end. Contents that are sent again under
/// other names, late versions and bad input are among them.
struct Senders {
  static Senders make(Dice& dice, int lives);

  std::vector<Sent> files;  ///< In the order of their arrival.

  struct Person {
    std::int64_t version = 0;
    std::string name;
    bool deleted = false;
  };
  struct Visit {
    std::int64_t version = 0;
    std::vector<std::string> codes;
  };
  /// What a record says of a bed or a patient.
  struct State {
    std::string ward;
    bool deleted = false;
  };
  using States = std::map<std::int64_t, std::map<std::int64_t, State>>;  // by key and version
  /// A full list, or what of it was good.
  struct List {
    bool whole = true;
    std::map<std::int64_t, std::string> wards;  // by bed
  };
  /// Of one record or file in quarantine: a file that has this content, and the record's number (0: all of
  /// it).
  struct Bad {
    std::string content;
    std::int64_t record = 0;
    auto operator<=>(const Bad&) const = default;
  };
  std::set<std::string> events;
  std::map<std::int64_t, Person> people;
  std::map<std::string, Visit> visits;
  States beds;
  States patients;
  std::map<std::int64_t, std::map<std::int64_t, List>> lists;  // by facility and version
  std::multiset<Bad> bad;
};

}  // namespace tarn::sim
