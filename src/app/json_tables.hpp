// How do JSON results become tables?
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "fusescape/report/table.hpp"

namespace fusescape {

/// A number, a text or a flag as such, null as nothing; lists and objects on one line of JSON.
[[nodiscard]] Value value_of_json(const nlohmann::ordered_json& json);

/// A CSV cell: a number as such, an empty one as nothing.
[[nodiscard]] Value value_of_cell(const std::string& cell);

/// A row per object, with every key of some object as a column, in the order in which they appear; members
/// that are lists or objects are left out.
[[nodiscard]] Table table_of_objects(const std::vector<nlohmann::ordered_json>& objects);

/// Same, of a JSON list of objects; elements that are something else are left out.
[[nodiscard]] Table table_of_list(const nlohmann::ordered_json& list);

}  // namespace fusescape
