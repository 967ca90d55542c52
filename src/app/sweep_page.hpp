// What does a report say of a sweep's folder?
#pragma once

#include <string>
#include <vector>

#include "design_command.hpp"
#include "fusescape/report/page.hpp"
#include "result_files.hpp"

namespace fusescape {

/// The most points of a sweep that a page holds.
inline constexpr std::size_t kMostPagePoints = 20'000;

/// Rows of points.csv, from 1, in their order: all if they are at most `most`, else first the best designs,
/// then the fronts, then a sample of the others: those whose ids a fixed hash puts first.
[[nodiscard]] std::vector<std::size_t> chosen_rows(const FinishedSweep& sweep,
                                                   std::size_t most = kMostPagePoints);

/// `rows` of points.csv as columns: words, numbers to six digits, or one value for all.
[[nodiscard]] OrderedJson points_json(const FinishedSweep& sweep, const std::vector<std::size_t>& rows);

/// What a scenario is given and, of its best design, what was chosen.
[[nodiscard]] AxisLabels labels_of_scenario(const OrderedJson& scenario);

/// Adds the sweep's sections to `page`, and to `data` what its scripts draw under `key`.
void add_sweep(const FinishedSweep& sweep, const std::string& key, Page& page, OrderedJson& data);

}  // namespace fusescape
