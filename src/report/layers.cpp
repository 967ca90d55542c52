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

namespace {

std::size_t position_of(const Table& table, const std::string& column) {
  return static_cast<std::size_t>(std::find(table.columns.begin(), table.columns.end(), column) -
                                  table.columns.begin());
}

/// Adds `row` of `from`, whose columns `all` has, under the kind.
void append_row(Table& all, const std::string& kind, const Table& from, const std::vector<Value>& row) {
  std::vector<Value>& wide = all.rows.emplace_back(all.columns.size());
  wide.front() = kind;
  for (std::size_t c = 0; c < row.size(); ++c) wide[position_of(all, from.columns[c])] = row[c];
}

}  // namespace

Table layers_table(const std::vector<OfKind<Table>>& tables) {
  Table all{.columns = {"layer_kind"}, .rows = {}};
  for (const auto& [kind, table] : tables) {
    for (const std::string& column : table.columns) {
      if (position_of(all, column) == all.columns.size()) all.columns.push_back(column);
    }
  }
  for (const auto& [kind, table] : tables) {
    for (const std::vector<Value>& row : table.rows) append_row(all, kind, table, row);
  }
  return all;
}

}  // namespace fusescape
