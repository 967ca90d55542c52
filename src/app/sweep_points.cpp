// Which points of a sweep does a page hold, and how?
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/report/page.hpp"
#include "sweep_page.hpp"

namespace fusescape {
namespace {

/// Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014: the finaliser of
/// SplitMix64. Neighbours on the grid, which share their values on most axes, end far apart.
std::uint64_t scattered(std::uint64_t id) {
  id += 0x9E3779B97F4A7C15U;
  id = (id ^ (id >> 30U)) * 0xBF58476D1CE4E5B9U;
  id = (id ^ (id >> 27U)) * 0x94D049BB133111EBU;
  return id ^ (id >> 31U);
}

std::uint64_t id_of(const std::string& cell) {
  std::uint64_t id = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), id);
  return id;
}

/// How much a point is wanted: 0 for a best design, 1 for the fronts. Others are not in it.
std::unordered_map<std::uint64_t, int> notable_points(const OrderedJson& summary) {
  std::unordered_map<std::uint64_t, int> ids;
  for (const OrderedJson& scenario : summary.at("scenarios")) {
    for (const OrderedJson& id : scenario.at("pareto_points")) ids.emplace(id.get<std::uint64_t>(), 1);
    if (const OrderedJson& best = scenario.at("best_point"); best.is_number())
      ids[best.get<std::uint64_t>()] = 0;
  }
  return ids;
}

bool is_number(std::string_view cell, double& value) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc{} && end == cell.data() + cell.size() && std::isfinite(value);
}

/// Whole numbers as they are; of others six digits, which no picture shows.
OrderedJson number_json(std::string_view cell) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), whole);
  if (error == std::errc{} && end == cell.data() + cell.size()) return whole;
  double value = 0.0;
  if (!is_number(cell, value)) return nullptr;
  const std::string rounded = fmt::format("{:.6g}", value);
  std::from_chars(rounded.data(), rounded.data() + rounded.size(), value);
  return value;
}

struct Column {
  std::string name;
  std::vector<std::string_view> cells;
};

Column column_cells(const FinishedSweep& sweep, const std::vector<std::size_t>& rows, std::size_t position) {
  Column column{sweep.points.front().cells[position], {}};
  column.cells.reserve(rows.size());
  for (const std::size_t row : rows) column.cells.emplace_back(sweep.points[row].cells[position]);
  return column;
}

/// Distinct values in the order in which they first appear, and which of them each row has.
OrderedJson codes_json(const std::vector<std::string_view>& cells, bool numbers) {
  OrderedJson values = OrderedJson::array();
  OrderedJson codes = OrderedJson::array();
  std::unordered_map<std::string_view, std::size_t> known;
  for (const std::string_view cell : cells) {
    const auto [entry, is_new] = known.emplace(cell, known.size());
    if (is_new) values.push_back(numbers ? number_json(cell) : OrderedJson(cell));
    codes.push_back(entry->second);
  }
  return {{"values", std::move(values)}, {"codes", std::move(codes)}};
}

std::size_t distinct(const std::vector<std::string_view>& cells) {
  return std::unordered_set<std::string_view>{cells.begin(), cells.end()}.size();
}

/// `more`: a designer wants more of it.
OrderedJson column_head(const std::string& name) {
  const Metric* metric = find_metric(name);
  return {{"name", name},
          {"unit", unit_of_column(name)},
          {"more", metric != nullptr && metric->better == Better::kMore}};
}

OrderedJson column_json(const Column& column, bool is_axis) {
  const auto is_hole_or_number = [](std::string_view cell) {
    double value = 0.0;
    return cell.empty() || is_number(cell, value);
  };
  const bool numbers = !is_axis && std::all_of(column.cells.begin(), column.cells.end(), is_hole_or_number);
  OrderedJson object = column_head(column.name);
  object["axis"] = is_axis;
  object["numbers"] = numbers;
  constexpr std::size_t kFewOf = 3;  // A code is shorter than a number.
  if (!numbers || distinct(column.cells) * kFewOf <= column.cells.size()) {
    object.update(codes_json(column.cells, numbers));
    return object;
  }
  OrderedJson& values = object["values"] = OrderedJson::array();
  for (const std::string_view cell : column.cells) values.push_back(number_json(cell));
  return object;
}

}  // namespace

std::vector<std::size_t> chosen_rows(const FinishedSweep& sweep, std::size_t most) {
  const std::size_t all = sweep.points.size() - 1;
  std::vector<std::size_t> rows;
  rows.reserve(all);
  for (std::size_t r = 1; r <= all; ++r) rows.push_back(r);
  if (all <= most) return rows;
  const std::size_t id_column = column_of(sweep.points, "point");
  const std::unordered_map<std::uint64_t, int> notable = notable_points(sweep.summary.json);
  struct Place {
    int rank = 0;
    std::uint64_t hash = 0;
    std::size_t row = 0;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> places;
  places.reserve(all);
  for (const std::size_t row : rows) {
    const std::uint64_t id = id_of(sweep.points[row].cells[id_column]);
    const auto found = notable.find(id);
    places.push_back({found == notable.end() ? 2 : found->second, scattered(id), row});
  }
  std::sort(places.begin(), places.end());
  rows.clear();
  for (std::size_t p = 0; p < std::min(most, places.size()); ++p) rows.push_back(places[p].row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

OrderedJson points_json(const FinishedSweep& sweep, const std::vector<std::size_t>& rows) {
  OrderedJson columns = OrderedJson::array();
  std::vector<Column> before;
  const std::size_t width = sweep.points.front().cells.size();
  for (std::size_t c = 0; c < width; ++c) {
    Column column = column_cells(sweep, rows, c);
    const auto& axes = sweep.spec.axes;
    const bool is_axis =
        std::any_of(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.name == column.name; });
    const auto equal = std::find_if(before.begin(), before.end(),
                                    [&](const Column& other) { return other.cells == column.cells; });
    if (equal != before.end() && !is_axis) {
      columns.push_back(column_head(column.name));
      columns.back()["same_as"] = equal->name;
    } else {
      columns.push_back(column_json(column, is_axis));
    }
    before.push_back(std::move(column));
  }
  return {{"rows", rows.size()}, {"total", sweep.points.size() - 1}, {"columns", std::move(columns)}};
}

}  // namespace fusescape
