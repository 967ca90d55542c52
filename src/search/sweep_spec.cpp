#include "fusescape/search/sweep_spec.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {

std::size_t grid_size(const SweepSpec& spec) {
  std::size_t points = 1;
  for (const Axis& axis : spec.axes) points *= axis.values.size();
  return points;
}

std::vector<std::size_t> coordinates_of(const SweepSpec& spec, std::size_t id) {
  FUSESCAPE_EXPECTS(id < grid_size(spec));
  std::vector<std::size_t> at(spec.axes.size());
  for (std::size_t i = spec.axes.size(); i-- > 0;) {
    const std::size_t extent = spec.axes[i].values.size();
    at[i] = id % extent;
    id /= extent;
  }
  return at;
}

bool is_scenario_axis(const SweepSpec& spec, std::string_view axis) {
  return std::find(spec.scenario.begin(), spec.scenario.end(), axis) != spec.scenario.end();
}

}  // namespace fusescape
