// How does a table value look in JSON? Private to report: nlohmann-json stays out of public headers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fusescape/report/table.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {

/// What a terminal would obey is escaped as JSON escapes it. Bytes of a string that are not UTF-8 (of a
/// file's name) become U+FFFD: JSON has no way to write them. On one line if `indent` is -1.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

[[nodiscard]] inline nlohmann::ordered_json json_value(const Value& value) {
  return std::visit(overloaded{[](std::monostate) { return nlohmann::ordered_json(nullptr); },
                               [](const auto& v) { return nlohmann::ordered_json(v); }},
                    value);
}

/// An object of the fields in their order; "ranks.L" becomes a member L of "ranks".
[[nodiscard]] inline nlohmann::ordered_json json_object(const std::vector<Field>& fields) {
  nlohmann::ordered_json object;
  for (const Field& field : fields) {
    const std::size_t dot = field.name.find('.');
    if (dot == std::string::npos) {
      object[field.name] = json_value(field.value);
    } else {
      object[field.name.substr(0, dot)][field.name.substr(dot + 1)] = json_value(field.value);
    }
  }
  return object;
}

}  // namespace fusescape
