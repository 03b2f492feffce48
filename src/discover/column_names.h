#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::discover {

/// "admit_time" of "AdmitTime", "Admit Time" or "admit-time"; "c_1st" style letters first; "column" when
/// nothing of it is a letter or digit. At most 60 characters, always a valid column name.
std::string snake_case(std::string_view text);

/// The words of a snake_case name.
std::vector<std::string> words_of(std::string_view snake);

/// `wanted`, or `wanted_2` … when it is taken or reserved; the result is taken then.
std::string take_name(std::set<std::string>& taken, std::string wanted);

}  // namespace tarn::discover
