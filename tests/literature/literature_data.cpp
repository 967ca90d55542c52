#include "literature_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <sstream>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "source_tree.hpp"

namespace fusescape {
namespace {

/// The lines below the comments and the column names, split at commas.
std::vector<std::vector<std::string>> data_lines(const std::string& name) {
  std::ifstream file{in_source_tree("tests/literature/data/" + name)};
  REQUIRE(file.is_open());
  std::vector<std::vector<std::string>> lines;
  bool is_header = true;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (!is_header) {
      std::vector<std::string>& cells = lines.emplace_back();
      std::istringstream text{line};
      for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    }
    is_header = false;
  }
  return lines;
}

Modelling modelling(const std::string& arch, const std::string& workload,
                    const std::vector<Setting>& settings) {
  Loaded<Accelerator> accelerator = load_accelerator(arch);
  Loaded<Workload> model = load_workload(workload, settings);
  REQUIRE(accelerator);
  REQUIRE(model);
  return {std::move(*accelerator), std::move(*model)};
}

}  // namespace

std::vector<Fig9Row> fig9_rows() {
  std::vector<Fig9Row> rows;
  for (const auto& line : data_lines("pact25_fig9.csv")) {
    rows.push_back({line.at(0), std::stoll(line.at(1)), std::stoll(line.at(2))});
  }
  return rows;
}

std::vector<LayerRow> layer_rows() {
  std::vector<LayerRow> rows;
  for (const auto& line : data_lines("pact25_layers_L64.csv")) {
    rows.push_back({line.at(0), std::stod(line.at(1))});
  }
  return rows;
}

std::string our_operator(const std::string& name, bool quirks) {
  static const std::map<std::string, std::string> kNames{{"norm_pow", "norm_square"},
                                                         {"conv1d", "conv"},
                                                         {"silu_sigmoid", "conv_sigmoid"},
                                                         {"silu_mul", "conv_silu"},
                                                         {"state_h_dA", "t"},
                                                         {"state_add_dBx", "h"},
                                                         {"state_h_C", "y"},
                                                         {"gate_silu_mul", "gate_silu"},
                                                         {"gate_mul", "gate"}};
  if (name == "dt_bias") return quirks ? "dt_bias" : "softplus";  // Ours adds the bias within the softplus.
  const auto ours = kNames.find(name);
  return ours == kNames.end() ? name : ours->second;
}

bool is_state_operator(std::string_view name) {
  static const std::set<std::string_view> kState{"dA", "exp", "dB", "dBx", "t", "h", "y"};
  return kState.contains(name) || name.substr(0, 6) == "state_";
}

Modelling with_quirks(std::int64_t tokens) {
  return modelling("marca-pact25", "mamba-2.8b-pact25", {{"L", std::to_string(tokens)}});
}

Modelling physical(std::int64_t tokens) {
  return modelling("marca", "mamba-2.8b", {{"L", std::to_string(tokens)}, {"d_state", "64"}});
}

/// A workload with the planner of its block, which refers to it.
struct Planned {
  explicit Planned(const Modelling& model)
      : workload{model.workload}, planner{workload.block, model.accelerator} {}
  Workload workload;
  Planner planner;
};

bool same_shape(const Workload& a, const Workload& b) {
  const auto same_rank = [](const Rank& x, const Rank& y) {
    return x.name == y.name && x.extent == y.extent;
  };
  return a.name == b.name && std::equal(a.block.ranks.begin(), a.block.ranks.end(), b.block.ranks.begin(),
                                        b.block.ranks.end(), same_rank);
}

/// Planners are made once for all design points that they serve.
const Planner& planner_for(const Modelling& model) {
  static std::list<Planned> made;
  for (const Planned& known : made) {
    if (same_shape(known.workload, model.workload) && known.planner.serves(model.accelerator))
      return known.planner;
  }
  return made.emplace_back(model).planner;
}

Assessment assessed(const Modelling& model, std::string_view strategy) {
  const Strategy* found = find_strategy(strategy);
  REQUIRE(found != nullptr);
  auto assessment = assess(planner_for(model), design_of(model.accelerator), *found);
  if (!assessment) FAIL(describe(assessment.error()));
  return std::move(*assessment);
}

Plan plan_of(const Modelling& model, std::string_view strategy) {
  const auto machine = make_machine(model.accelerator);
  REQUIRE(machine);
  auto plan = plan_by(*find_strategy(strategy), planner_for(model), *machine);
  REQUIRE(plan);
  return std::move(*plan);
}

double block_cycles(const Assessment& found) {
  return static_cast<double>(found.cost.latency.value());
}

double block_cycles(const Modelling& model, std::string_view strategy) {
  const auto found = assess(planner_for(model), design_of(model.accelerator), *find_strategy(strategy));
  return found ? block_cycles(*found) : std::numeric_limits<double>::infinity();
}

Accelerator split(const std::string& arch, int percent) {
  const std::vector<Setting> settings{{"memory_fraction", fmt::format("0.{:02}", percent)}};
  Loaded<Accelerator> accelerator = load_accelerator(arch, settings);
  REQUIRE(accelerator);
  return std::move(*accelerator);
}

double percent_off(double ours, double reference) {
  return 100.0 * (ours / reference - 1.0);
}

}  // namespace fusescape
