// What do the literature's data files say, and what does the model answer to the same question?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"

namespace fusescape {

/// One line of tests/literature/data/pact25_fig9.csv: cycles per block.
struct Fig9Row {
  std::string scheme;
  std::int64_t tokens = 0;
  std::int64_t cycles = 0;
};
[[nodiscard]] std::vector<Fig9Row> fig9_rows();

/// One line of tests/literature/data/pact25_layers_L64.csv: an operator run alone; `state_` rows are of one
/// token.
struct LayerRow {
  std::string name;
  double latency = 0.0;
};
[[nodiscard]] std::vector<LayerRow> layer_rows();

/// Their name of an operator -> ours. `state_h_dA` is `t`, `state_add_dBx` is `h`.
[[nodiscard]] std::string our_operator(const std::string& name, bool quirks);

/// True for the operators of the state update, under their names or ours.
[[nodiscard]] bool is_state_operator(std::string_view name);

/// An accelerator and a workload that model the same question in two ways.
struct Modelling {
  Accelerator accelerator;
  Workload workload;
};
/// marca-pact25 and mamba-2.8b-pact25: all modelling choices of the PACT-AE artifact.
[[nodiscard]] Modelling with_quirks(std::int64_t tokens);
/// marca and mamba-2.8b with d_state = 64: the physical choices.
[[nodiscard]] Modelling physical(std::int64_t tokens);

/// Expects a known strategy that has a cost.
[[nodiscard]] Assessment assessed(const Modelling& model, std::string_view strategy);

/// The plan of a strategy, whether it fits or not. Expects one.
[[nodiscard]] Plan plan_of(const Modelling& model, std::string_view strategy);

/// Exact sum of the latencies, in cycles, of the groups for which `counts` holds of some operator's name.
template <class Predicate>
[[nodiscard]] double cycles_of_groups(const Modelling& model, const Assessment& found, Predicate counts);

/// Our latency per block.
[[nodiscard]] double block_cycles(const Assessment& found);
/// The same; infinite where the strategy does not fit.
[[nodiscard]] double block_cycles(const Modelling& model, std::string_view strategy);

/// MARCA's area with `percent` of it as SRAM, from an accelerator template.
[[nodiscard]] Accelerator split(const std::string& arch, int percent);

/// 100 * (ours / reference - 1).
[[nodiscard]] double percent_off(double ours, double reference);

// Implementation of the template.

template <class Predicate>
double cycles_of_groups(const Modelling& model, const Assessment& found, Predicate counts) {
  Ticks sum;
  for (std::size_t g = 0; g < found.groups.size(); ++g) {
    bool counted = false;
    for (const OpId op : found.layout.groups[g].operators) {
      counted = counted || counts(model.workload.block.op(op).name);
    }
    if (counted) sum += found.groups[g].latency;
  }
  const TickScale scale = design_of(model.accelerator).machine.scale;
  return static_cast<double>(sum.value()) / static_cast<double>(scale.ticks_per_cycle());
}

}  // namespace fusescape
