#include "measurements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <type_traits>

#include "csv_columns.hpp"
#include "csv_reader.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/suggestion.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kGroupColumn = "group";
constexpr std::array<std::string_view, 3> kFigureColumns{"dram_read_bytes", "dram_write_bytes", "time_us"};

/// Of a kernel more is a mistake: a petabyte, or 31 years.
constexpr double kMostOfAFigure = 1e15;

class Measurements {
 public:
  Measurements(const std::string& file, const std::string& text, std::vector<GroupReport>& groups)
      : text_{text}, diagnostics_{file, text}, groups_{groups} {}

  [[nodiscard]] expected<void, Failure> add() {
    const expected<std::vector<CsvRow>, CsvFault> rows = read_csv(text_);
    if (!rows) {
      diagnostics_.error(rows.error().pos, rows.error().message);
    } else if (find_columns(rows->front())) {
      for (GroupReport& group : groups_) group.measured = MeasuredGroup{};
      for (std::size_t r = 1; r < rows->size(); ++r) add((*rows)[r]);
    }
    if (diagnostics_.ok()) return {};
    std::ostringstream faults;
    faults << diagnostics_;
    return unexpected{Failure{ExitCode::kBadInput, faults.str()}};
  }

 private:
  bool find_columns(const CsvRow& header) {
    const auto group = column_of(header.cells, kGroupColumn);
    for (std::size_t i = 0; i < kFigureColumns.size(); ++i)
      columns_[i] = column_of(header.cells, kFigureColumns[i]);
    const auto given = [](const auto& found) { return found.has_value(); };
    const bool has_figure = std::any_of(columns_.begin(), columns_.end(), given);
    if (!group) fault(header, 0, fmt::format("no column '{}'", kGroupColumn));
    if (!has_figure) fault(header, 0, fmt::format("no column of {}", fmt::join(kFigureColumns, ", ")));
    if (group) group_column_ = *group;
    return group && has_figure;
  }

  void add(const CsvRow& row) {
    MeasuredGroup* const measured = named(row);
    std::array<std::optional<double>, kFigureColumns.size()> figures{};
    for (std::size_t i = 0; i < figures.size(); ++i) {
      if (columns_[i]) figures[i] = figure(row, i);
    }
    if (measured == nullptr) return;
    const bool first = std::find(seen_.begin(), seen_.end(), measured) == seen_.end();
    if (first) seen_.push_back(measured);
    add_to(measured->dram_read, figures[0], first);
    add_to(measured->dram_write, figures[1], first);
    add_to(measured->time_us, figures[2], first);
  }

  /// A sum has a value if all its parts have.
  template <class Figure>
  static void add_to(std::optional<Figure>& sum, std::optional<double> part, bool first) {
    if (!first && (!sum || !part)) {
      sum.reset();
    } else if (part) {
      sum = made<Figure>(*part) + sum.value_or(Figure{});
    }
  }
  template <class Figure>
  static Figure made(double value) {
    if constexpr (std::is_same_v<Figure, Bytes>) {
      return Bytes{static_cast<std::int64_t>(value)};
    } else {
      return value;
    }
  }

  /// Null, and a fault, if the row names no group.
  MeasuredGroup* named(const CsvRow& row) {
    const std::string& name = row.cells[group_column_];
    for (GroupReport& group : groups_) {
      if (name == group.name || name == fmt::format("{}", fmt::join(group.ops, "+"))) return &*group.measured;
    }
    const auto name_of_group = [](const GroupReport& group) { return std::string_view{group.name}; };
    fault(
        row, group_column_,
        fmt::format("the plan has no group '{}'{}", name, did_you_mean_among(name, groups_, name_of_group)));
    return nullptr;
  }

  std::optional<double> figure(const CsvRow& row, std::size_t which) {
    const std::string& cell = row.cells[*columns_[which]];
    if (cell.empty()) return std::nullopt;
    const bool is_time = which + 1 == kFigureColumns.size();
    double value = 0.0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool is_number = error == std::errc{} && end == cell.data() + cell.size();
    const bool in_range = std::isfinite(value) && value >= 0.0 && value <= kMostOfAFigure;
    if (is_number && in_range && (is_time || value == std::floor(value))) return value;
    fault(row, *columns_[which],
          fmt::format("{}: expected a {} from 0 to {:g}, got '{}'", kFigureColumns[which],
                      is_time ? "number" : "whole number", kMostOfAFigure, cell));
    return std::nullopt;
  }

  void fault(const CsvRow& row, std::size_t cell, std::string message) {
    diagnostics_.error(place_of_cell(text_, row, cell), std::move(message));
  }

  const std::string& text_;
  Diagnostics diagnostics_;
  std::vector<GroupReport>& groups_;
  std::size_t group_column_ = 0;
  std::array<std::optional<std::size_t>, kFigureColumns.size()> columns_{};
  std::vector<const MeasuredGroup*> seen_;
};

}  // namespace

expected<void, Failure> add_measurements(const std::string& file, std::vector<GroupReport>& groups) {
  const expected<std::string, Failure> text = file_text(file);
  if (!text) return unexpected{text.error()};
  return Measurements{file, *text, groups}.add();
}

}  // namespace fusescape
