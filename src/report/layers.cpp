#include "fusescape/report/layers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "json_value.hpp"

namespace fusescape {

std::string layers_json(const std::vector<OfKind<std::string>>& objects) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const OfKind<std::string>& object : objects) {
    nlohmann::ordered_json& named = list.emplace_back(nlohmann::ordered_json{{"kind", object.kind}});
    named.update(nlohmann::ordered_json::parse(object.result));
  }
  return json_text(list, 2) + "\n";
}

Table layers_table(const std::vector<OfKind<Table>>& tables) {
  Table all{.columns = {"layer_kind"}, .rows = {}};
  const auto position_of = [&](const std::string& column) {
    return std::find(all.columns.begin(), all.columns.end(), column) - all.columns.begin();
  };
  for (const auto& [kind, table] : tables) {
    for (const std::string& column : table.columns) {
      if (position_of(column) == std::ssize(all.columns)) all.columns.push_back(column);
    }
  }
  for (const auto& [kind, table] : tables) {
    for (const std::vector<Value>& row : table.rows) {
      std::vector<Value>& wide = all.rows.emplace_back(all.columns.size());
      wide.front() = kind;
      for (std::size_t c = 0; c < row.size(); ++c) {
        wide[static_cast<std::size_t>(position_of(table.columns[c]))] = row[c];
      }
    }
  }
  return all;
}

}  // namespace fusescape
