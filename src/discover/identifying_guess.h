#pragma once

#include <string>
#include <string_view>

#include "discover/column_profile.h"
#include "project/column_spec.h"

namespace tarn::discover {

/// What kind of identifying data a column seems to hold: by the words of its snake_case name, else by the
/// shape of its values (mail addresses, telephone and social security numbers).
project::Identifying guess_identifying(std::string_view snake_name, const ColumnProfile& profile);

/// Whether values of this name stay text although they are digits: telephone numbers, postal codes and
/// numbers that stand for a person.
bool is_text_by_name(std::string_view snake_name);

}  // namespace tarn::discover
