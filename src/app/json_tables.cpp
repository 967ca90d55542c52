#include "json_tables.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fusescape {

Value value_of_json(const nlohmann::ordered_json& json) {
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  const bool is_large = json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (json.is_number_integer() && !is_large) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Value value_of_cell(const std::string& cell) {
  if (cell.empty()) return {};
  const char* end = cell.data() + cell.size();
  std::int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(cell.data(), end, whole); error == std::errc{} && at == end)
    return whole;
  double number = 0.0;
  const auto [at, error] = std::from_chars(cell.data(), end, number);
  return error == std::errc{} && at == end && std::isfinite(number) ? Value{number} : Value{cell};
}

Table table_of_objects(const std::vector<nlohmann::ordered_json>& objects) {
  Table table;
  for (const nlohmann::ordered_json& object : objects) {
    for (const auto& [name, value] : object.items()) {
      const bool known = std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end();
      if (!known && value.is_primitive()) table.columns.push_back(name);
    }
  }
  table.rows.reserve(objects.size());
  for (const nlohmann::ordered_json& object : objects) {
    std::vector<Value>& row = table.rows.emplace_back();
    row.reserve(table.columns.size());
    for (const std::string& column : table.columns) {
      const auto found = object.find(column);
      row.push_back(found == object.end() ? Value{} : value_of_json(*found));
    }
  }
  return table;
}

Table table_of_list(const nlohmann::ordered_json& list) {
  std::vector<nlohmann::ordered_json> objects;
  for (const nlohmann::ordered_json& item : list) {
    if (item.is_object()) objects.push_back(item);
  }
  return table_of_objects(objects);
}

}  // namespace fusescape
