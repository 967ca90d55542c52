// How do values look in JSON? Private to report: nlohmann-json stays out of public headers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "fusescape/report/document.hpp"
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

[[nodiscard]] nlohmann::ordered_json json_of(const Data& data);

}  // namespace fusescape
