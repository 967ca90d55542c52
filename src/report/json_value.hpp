// How does a table value look in JSON? Private to report: nlohmann-json stays out of public headers.
#pragma once

#include <nlohmann/json.hpp>

#include "fusescape/report/table.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {

[[nodiscard]] inline nlohmann::ordered_json json_value(const Value& value) {
  return std::visit(overloaded{[](std::monostate) { return nlohmann::ordered_json(nullptr); },
                               [](const auto& v) { return nlohmann::ordered_json(v); }},
                    value);
}

}  // namespace fusescape
